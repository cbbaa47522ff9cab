import { CustomResource } from '@pulumi/kubernetes/apiextensions/customResource.js';
import type { Resource } from '@pulumi/pulumi';
import type { Stack } from '../../config/stack.ts';
import type { KafkaContext } from '../kafka.ts';
import { kafkaUsers, rightsOf, type KafkaUser } from '../rights.ts';
import { apiVersion, clusterName } from './cluster.ts';

/** A user a part, with its rights and its share; the operator puts each password into a secret of the user's name. */
export function users(
  stack: Stack,
  { namespace, provider }: KafkaContext,
  dependsOn: Resource[],
): CustomResource[] {
  return kafkaUsers.map(
    (name) =>
      new CustomResource(
        `kafka-user-${name}`,
        {
          apiVersion,
          kind: 'KafkaUser',
          metadata: { name, namespace, labels: { 'strimzi.io/cluster': clusterName } },
          spec: {
            authentication: { type: 'scram-sha-512' },
            authorization: { type: 'simple', acls: acls(name, stack.settings['fleetbed:run']) },
            quotas: quotas(stack, name),
          },
        },
        { provider, dependsOn },
      ),
  );
}

function acls(user: KafkaUser, run: string): object[] {
  const { reads, writes, transactions } = rightsOf[user];
  const topics = [...new Set([...reads, ...writes])].map((name) => ({
    resource: { type: 'topic', name, patternType: 'literal' },
    operations: [
      'Describe',
      'DescribeConfigs',
      ...(reads.includes(name) ? ['Read'] : []),
      ...(writes.includes(name) ? ['Write'] : []),
    ],
  }));
  if (!transactions) return topics;
  return [
    ...topics,
    {
      resource: { type: 'transactionalId', name: `${run}/`, patternType: 'prefix' },
      operations: ['Describe', 'Write'],
    },
  ];
}

/** Shares of what a broker takes at the plan's peak, doubled: what was backed up must be caught up with. */
function quotas({ size }: Stack, user: KafkaUser): object {
  const { share } = rightsOf[user];
  const broker = Math.max(10_000_000, (size.bytesPerSecond * size.kafka.replicas * 2) / size.kafka.brokers);
  return {
    producerByteRate: Math.ceil(broker * share.producer),
    consumerByteRate: Math.ceil(broker * share.consumer * 3),
  };
}
