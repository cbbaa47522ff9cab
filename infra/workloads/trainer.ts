import { CronJob } from '@pulumi/kubernetes/batch/v1/cronJob.js';
import type { WorkloadContext } from './context.ts';
import { labelsOf, podOf } from './pod.ts';

/** Longer, and something is wrong with the training or with Kafka. */
const longestSeconds = 3600;

/**
 * One training on what Kafka holds, and one signed release, on a schedule. On demand the same:
 * kubectl create job --from=cronjob/trainer train-now
 */
export function trainer(context: WorkloadContext): CronJob {
  const { stack, namespace, provider, secrets, kafka, dependsOn } = context;
  return new CronJob(
    'trainer',
    {
      metadata: { name: 'trainer', namespace, labels: labelsOf('trainer', context, true) },
      spec: {
        schedule: stack.settings['fleetbed:trainEvery'],
        timeZone: 'Etc/UTC',
        concurrencyPolicy: 'Forbid',
        startingDeadlineSeconds: 600,
        successfulJobsHistoryLimit: 3,
        failedJobsHistoryLimit: 3,
        jobTemplate: {
          spec: {
            // A release that was half published is whole after the next try: its chunks and manifest have the same names.
            backoffLimit: 2,
            activeDeadlineSeconds: longestSeconds,
            ttlSecondsAfterFinished: 7 * 86_400,
            template: podOf(
              {
                workload: 'trainer',
                pool: 'edge',
                request: stack.size.trainer,
                command: 'train',
                kafka: true,
                drainSeconds: 20,
                job: { restartPolicy: 'Never' },
                env: [
                  { name: 'FLEETBED_SIGNING_KEY', value: '/etc/fleetbed/signing/release-key.pem' },
                  { name: 'FLEETBED_KAFKA_BROKERS', value: kafka.brokers },
                  ...kafka.env('trainer'),
                ],
                volumes: [
                  { name: 'signing', secret: { secretName: secrets.signing, defaultMode: 0o440 } },
                  ...kafka.volumes(),
                ],
                volumeMounts: [
                  { name: 'signing', mountPath: '/etc/fleetbed/signing', readOnly: true },
                  ...kafka.volumeMounts(),
                ],
              },
              context,
            ),
          },
        },
      },
    },
    { provider, dependsOn: [...dependsOn, ...kafka.ready] },
  );
}
