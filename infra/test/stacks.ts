import { generateKeyPairSync } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { setMocks, type MockResourceArgs } from '@pulumi/pulumi/runtime/mocks.js';
import * as runtime from '@pulumi/pulumi/runtime/settings.js';
import { parse } from 'yaml';
import { stackOf, type Stack } from '../config/stack.ts';
import { inventory } from '../inventory.ts';
import type { KafkaForm } from '../../testbed/cluster/size.ts';

/** A resource as Pulumi would ask for it: every output known, every secret opened. */
export interface Rendered {
  type: string;
  name: string;
  inputs: Record<string, unknown>;
  /** Some input is a secret to Pulumi: it is stored encrypted. */
  hasSecrets: boolean;
}

/** A Kubernetes object among them. */
export interface KubernetesObject {
  apiVersion: string;
  kind: string;
  metadata: { name: string; namespace?: string; labels?: Record<string, string> };
  [field: string]: unknown;
}

export const stackNames = ['dev', 'load'] as const;
export const variants = stackNames.flatMap((stack) =>
  (['strimzi', 'managed'] as const).map((kafka) => ({ stack, kafka, title: `${stack}, ${kafka}` })),
);

/** Not among its types, but how its own test helpers know that every resource has been asked for. */
const { waitForRPCs } = runtime as unknown as { waitForRPCs: () => Promise<void> };

const digest = `sha256:${'0123456789abcdef'.repeat(4)}`;
const signingKey = generateKeyPairSync('ed25519')
  .privateKey.export({ type: 'pkcs8', format: 'pem' })
  .toString();

/** What every user sets for themselves (infra/README.md), and no stack file may hold. */
export function ownSettings(kafka: KafkaForm): Record<string, string> {
  return {
    'gcp:project': 'some-project',
    'fleetbed:image': `europe-west4-docker.pkg.dev/some-project/fleetbed-dev/fleetbed@${digest}`,
    ...(kafka === 'strimzi' && {
      'fleetbed:kafkaImage': `europe-west4-docker.pkg.dev/some-project/fleetbed-dev/kafka@${digest}`,
    }),
    'fleetbed:fleetSecret': 'the secret of a whole fleet',
    'fleetbed:edgeSecret': 'the secret of all the edges',
    'fleetbed:signingKey': signingKey,
    'fleetbed:billingAccount': '012345-6789AB-CDEF01',
    'fleetbed:alertEmail': 'fleet@example.com',
  };
}

/** The keys of infra/Pulumi.{stack}.yaml as Pulumi hands them over: text, all of them. */
export function fileSettings(stack: string): Record<string, string> {
  const file = new URL(`../Pulumi.${stack}.yaml`, import.meta.url);
  const { config } = parse(readFileSync(file, 'utf8')) as { config: Record<string, unknown> };
  return Object.fromEntries(Object.entries(config).map(([key, value]) => [key, String(value)]));
}

export function settingsFor(
  stack: string,
  kafka: KafkaForm,
  more: Record<string, string> = {},
): Record<string, string> {
  return { ...fileSettings(stack), 'fleetbed:kafka': kafka, ...ownSettings(kafka), ...more };
}

/** Runs the whole program against Pulumi's mocks. No preview: no provider has looked at it. */
export async function render(
  stackName: string,
  given: Record<string, string>,
): Promise<{ stack: Stack; resources: Rendered[] }> {
  const resources: Rendered[] = [];
  await setMocks(
    {
      newResource(args: MockResourceArgs) {
        resources.push({
          type: args.type,
          name: args.name,
          inputs: opened(args.inputs) as Record<string, unknown>,
          hasSecrets: JSON.stringify(args.inputs).includes(secretSignature),
        });
        return { id: `${args.name}-id`, state: stateOf(args) };
      },
      call: () => ({ number: '123456789012' }),
    },
    'fleetbed',
    stackName,
    false,
  );
  const stack = stackOf(given, stackName);
  inventory(stack);
  await waitForRPCs();
  return { stack, resources };
}

/** What Google makes of some inputs, and other resources ask for. */
function stateOf({ type, name, inputs }: MockResourceArgs): Record<string, unknown> {
  const own = { ...(inputs as Record<string, unknown>) };
  if (type === 'gcp:serviceaccount/account:Account') {
    own['email'] = `${String(own['accountId'])}@some-project.iam.gserviceaccount.com`;
    own['name'] = `projects/some-project/serviceAccounts/${String(own['email'])}`;
  }
  if (type === 'gcp:serviceaccount/key:Key')
    own['privateKey'] = Buffer.from('{"type":"service_account"}').toString('base64');
  if (type === 'gcp:container/cluster:Cluster') {
    own['controlPlaneEndpointsConfig'] = { dnsEndpointConfig: { endpoint: 'gke-0.europe-west4.gke.goog' } };
  }
  own['name'] ??= name;
  return own;
}

/** Pulumi's mark of a secret on the wire (sdk/nodejs/runtime/rpc.ts: specialSigKey, specialSecretSig). */
const secretSignature = '1b47061264138c4ac30d75fd1eb44270';

function opened(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(opened);
  if (typeof value !== 'object' || value === null) return value;
  if (Object.values(value).includes(secretSignature)) return opened((value as { value: unknown }).value);
  return Object.fromEntries(Object.entries(value).map(([key, inner]) => [key, opened(inner)]));
}

export function ofType(resources: readonly Rendered[], type: string): Rendered[] {
  return resources.filter((one) => one.type === type);
}

/** Every Kubernetes object; charts are not among them: Helm renders those in the cluster. */
export function kubernetesObjects(resources: readonly Rendered[]): KubernetesObject[] {
  return resources
    .filter(({ type, inputs }) => type.startsWith('kubernetes:') && 'apiVersion' in inputs)
    .map(({ inputs }) => inputs as KubernetesObject);
}
