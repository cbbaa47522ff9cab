import { Deployment } from '@pulumi/kubernetes/apps/v1/deployment.js';
import { mebibyte } from '../../testbed/cluster/requests.ts';
import type { WorkloadContext } from './context.ts';
import { labelsOf, podOf, selectorOf } from './pod.ts';

const request = { cores: 0.1, memoryBytes: 256 * mebibyte };

/**
 * A door for people who want to look into Kafka: it may read every topic and write none. There is none of it until somebody
 * wants one (kubectl scale); then it shows dead letters as they come, and fleetbed's commands can be run in it.
 */
export function reader(context: WorkloadContext): Deployment {
  const { namespace, provider, kafka, dependsOn } = context;
  return new Deployment(
    'reader',
    {
      metadata: { name: 'reader', namespace, labels: labelsOf('reader', context, true) },
      spec: {
        replicas: 0,
        selector: { matchLabels: selectorOf('reader') },
        template: podOf(
          {
            workload: 'reader',
            pool: 'edge',
            request,
            command: 'tail',
            args: ['fleet.deadletter', '--from', 'end'],
            kafka: true,
            drainSeconds: 0,
            env: [{ name: 'FLEETBED_KAFKA_BROKERS', value: kafka.brokers }, ...kafka.env('reader')],
            volumes: kafka.volumes(),
            volumeMounts: kafka.volumeMounts(),
          },
          context,
        ),
      },
    },
    { provider, dependsOn: [...dependsOn, ...kafka.ready], ignoreChanges: ['spec.replicas'] },
  );
}
