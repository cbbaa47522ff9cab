import { CustomResource } from '@pulumi/kubernetes/apiextensions/customResource.js';
import { ConfigMap } from '@pulumi/kubernetes/core/v1/configMap.js';
import { interpolate, type Output, type Resource } from '@pulumi/pulumi';
import { mebibyte } from '../../../testbed/cluster/requests.ts';
import type { Stack } from '../../config/stack.ts';
import { poolLabel } from '../../google/node-pools.ts';
import { tlsPort, type KafkaContext } from '../kafka.ts';
import { jmxRules } from './metrics.ts';
import { kafkaVersion, metadataVersion } from './versions.ts';

export const clusterName = 'fleet';
export const apiVersion = 'kafka.strimzi.io/v1';
/** Strimzi makes it; it may write to the history's bucket (google account by Workload Identity). */
export const brokerServiceAccount = `${clusterName}-kafka`;
const controllers = 3;

/**
 * Brokers and controllers of their own, KRaft, one broker a zone and more. TLS and SCRAM for everybody, ACLs for every
 * topic, history beyond an hour in a bucket, Cruise Control to spread partitions when brokers come or go.
 */
export function kafkaCluster(
  stack: Stack,
  { namespace, provider }: KafkaContext,
  options: { bucket: Output<string>; account: Output<string>; dependsOn: Resource[] },
): CustomResource {
  const { kafka } = stack.size;
  const metrics = new ConfigMap(
    'kafka-metrics',
    { metadata: { name: 'kafka-metrics', namespace }, data: { 'rules.yml': jmxRules } },
    { provider },
  );
  const pools = [
    nodePool('brokers', ['broker'], kafka.brokers, 'kafka', {
      cpu: kafka.cores,
      memoryMebibytes: Math.floor(kafka.memoryBytes / mebibyte),
      diskGib: Math.ceil(kafka.diskBytes / 1024 / mebibyte),
    }),
    nodePool('controllers', ['controller'], controllers, 'system', {
      cpu: 0.25,
      memoryMebibytes: 1024,
      diskGib: 10,
    }),
  ].map(
    ({ name, spec }) =>
      new CustomResource(
        `kafka-${name}`,
        {
          apiVersion,
          kind: 'KafkaNodePool',
          metadata: { name, namespace, labels: { 'strimzi.io/cluster': clusterName } },
          spec,
        },
        { provider, dependsOn: options.dependsOn, protect: stack.settings['fleetbed:protect'] },
      ),
  );
  return new CustomResource(
    'kafka',
    {
      apiVersion,
      kind: 'Kafka',
      metadata: { name: clusterName, namespace, labels: stack.labels },
      spec: {
        kafka: {
          version: kafkaVersion,
          metadataVersion,
          image: stack.settings['fleetbed:kafkaImage'],
          listeners: [
            {
              name: 'tls',
              port: tlsPort,
              type: 'internal',
              tls: true,
              authentication: { type: 'scram-sha-512' },
              networkPolicyPeers: [{ podSelector: { matchLabels: { 'fleetbed.dev/kafka': 'client' } } }],
            },
          ],
          authorization: { type: 'simple' },
          rack: { topologyKey: 'topology.kubernetes.io/zone' },
          config: brokerConfig(kafka.replicas, kafka.minInSyncReplicas),
          quotas: { type: 'kafka', producerByteRate: unlistedBytes, consumerByteRate: unlistedBytes },
          tieredStorage: {
            type: 'custom',
            remoteStorageManager: tieredStorage(options.bucket),
          },
          metricsConfig: {
            type: 'jmxPrometheusExporter',
            valueFrom: { configMapKeyRef: { name: metrics.metadata.name, key: 'rules.yml' } },
          },
          template: {
            serviceAccount: {
              metadata: { annotations: { 'iam.gke.io/gcp-service-account': options.account } },
            },
          },
        },
        entityOperator: {
          topicOperator: { resources: small },
          userOperator: { resources: small },
        },
        cruiseControl: {
          // What fleetbed:brokers adds gets its part of the partitions, what it takes away gives its own up before.
          autoRebalance: [{ mode: 'add-brokers' }, { mode: 'remove-brokers' }],
          resources: { requests: { cpu: '200m', memory: '1Gi' }, limits: { cpu: '1', memory: '1Gi' } },
        },
        kafkaExporter: { topicRegex: 'fleet\\..*', groupRegex: '.*', resources: small },
      },
    },
    { provider, dependsOn: [...pools, ...options.dependsOn], protect: stack.settings['fleetbed:protect'] },
  );
}

const small = { requests: { cpu: '100m', memory: '384Mi' }, limits: { cpu: '500m', memory: '384Mi' } };
/** A user whose quota is not listed (kafka/rights.ts) gets 1 MB/s of each broker. */
const unlistedBytes = 1_000_000;

function nodePool(
  name: string,
  roles: string[],
  replicas: number,
  pool: string,
  size: { cpu: number; memoryMebibytes: number; diskGib: number },
): { name: string; spec: object } {
  const amounts = { cpu: String(size.cpu), memory: `${size.memoryMebibytes}Mi` };
  // A quarter is heap, at most 6 GiB: the rest is page cache, where readers of recent records find them.
  const heap = `${Math.min(6 * 1024, Math.floor(size.memoryMebibytes / 4))}m`;
  return {
    name,
    spec: {
      roles,
      replicas,
      storage: {
        type: 'jbod',
        volumes: [
          {
            id: 0,
            type: 'persistent-claim',
            size: `${size.diskGib}Gi`,
            class: 'standard-rwo',
            kraftMetadata: 'shared',
            deleteClaim: false,
          },
        ],
      },
      resources: { requests: amounts, limits: amounts },
      jvmOptions: { '-Xms': heap, '-Xmx': heap },
      template: {
        pod: {
          // Frames of acknowledged records must be flushed and leadership handed over before a broker goes.
          terminationGracePeriodSeconds: 120,
          tolerations: [{ key: poolLabel, operator: 'Equal', value: pool, effect: 'NoSchedule' }],
          affinity: {
            nodeAffinity: {
              requiredDuringSchedulingIgnoredDuringExecution: {
                nodeSelectorTerms: [
                  { matchExpressions: [{ key: poolLabel, operator: 'In', values: [pool] }] },
                ],
              },
            },
          },
          topologySpreadConstraints: [
            {
              maxSkew: 1,
              topologyKey: 'topology.kubernetes.io/zone',
              whenUnsatisfiable: 'DoNotSchedule',
              labelSelector: { matchLabels: { 'strimzi.io/pool-name': name } },
            },
          ],
        },
      },
    },
  };
}

/** Numbers as text: what brokers are told is the same as in a local run (testbed/run/kafka), with three copies. */
function brokerConfig(replicas: number, minInSync: number): Record<string, string | number | boolean> {
  return {
    'default.replication.factor': replicas,
    'min.insync.replicas': minInSync,
    'offsets.topic.replication.factor': replicas,
    'transaction.state.log.replication.factor': replicas,
    'transaction.state.log.min.isr': minInSync,
    'share.coordinator.state.topic.replication.factor': replicas,
    'share.coordinator.state.topic.min.isr': minInSync,
    'rlmm.config.remote.log.metadata.topic.replication.factor': replicas,
    'auto.create.topics.enable': false,
    // What a client may ask for: after this and five minutes more Kafka shows a transaction as one that hangs.
    'transaction.max.timeout.ms': 60_000,
    // A dead bridge's open transaction holds every reader back until it is given up.
    'transaction.abort.timed.out.transaction.cleanup.interval.ms': 1000,
  };
}

/** Aiven's plug-in, which infra/images/kafka puts into the image. Its account comes from the pod (Workload Identity). */
function tieredStorage(bucket: Output<string>): object {
  return {
    className: 'io.aiven.kafka.tieredstorage.RemoteStorageManager',
    classPath: '/opt/kafka/plugins/tiered-storage/*',
    config: {
      'storage.backend.class': 'io.aiven.kafka.tieredstorage.storage.gcs.GcsStorage',
      'storage.gcs.bucket.name': bucket,
      'storage.gcs.credentials.default': 'true',
      'key.prefix': interpolate`${clusterName}/`,
      'chunk.size': String(4 * mebibyte),
    },
  };
}
