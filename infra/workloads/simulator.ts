import { Job } from '@pulumi/kubernetes/batch/v1/job.js';
import { ports, type WorkloadContext } from './context.ts';
import { labelsOf, podOf } from './pod.ts';
import { edgeName } from './secrets.ts';

/** How long the cars' connections may take beside the schedule, and how often a lost machine is made good. */
const connectSeconds = 600;

/**
 * The cars, one segment of the fleet a process: pod i of n is process i of n. It is suspended until somebody lets it go
 * (fleetbed:simulate), because cars cost from the first second. A process whose machine is taken away starts its cars
 * anew, in new sessions; the ledger knows both.
 */
export function simulator(context: WorkloadContext): Job {
  const { stack, namespace, provider, secrets, kafka, dependsOn } = context;
  const { settings } = stack;
  const { simulators: size, edges } = stack.size;
  const durationMs = settings['fleetbed:duration'];
  const addresses = Array.from(
    { length: edges.count },
    (_, index) => `${edgeName(index)}.edges:${ports.cars}`,
  );
  const messageInterval = settings['fleetbed:messageInterval'];
  return new Job(
    'simulator',
    {
      metadata: {
        name: 'simulator',
        namespace,
        labels: labelsOf('simulator', context, true),
        // Pulumi waits for a job until it has ended, which this one does not while it is suspended.
        annotations: { 'pulumi.com/skipAwait': 'true' },
      },
      spec: {
        suspend: !settings['fleetbed:simulate'],
        completionMode: 'Indexed',
        completions: size.count,
        parallelism: size.count,
        backoffLimitPerIndex: 2,
        maxFailedIndexes: 0,
        podReplacementPolicy: 'Failed',
        podFailurePolicy: {
          rules: [
            // A spot machine that is taken away is nobody's failure.
            { action: 'Ignore', onPodConditions: [{ type: 'DisruptionTarget', status: 'True' }] },
            // Wrong settings stay wrong: 104.
            { action: 'FailJob', onExitCodes: { operator: 'In', values: [104] } },
          ],
        },
        activeDeadlineSeconds: Math.ceil(durationMs / 1000) * 2 + connectSeconds,
        ttlSecondsAfterFinished: 86_400,
        template: podOf(
          {
            workload: 'simulator',
            pool: 'load',
            request: size,
            command: 'simulate',
            kafka: true,
            drainSeconds: 30,
            job: { restartPolicy: 'Never' },
            env: [
              {
                name: 'FLEETBED_PROCESS_INDEX',
                valueFrom: {
                  fieldRef: { fieldPath: "metadata.annotations['batch.kubernetes.io/job-completion-index']" },
                },
              },
              { name: 'FLEETBED_PROCESS_COUNT', value: String(size.count) },
              { name: 'FLEETBED_SEED', value: String(settings['fleetbed:seed']) },
              { name: 'FLEETBED_CARS', value: String(settings['fleetbed:cars']) },
              {
                name: 'FLEETBED_STAGES',
                value: JSON.stringify([{ for: durationMs, cars: settings['fleetbed:cars'] }]),
              },
              {
                name: 'FLEETBED_FLEET_READINGS_PER_MESSAGE',
                value: String(settings['fleetbed:readingsPerMessage']),
              },
              // The car's own clock runs with the wall clock: readings are as far apart as the messages allow.
              {
                name: 'FLEETBED_FLEET_INTERVAL',
                value: `${Math.round(messageInterval / settings['fleetbed:readingsPerMessage'])}ms`,
              },
              { name: 'FLEETBED_EDGES', value: addresses.join(',') },
              {
                name: 'FLEETBED_FLEET_SECRET',
                valueFrom: { secretKeyRef: { name: secrets.fleet, key: 'secret' } },
              },
              { name: 'FLEETBED_KAFKA_BROKERS', value: kafka.brokers },
              ...kafka.env('simulator'),
            ],
            volumes: kafka.volumes(),
            volumeMounts: kafka.volumeMounts(),
          },
          context,
        ),
      },
    },
    { provider, dependsOn: [...dependsOn, ...kafka.ready] },
  );
}
