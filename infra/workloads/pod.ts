import type { input } from '@pulumi/kubernetes/types/index.js';
import type { Request } from '../../testbed/cluster/requests.ts';
import type { PoolName } from '../google/node-pools.ts';
import { poolLabel } from '../google/node-pools.ts';
import { ports, type WorkloadContext } from './context.ts';
import type { WorkloadName } from './namespace.ts';

export interface PodParts {
  workload: WorkloadName;
  pool: PoolName;
  request: Request;
  /** fleetbed edge, bridge, train, simulate: its settings come from the environment. */
  command: string;
  /** What a command for people is asked, which serves no /healthz either. */
  args?: readonly string[];
  env: input.core.v1.EnvVar[];
  ports?: Record<string, number>;
  volumes?: input.core.v1.Volume[];
  volumeMounts?: input.core.v1.VolumeMount[];
  /** Work that is drained after SIGTERM; the pod is killed some seconds later. */
  drainSeconds: number;
  /** A part that works until it has done, not for ever. */
  job?: { restartPolicy: 'Never' | 'OnFailure' };
  /** Speaks with Kafka (Strimzi's own network policy lets in pods with this label). */
  kafka: boolean;
}

const graceSeconds = 15;
const user = 10_001;

export function labelsOf(
  workload: WorkloadName,
  context: WorkloadContext,
  kafka: boolean,
): Record<string, string> {
  return {
    'app.kubernetes.io/name': workload,
    'app.kubernetes.io/part-of': 'fleetbed',
    stack: context.stack.name,
    ...(kafka && { 'fleetbed.dev/kafka': 'client' }),
  };
}

export function selectorOf(workload: WorkloadName): Record<string, string> {
  return { 'app.kubernetes.io/name': workload };
}

/**
 * A pod of one part: nobody's user, a root file system that cannot be written, no capability, no token of Kubernetes,
 * limits, and the probes that every component serves.
 */
export function podOf(parts: PodParts, context: WorkloadContext): input.core.v1.PodTemplateSpec {
  const { workload, pool, request, job, args } = parts;
  const isComponent = args === undefined;
  const { settings } = context.stack;
  return {
    metadata: { labels: labelsOf(workload, context, parts.kafka) },
    spec: {
      serviceAccountName: workload,
      automountServiceAccountToken: false,
      // Kubernetes would name services in variables that look like settings.
      enableServiceLinks: false,
      terminationGracePeriodSeconds: parts.drainSeconds + graceSeconds,
      ...(job && { restartPolicy: job.restartPolicy }),
      nodeSelector: { [poolLabel]: pool },
      tolerations: [{ key: poolLabel, operator: 'Equal', value: pool, effect: 'NoSchedule' }],
      topologySpreadConstraints: [
        {
          maxSkew: 1,
          topologyKey: 'topology.kubernetes.io/zone',
          whenUnsatisfiable: 'ScheduleAnyway',
          labelSelector: { matchLabels: selectorOf(workload) },
        },
      ],
      securityContext: {
        runAsNonRoot: true,
        runAsUser: user,
        runAsGroup: user,
        fsGroup: user,
        fsGroupChangePolicy: 'OnRootMismatch',
        seccompProfile: { type: 'RuntimeDefault' },
      },
      volumes: [{ name: 'tmp', emptyDir: { sizeLimit: '1Gi' } }, ...(parts.volumes ?? [])],
      containers: [
        {
          name: workload,
          image: settings['fleetbed:image'],
          args: [parts.command, ...(args ?? [])],
          env: [
            ...(isComponent ? commonEnv(settings['fleetbed:run'], parts.drainSeconds) : []),
            ...parts.env,
          ],
          ports: Object.entries({ ...parts.ports, ...(isComponent && { health: ports.health }) }).map(
            ([name, containerPort]) => ({ name, containerPort, protocol: 'TCP' }),
          ),
          resources: resourcesOf(request),
          securityContext: {
            allowPrivilegeEscalation: false,
            readOnlyRootFilesystem: true,
            capabilities: { drop: ['ALL'] },
          },
          volumeMounts: [{ name: 'tmp', mountPath: '/tmp' }, ...(parts.volumeMounts ?? [])],
          ...(isComponent && probes(job === undefined)),
        },
      ],
    },
  };
}

/** Settings that every component has. */
function commonEnv(run: string, drainSeconds: number): input.core.v1.EnvVar[] {
  return [
    { name: 'FLEETBED_RUN', value: run },
    { name: 'FLEETBED_HEALTH_HOST', value: '0.0.0.0' },
    { name: 'FLEETBED_HEALTH_PORT', value: String(ports.health) },
    { name: 'FLEETBED_DRAIN_TIMEOUT', value: `${drainSeconds}s` },
  ];
}

function probes(
  takesWork: boolean,
): Pick<input.core.v1.Container, 'startupProbe' | 'livenessProbe' | 'readinessProbe'> {
  const answers = { httpGet: { path: '/healthz', port: 'health' } };
  return {
    // A start may read a full outbox back, or wait for Kafka.
    startupProbe: { ...answers, periodSeconds: 2, failureThreshold: 60 },
    livenessProbe: { ...answers, periodSeconds: 10, failureThreshold: 6, timeoutSeconds: 5 },
    ...(takesWork && {
      readinessProbe: {
        httpGet: { path: '/readyz', port: 'health' },
        periodSeconds: 5,
        timeoutSeconds: 5,
      },
    }),
  };
}

/** What the planner of sizes says; the limit leaves a start and a backlog some CPU, memory none: it is counted. */
export function resourcesOf({ cores, memoryBytes }: Request): input.core.v1.ResourceRequirements {
  const mebibytes = Math.ceil(memoryBytes / 1024 ** 2);
  return {
    requests: { cpu: millicores(cores), memory: `${mebibytes}Mi` },
    limits: { cpu: millicores(Math.max(1, cores * 2)), memory: `${Math.ceil(mebibytes * 1.25)}Mi` },
  };
}

function millicores(cores: number): string {
  return `${Math.round(cores * 1000)}m`;
}
