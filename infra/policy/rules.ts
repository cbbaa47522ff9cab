/**
 * What no stack may contain, as plain functions over resources: each takes one and says what is wrong with it. They look at
 * what the program asks for, so that they hold without an account.
 */
export interface Candidate {
  type: string;
  name: string;
  inputs: Record<string, unknown>;
}

export interface Policy {
  name: string;
  /** @returns what is wrong; nothing where all is well or the rule has no business with the resource */
  violations: (candidate: Candidate) => string[];
}

type Value = Record<string, unknown>;

export const policies: readonly Policy[] = [
  forContainers('no privileged containers', ({ securityContext }, pod) => [
    ...unless(at(securityContext, 'privileged') !== true, 'is privileged'),
    ...unless(at(securityContext, 'allowPrivilegeEscalation') === false, 'may gain privileges'),
    ...unless(list(at(securityContext, 'capabilities', 'drop')).includes('ALL'), 'keeps capabilities'),
    ...unless(at(pod, 'hostNetwork') !== true && at(pod, 'hostPID') !== true, 'sees its host'),
  ]),
  forContainers('nobody is root, nothing is written to the image', ({ securityContext }, pod) => [
    ...unless(at(pod, 'securityContext', 'runAsNonRoot') === true, 'may run as root'),
    ...unless(at(securityContext, 'readOnlyRootFilesystem') === true, 'may write to its root file system'),
  ]),
  forContainers('CPU and memory are asked for and limited', ({ resources }) =>
    ['requests', 'limits'].flatMap((kind) =>
      ['cpu', 'memory'].flatMap((what) =>
        unless(at(resources, kind, what) !== undefined, `has no ${kind} of ${what}`),
      ),
    ),
  ),
  forContainers('images by digest', ({ image }) =>
    unless(
      /@sha256:[0-9a-f]{64}$/.test(String(image)),
      `runs ${String(image)}, which may become another image`,
    ),
  ),
  forContainers('no secret in clear text', ({ env }) =>
    list(env).flatMap((variable) => {
      const name = String(at(variable, 'name'));
      const isSecret = /SECRET|PASSWORD|TOKEN/.test(name);
      return unless(!isSecret || at(variable, 'value') === undefined, `is given ${name} in clear text`);
    }),
  ),
  {
    name: 'pods have an account of their own, without a token',
    violations: ({ inputs }) =>
      podsIn(inputs).flatMap((pod) => [
        ...unless(
          ![undefined, 'default'].includes(at(pod, 'serviceAccountName') as string),
          'runs as the default account',
        ),
        ...unless(at(pod, 'automountServiceAccountToken') === false, 'is given a token of Kubernetes'),
      ]),
  },
  {
    name: 'no public door',
    violations: ({ inputs }) =>
      inputs['kind'] === 'Service'
        ? unless(
            ['ClusterIP', undefined].includes(at(inputs, 'spec', 'type') as string),
            'is reached from outside the cluster',
          )
        : unless(inputs['kind'] !== 'Ingress', 'is reached from outside the cluster'),
  },
  of('gcp:container/cluster:Cluster', 'private clusters', ({ inputs }) => [
    ...unless(
      at(inputs, 'privateClusterConfig', 'enablePrivateNodes') === true,
      'has nodes with public addresses',
    ),
    ...unless(
      at(inputs, 'controlPlaneEndpointsConfig', 'ipEndpointsConfig', 'enabled') === false,
      'has an API server with an address',
    ),
    ...unless(
      at(inputs, 'databaseEncryption', 'state') === 'ENCRYPTED',
      'keeps secrets without a key of its own',
    ),
    ...unless(at(inputs, 'workloadIdentityConfig', 'workloadPool') !== undefined, 'has no Workload Identity'),
  ]),
  of('gcp:container/nodePool:NodePool', 'nodes with an account of their own', ({ inputs }) => [
    ...unless(
      at(inputs, 'nodeConfig', 'serviceAccount') !== undefined,
      "runs as Compute Engine's default account",
    ),
    ...unless(
      at(inputs, 'nodeConfig', 'workloadMetadataConfig', 'mode') === 'GKE_METADATA',
      "gives pods the node's identity",
    ),
    ...unless(
      at(inputs, 'nodeConfig', 'shieldedInstanceConfig', 'enableSecureBoot') === true,
      'boots what is not signed',
    ),
    ...unless(at(inputs, 'networkConfig', 'enablePrivateNodes') === true, 'has public addresses'),
  ]),
  of('gcp:storage/bucket:Bucket', 'private buckets', ({ inputs }) => [
    ...unless(inputs['publicAccessPrevention'] === 'enforced', 'may be made public'),
    ...unless(inputs['uniformBucketLevelAccess'] === true, 'has rights object by object'),
    ...unless(list(inputs['lifecycleRules']).length > 0, 'keeps everything for ever'),
  ]),
  {
    name: 'least rights',
    violations: ({ type, inputs }) =>
      /IamMember|IAMMember/.test(type)
        ? [
            ...unless(
              !/^roles\/(owner|editor|viewer)$|[aA]dmin$/.test(String(inputs['role'])),
              `gives ${String(inputs['role'])}`,
            ),
            ...unless(
              !/^all(Authenticated)?Users$/.test(String(inputs['member'])),
              'gives rights to everybody',
            ),
          ]
        : [],
  },
];

/** Every breach in a stack, as "type name: what is wrong (which rule)". */
export function breaches(candidates: readonly Candidate[]): string[] {
  return candidates.flatMap((candidate) =>
    policies.flatMap(({ name, violations }) =>
      violations(candidate).map((words) => `${candidate.type} ${candidate.name}: ${words} (${name})`),
    ),
  );
}

function of(type: string, name: string, violations: Policy['violations']): Policy {
  return { name, violations: (candidate) => (candidate.type === type ? violations(candidate) : []) };
}

function forContainers(name: string, look: (container: Value, pod: Value) => string[]): Policy {
  return {
    name,
    violations: ({ inputs }) =>
      podsIn(inputs).flatMap((pod) =>
        [...list(pod['containers']), ...list(pod['initContainers'])].flatMap((container) =>
          look(container as Value, pod),
        ),
      ),
  };
}

/** The pod that a workload makes; a CronJob's stands a level deeper. */
function podsIn(inputs: Value): Value[] {
  if (!['Deployment', 'StatefulSet', 'DaemonSet', 'Job', 'CronJob', 'Pod'].includes(String(inputs['kind'])))
    return [];
  if (inputs['kind'] === 'Pod') return [inputs['spec'] as Value];
  const spec =
    at(inputs, 'spec', 'template', 'spec') ?? at(inputs, 'spec', 'jobTemplate', 'spec', 'template', 'spec');
  return [spec as Value];
}

function at(value: unknown, ...path: string[]): unknown {
  let inner = value;
  for (const step of path)
    inner = typeof inner === 'object' && inner !== null ? Reflect.get(inner, step) : undefined;
  return inner;
}

function list(value: unknown): unknown[] {
  return Array.isArray(value) ? value : [];
}

function unless(holds: boolean, words: string): string[] {
  return holds ? [] : [words];
}
