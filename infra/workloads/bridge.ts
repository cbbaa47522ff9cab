import { Deployment } from '@pulumi/kubernetes/apps/v1/deployment.js';
import { HorizontalPodAutoscaler } from '@pulumi/kubernetes/autoscaling/v2/horizontalPodAutoscaler.js';
import { Service } from '@pulumi/kubernetes/core/v1/service.js';
import { PodDisruptionBudget } from '@pulumi/kubernetes/policy/v1/podDisruptionBudget.js';
import { ports, type WorkloadContext } from './context.ts';
import { labelsOf, podOf, selectorOf } from './pod.ts';

const drainSeconds = 20;

/** Above this a bridge does not keep up: a quarter of what it holds for one edge (bridge/config.ts: maxPendingBytes). */
const pendingBytes = '4Mi';
/** An edge sends so many frames before the first is acknowledged (edge-agent/config.ts: uplink.window). */
const uplinkWindow = 32;
const leastWaitingFrames = 200;

/**
 * Bridges behind one name: an edge stays with the one that it met, and meets another when that goes. More of them help
 * edges that connect from then on (docs/scale-out.md).
 */
export function bridge(context: WorkloadContext): Deployment {
  const { stack, namespace, provider, secrets, kafka, dependsOn } = context;
  const { bridges: size, edges } = stack.size;
  // Those of all edges, shared out over the bridges: more than their windows hold, and frames pile up.
  const waitingFrames = Math.max(leastWaitingFrames, Math.ceil((edges.count * uplinkWindow) / size.count));
  const labels = labelsOf('bridge', context, true);
  new Service(
    'bridge',
    {
      metadata: { name: 'bridge', namespace, labels },
      spec: {
        type: 'ClusterIP',
        selector: selectorOf('bridge'),
        ports: [
          { name: 'uplink', port: ports.uplink, targetPort: 'uplink' },
          { name: 'health', port: ports.health, targetPort: 'health' },
        ],
      },
    },
    { provider },
  );
  new PodDisruptionBudget(
    'bridge',
    {
      metadata: { name: 'bridge', namespace, labels },
      spec: { maxUnavailable: 1, selector: { matchLabels: selectorOf('bridge') } },
    },
    { provider },
  );
  const deployment = new Deployment(
    'bridge',
    {
      metadata: { name: 'bridge', namespace, labels },
      spec: {
        replicas: size.count,
        strategy: { type: 'RollingUpdate', rollingUpdate: { maxSurge: 1, maxUnavailable: 0 } },
        selector: { matchLabels: selectorOf('bridge') },
        template: podOf(
          {
            workload: 'bridge',
            pool: 'edge',
            request: size,
            command: 'bridge',
            kafka: true,
            drainSeconds,
            ports: { uplink: ports.uplink },
            env: [
              { name: 'FLEETBED_NAME', valueFrom: { fieldRef: { fieldPath: 'metadata.name' } } },
              { name: 'FLEETBED_LISTEN_HOST', value: '0.0.0.0' },
              { name: 'FLEETBED_LISTEN_PORT', value: String(ports.uplink) },
              {
                name: 'FLEETBED_EDGE_SECRET',
                valueFrom: { secretKeyRef: { name: secrets.edge, key: 'secret' } },
              },
              { name: 'FLEETBED_KAFKA_BROKERS', value: kafka.brokers },
              // Topics come from contract/topics.ts through infra; a bridge has no right to make any.
              { name: 'FLEETBED_CREATE_TOPICS', value: 'false' },
              { name: 'FLEETBED_HAND_OVER_AFTER', value: '5s' },
              ...kafka.env('bridge'),
            ],
            volumes: kafka.volumes(),
            volumeMounts: kafka.volumeMounts(),
          },
          context,
        ),
      },
    },
    // The autoscaler owns the number from then on.
    { provider, dependsOn: [...dependsOn, ...kafka.ready], ignoreChanges: ['spec.replicas'] },
  );
  new HorizontalPodAutoscaler(
    'bridge',
    {
      metadata: { name: 'bridge', namespace, labels },
      spec: {
        scaleTargetRef: { apiVersion: 'apps/v1', kind: 'Deployment', name: deployment.metadata.name },
        minReplicas: size.count,
        maxReplicas: size.most,
        metrics: [
          {
            type: 'Resource',
            resource: { name: 'cpu', target: { type: 'Utilization', averageUtilization: 70 } },
          },
          {
            type: 'Pods',
            pods: {
              metric: { name: 'fleetbed_bridge_pending_bytes' },
              target: { type: 'AverageValue', averageValue: pendingBytes },
            },
          },
          {
            type: 'External',
            external: {
              metric: { name: 'fleetbed_outbox_frames' },
              target: { type: 'AverageValue', averageValue: String(waitingFrames) },
            },
          },
        ],
        behavior: {
          // A bridge that goes sends its edges to others: seldom, and one at a time.
          scaleDown: {
            stabilizationWindowSeconds: 600,
            policies: [{ type: 'Pods', value: 1, periodSeconds: 120 }],
          },
        },
      },
    },
    { provider },
  );
  return deployment;
}
