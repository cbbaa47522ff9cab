import assert from 'node:assert/strict';
import { test } from 'node:test';
import { breaches } from '../policy/rules.ts';
import { ofType, render, settingsFor, variants, type Rendered } from './stacks.ts';

for (const { stack, kafka, title } of variants) {
  test(`${title} breaks no rule`, async () => {
    const { resources } = await render(stack, settingsFor(stack, kafka));
    assert.deepEqual(breaches(resources), []);
  });
}

test('each rule finds the resource that breaks it', async () => {
  const { resources } = await render('load', settingsFor('load', 'strimzi'));
  const only = (type: string): Rendered => {
    const [first] = ofType(resources, type);
    assert.ok(first, type);
    return first;
  };
  const container = (o: Loose): Loose => o.spec.template.spec.containers[0];
  const deployment = 'kubernetes:apps/v1:Deployment';
  const faults: [type: string, spoil: (inputs: Loose) => void, says: RegExp][] = [
    [deployment, (o) => (container(o).securityContext.privileged = true), /is privileged/],
    [deployment, (o) => (container(o).securityContext.capabilities = {}), /keeps capabilities/],
    [deployment, (o) => (o.spec.template.spec.hostNetwork = true), /sees its host/],
    [deployment, (o) => (o.spec.template.spec.securityContext.runAsNonRoot = false), /may run as root/],
    [deployment, (o) => (container(o).securityContext.readOnlyRootFilesystem = false), /may write/],
    [deployment, (o) => delete container(o).resources.limits.memory, /has no limits of memory/],
    [deployment, (o) => (container(o).image = 'fleetbed:latest'), /may become another image/],
    [deployment, (o) => container(o).env.push({ name: 'FLEETBED_EDGE_SECRET', value: 'x' }), /in clear text/],
    [deployment, (o) => (o.spec.template.spec.serviceAccountName = 'default'), /the default account/],
    ['kubernetes:core/v1:Service', (o) => (o.spec.type = 'LoadBalancer'), /from outside the cluster/],
    [
      'gcp:container/cluster:Cluster',
      (o) => (o.controlPlaneEndpointsConfig.ipEndpointsConfig.enabled = true),
      /an address/,
    ],
    ['gcp:container/cluster:Cluster', (o) => (o.databaseEncryption.state = 'DECRYPTED'), /without a key/],
    ['gcp:container/nodePool:NodePool', (o) => delete o.nodeConfig.serviceAccount, /default account/],
    ['gcp:storage/bucket:Bucket', (o) => (o.publicAccessPrevention = 'inherited'), /made public/],
    ['gcp:projects/iAMMember:IAMMember', (o) => (o.role = 'roles/editor'), /gives roles\/editor/],
    ['gcp:storage/bucketIAMMember:BucketIAMMember', (o) => (o.member = 'allUsers'), /to everybody/],
  ];
  for (const [type, spoil, says] of faults) {
    const spoilt = structuredClone(only(type));
    spoil(spoilt.inputs as Loose);
    assert.match(breaches([spoilt]).join('\n'), says, type);
  }
});

/** Inputs to be spoilt: any field may be written. */
// eslint-disable-next-line typescript/no-explicit-any -- a fault is what no type allows
type Loose = any;
