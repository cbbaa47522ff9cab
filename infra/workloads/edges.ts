import { StatefulSet } from '@pulumi/kubernetes/apps/v1/statefulSet.js';
import { Service } from '@pulumi/kubernetes/core/v1/service.js';
import { PodDisruptionBudget } from '@pulumi/kubernetes/policy/v1/podDisruptionBudget.js';
import { ports, type WorkloadContext } from './context.ts';
import { labelsOf, podOf, selectorOf } from './pod.ts';

const drainSeconds = 30;
const gibibyte = 1024 ** 3;

/**
 * Edge agents: each a name that stays, a disk that stays, an address of its own ({name}.edges). What an edge has
 * acknowledged lies on its disk; so a pod that comes back on another node goes on where it was.
 */
export function edges(context: WorkloadContext): StatefulSet {
  const { stack, namespace, provider, secrets, dependsOn } = context;
  const { edges: size } = stack.size;
  const labels = labelsOf('edge', context, false);
  const service = new Service(
    'edges',
    {
      metadata: { name: 'edges', namespace, labels },
      spec: {
        clusterIP: 'None',
        // Cars look for their edge also while it starts: they try again by themselves.
        publishNotReadyAddresses: true,
        selector: selectorOf('edge'),
        ports: [
          { name: 'cars', port: ports.cars, targetPort: 'cars' },
          { name: 'health', port: ports.health, targetPort: 'health' },
        ],
      },
    },
    { provider },
  );
  new PodDisruptionBudget(
    'edge',
    {
      metadata: { name: 'edge', namespace, labels },
      spec: { maxUnavailable: 1, selector: { matchLabels: selectorOf('edge') } },
    },
    { provider },
  );
  return new StatefulSet(
    'edge',
    {
      metadata: { name: 'edge', namespace, labels },
      spec: {
        serviceName: service.metadata.name,
        replicas: size.count,
        podManagementPolicy: 'Parallel',
        updateStrategy: { type: 'RollingUpdate' },
        minReadySeconds: 10,
        persistentVolumeClaimRetentionPolicy: {
          whenDeleted: stack.settings['fleetbed:protect'] ? 'Retain' : 'Delete',
          whenScaled: 'Retain',
        },
        selector: { matchLabels: selectorOf('edge') },
        template: podOf(
          {
            workload: 'edge',
            pool: 'edge',
            request: size,
            command: 'edge',
            kafka: false,
            drainSeconds,
            ports: { cars: ports.cars },
            env: [
              { name: 'FLEETBED_EDGE', valueFrom: { fieldRef: { fieldPath: 'metadata.name' } } },
              { name: 'FLEETBED_CONFIG', value: '/etc/fleetbed/edge.yaml' },
              { name: 'FLEETBED_LISTEN_HOST', value: '0.0.0.0' },
              { name: 'FLEETBED_LISTEN_PORT', value: String(ports.cars) },
              { name: 'FLEETBED_MAX_CARS', value: '17000' },
              {
                name: 'FLEETBED_FLEET_SECRET',
                valueFrom: { secretKeyRef: { name: secrets.fleet, key: 'secret' } },
              },
              { name: 'FLEETBED_UPLINK_BRIDGES', value: `bridge:${ports.uplink}` },
              { name: 'FLEETBED_DATA_DIR', value: '/var/lib/fleetbed/edge' },
              // A tenth of the disk stays free for the outbox's log and for models.
              { name: 'FLEETBED_OUTBOX_MAX_BYTES', value: String(Math.floor(size.outboxBytes)) },
              { name: 'FLEETBED_MODEL_PUBLIC_KEY', value: '/etc/fleetbed/release/release-key.pub.pem' },
            ],
            volumes: [
              { name: 'uplinks', secret: { secretName: secrets.uplinks } },
              { name: 'release', configMap: { name: secrets.publicKey } },
            ],
            volumeMounts: [
              { name: 'outbox', mountPath: '/var/lib/fleetbed' },
              // Each edge sees its own password, no other's.
              {
                name: 'uplinks',
                mountPath: '/etc/fleetbed/edge.yaml',
                subPathExpr: '$(FLEETBED_EDGE).yaml',
                readOnly: true,
              },
              { name: 'release', mountPath: '/etc/fleetbed/release', readOnly: true },
            ],
          },
          context,
        ),
        volumeClaimTemplates: [
          {
            metadata: { name: 'outbox', labels },
            spec: {
              accessModes: ['ReadWriteOncePod'],
              storageClassName: 'standard-rwo',
              resources: {
                requests: {
                  storage: `${Math.max(10, Math.ceil((size.outboxBytes * 1.2) / gibibyte) + 1)}Gi`,
                },
              },
            },
          },
        ],
      },
    },
    { provider, dependsOn },
  );
}
