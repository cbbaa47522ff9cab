import { Acl } from '@pulumi/gcp/managedkafka/acl.js';
import { Cluster } from '@pulumi/gcp/managedkafka/cluster.js';
import { Topic } from '@pulumi/gcp/managedkafka/topic.js';
import { IAMMember } from '@pulumi/gcp/projects/iammember.js';
import { Account } from '@pulumi/gcp/serviceaccount/account.js';
import { Key } from '@pulumi/gcp/serviceaccount/key.js';
import { Secret } from '@pulumi/kubernetes/core/v1/secret.js';
import { interpolate, type Output, type Resource } from '@pulumi/pulumi';
import { topicConfig, topics, type TopicName } from '../../contract/topics.ts';
import { managedCapacity } from '../../testbed/cluster/cost.ts';
import { ranges } from '../config/ranges.ts';
import type { Stack } from '../config/stack.ts';
import type { Net } from '../google/network.ts';
import type { KafkaAccess, KafkaContext } from './kafka.ts';
import { kafkaUsers, rightsOf, type KafkaUser } from './rights.ts';

const port = 9092;

/**
 * Google Managed Service for Apache Kafka, in the nodes' subnet. It tiers every topic's history by itself, and says who one
 * is by SASL/PLAIN over TLS: a service account's address and key.
 */
export function managed(
  stack: Stack,
  context: KafkaContext,
  { subnetwork }: Net,
  dependsOn: Resource[],
): KafkaAccess {
  const { settings, size, labels, name } = stack;
  const location = settings['gcp:region'];
  const { vcpus, memoryGib } = managedCapacity(size);
  const cluster = new Cluster(
    'kafka',
    {
      clusterId: `fleetbed-${name}`,
      location,
      capacityConfig: { vcpuCount: String(vcpus), memoryBytes: String(memoryGib * 1024 ** 3) },
      gcpConfig: {
        accessConfig: {
          networkConfigs: [
            {
              subnet: interpolate`projects/${settings['gcp:project']}/regions/${location}/subnetworks/${subnetwork.name}`,
            },
          ],
        },
      },
      rebalanceConfig: { mode: 'AUTO_REBALANCE_ON_SCALE_UP' },
      labels,
    },
    { dependsOn, protect: settings['fleetbed:protect'] },
  );
  const made = topics.map(
    (spec) =>
      new Topic(
        spec.name,
        {
          topicId: spec.name,
          cluster: cluster.clusterId,
          location,
          partitionCount: size.kafka.partitions[spec.name],
          replicationFactor: size.kafka.replicas,
          configs: topicConfig(spec, { tieredStorage: false, ...size.kafka }),
        },
        { protect: settings['fleetbed:protect'] },
      ),
  );
  const accounts = Object.fromEntries(
    kafkaUsers.map((user) => [user, client(stack, context, user)]),
  ) as Record<KafkaUser, Client>;
  const rights = acls(stack, cluster, accounts);
  return {
    form: 'managed',
    brokers: interpolate`bootstrap.${cluster.clusterId}.${location}.managedkafka.${settings['gcp:project']}.cloud.goog:${port}`,
    env: (user) => [
      // Its certificate is of an authority that Node knows.
      { name: 'FLEETBED_KAFKA_SSL_ENABLED', value: 'true' },
      { name: 'FLEETBED_KAFKA_SASL_MECHANISM', value: 'plain' },
      ...(['username', 'password'] as const).map((key) => ({
        name: `FLEETBED_KAFKA_SASL_${key.toUpperCase()}`,
        valueFrom: { secretKeyRef: { name: `kafka-${user}`, key } },
      })),
    ],
    volumes: () => [],
    volumeMounts: () => [],
    egress: { to: [{ ipBlock: { cidr: ranges.nodes } }], ports: [{ protocol: 'TCP', port }] },
    ready: [...made, ...rights, ...Object.values(accounts).map(({ secret }) => secret)],
  };
}

interface Client {
  email: Output<string>;
  secret: Secret;
}

/** An account a part. Being a client lets it connect; what it may do there stands in the ACLs. */
function client({ settings, name }: Stack, { namespace, provider }: KafkaContext, user: KafkaUser): Client {
  const account = new Account(`kafka-${user}`, {
    accountId: `fleetbed-${name}-${user}`,
    displayName: `Kafka's ${user} of fleetbed ${name}`,
  });
  new IAMMember(`kafka-client-${user}`, {
    project: settings['gcp:project'],
    role: 'roles/managedkafka.client',
    member: interpolate`serviceAccount:${account.email}`,
  });
  const key = new Key(`kafka-key-${user}`, { serviceAccountId: account.name });
  const secret = new Secret(
    `kafka-${user}`,
    {
      metadata: { name: `kafka-${user}`, namespace },
      // The key as Google gives it, base64 of JSON, is what its Kafka takes for a password.
      stringData: { username: account.email, password: key.privateKey },
    },
    { provider },
  );
  return { email: account.email, secret };
}

interface Entry {
  principal: Output<string>;
  permissionType: string;
  operation: string;
  host: string;
}

/** One ACL object a resource, with an entry for everybody who may: the same table as Strimzi's users. */
function acls({ settings }: Stack, cluster: Cluster, accounts: Record<KafkaUser, Client>): Acl[] {
  const location = settings['gcp:region'];
  const entry = (user: KafkaUser, operation: string): Entry => ({
    principal: interpolate`User:${accounts[user].email}`,
    permissionType: 'ALLOW',
    operation,
    host: '*',
  });
  const ofTopic = (name: TopicName): Entry[] =>
    kafkaUsers.flatMap((user) => {
      const { reads, writes } = rightsOf[user];
      const operations = [
        ...(reads.includes(name) ? ['READ'] : []),
        ...(writes.includes(name) ? ['WRITE'] : []),
      ];
      return (operations.length > 0 ? [...operations, 'DESCRIBE', 'DESCRIBE_CONFIGS'] : []).map((operation) =>
        entry(user, operation),
      );
    });
  const writers = kafkaUsers.filter((user) => rightsOf[user].transactions);
  return [
    ...topics.map(
      ({ name }) =>
        new Acl(`acl-${name}`, {
          cluster: cluster.clusterId,
          location,
          aclId: `topic/${name}`,
          aclEntries: ofTopic(name),
        }),
    ),
    new Acl('acl-transactions', {
      cluster: cluster.clusterId,
      location,
      // Without the slash of {run}/{edge}: an id of an ACL has slashes of its own.
      aclId: `transactionalIdPrefixed/${settings['fleetbed:run']}`,
      aclEntries: writers.flatMap((user) => ['WRITE', 'DESCRIBE'].map((operation) => entry(user, operation))),
    }),
  ];
}
