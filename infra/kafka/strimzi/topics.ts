import { CustomResource } from '@pulumi/kubernetes/apiextensions/customResource.js';
import type { Resource } from '@pulumi/pulumi';
import { topicConfig, topics } from '../../../contract/topics.ts';
import type { Stack } from '../../config/stack.ts';
import type { KafkaContext } from '../kafka.ts';
import { apiVersion, clusterName } from './cluster.ts';

/** The contract's topics, in the numbers of partitions that the stack's load needs. */
export function kafkaTopics(
  stack: Stack,
  { namespace, provider }: KafkaContext,
  dependsOn: Resource[],
): CustomResource[] {
  const { kafka } = stack.size;
  return topics.map(
    (spec) =>
      new CustomResource(
        spec.name,
        {
          apiVersion,
          kind: 'KafkaTopic',
          metadata: { name: spec.name, namespace, labels: { 'strimzi.io/cluster': clusterName } },
          spec: {
            topicName: spec.name,
            partitions: kafka.partitions[spec.name],
            replicas: kafka.replicas,
            config: topicConfig(spec, { tieredStorage: true, ...kafka }),
          },
        },
        { provider, dependsOn, protect: stack.settings['fleetbed:protect'] },
      ),
  );
}
