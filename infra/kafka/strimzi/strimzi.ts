import type { Bucket } from '@pulumi/gcp/storage/bucket.js';
import { BucketIAMMember } from '@pulumi/gcp/storage/bucketIAMMember.js';
import { Account } from '@pulumi/gcp/serviceaccount/account.js';
import { IAMMember } from '@pulumi/gcp/serviceaccount/iammember.js';
import { interpolate, type Resource } from '@pulumi/pulumi';
import type { Stack } from '../../config/stack.ts';
import { tlsPort, type KafkaAccess, type KafkaContext } from '../kafka.ts';
import { brokerServiceAccount, clusterName, kafkaCluster } from './cluster.ts';
import { operator } from './operator.ts';
import { kafkaTopics } from './topics.ts';
import { users } from './users.ts';

/** Kafka in the cluster, by the Strimzi operator. */
export function strimzi(
  stack: Stack,
  context: KafkaContext,
  history: Bucket,
  dependsOn: Resource[],
): KafkaAccess {
  const account = brokerAccount(stack, context, history);
  const kafka = kafkaCluster(stack, context, {
    bucket: history.name,
    account: account.email,
    dependsOn: [operator(context, dependsOn)],
  });
  return {
    form: 'strimzi',
    brokers: `${clusterName}-kafka-bootstrap:${tlsPort}`,
    env: (user) => [
      { name: 'FLEETBED_KAFKA_SSL_ENABLED', value: 'true' },
      { name: 'FLEETBED_KAFKA_SSL_CA', value: `${caFolder}/ca.crt` },
      { name: 'FLEETBED_KAFKA_SASL_MECHANISM', value: 'scram-sha-512' },
      { name: 'FLEETBED_KAFKA_SASL_USERNAME', value: user },
      {
        name: 'FLEETBED_KAFKA_SASL_PASSWORD',
        valueFrom: { secretKeyRef: { name: user, key: 'password' } },
      },
    ],
    volumes: () => [
      {
        name: 'kafka-ca',
        secret: { secretName: `${clusterName}-cluster-ca-cert`, items: [{ key: 'ca.crt', path: 'ca.crt' }] },
      },
    ],
    volumeMounts: () => [{ name: 'kafka-ca', mountPath: caFolder, readOnly: true }],
    egress: {
      to: [{ podSelector: { matchLabels: { 'strimzi.io/name': `${clusterName}-kafka` } } }],
      ports: [{ protocol: 'TCP', port: tlsPort }],
    },
    ready: [...kafkaTopics(stack, context, [kafka]), ...users(stack, context, [kafka])],
  };
}

const caFolder = '/etc/fleetbed/kafka-ca';

/** What brokers are to Google: may read and write the history's objects, and nothing else. */
function brokerAccount({ settings, name }: Stack, { namespace }: KafkaContext, history: Bucket): Account {
  const account = new Account('kafka-account', {
    accountId: `fleetbed-${name}-kafka`,
    displayName: `Kafka of fleetbed ${name}`,
  });
  new BucketIAMMember('kafka-history', {
    bucket: history.name,
    role: 'roles/storage.objectUser',
    member: interpolate`serviceAccount:${account.email}`,
  });
  new IAMMember('kafka-workload-identity', {
    serviceAccountId: account.name,
    role: 'roles/iam.workloadIdentityUser',
    member: interpolate`serviceAccount:${settings['gcp:project']}.svc.id.goog[${namespace}/${brokerServiceAccount}]`,
  });
  return account;
}
