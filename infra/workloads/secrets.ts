import { createPrivateKey, createPublicKey } from 'node:crypto';
import { ConfigMap } from '@pulumi/kubernetes/core/v1/configMap.js';
import { Secret } from '@pulumi/kubernetes/core/v1/secret.js';
import type { Provider } from '@pulumi/kubernetes/provider.js';
import { all, type Output } from '@pulumi/pulumi';
import { password } from '../../contract/identity.ts';
import type { Stack } from '../config/stack.ts';

/** Names of the Kubernetes objects that hold secrets, each mounted only where it is used. */
export interface Secrets {
  /** key `secret`: cars' passwords are made from it. Edges and simulators. */
  fleet: Output<string>;
  /** key `secret`: edges' passwords are made from it. Bridges. */
  edge: Output<string>;
  /** A file {pod}.yaml an edge, with its own password alone. */
  uplinks: Output<string>;
  /** key `release-key.pem`. The trainer. */
  signing: Output<string>;
  /** ConfigMap, key `release-key.pub.pem`. Edges. */
  publicKey: Output<string>;
}

export function secrets(
  { secrets: given, size }: Stack,
  namespace: Output<string>,
  provider: Provider,
): Secrets {
  const held = (name: string, stringData: Output<Record<string, string>>): Output<string> =>
    new Secret(name, { metadata: { name, namespace }, stringData }, { provider }).metadata.name;
  const edges = Array.from({ length: size.edges.count }, (_, index) => edgeName(index));
  const publicKey = new ConfigMap(
    'release-public-key',
    {
      metadata: { name: 'release-public-key', namespace },
      data: { 'release-key.pub.pem': given.signingKey.apply(publicKeyOf) },
    },
    { provider },
  );
  return {
    fleet: held('fleet-secret', all({ secret: given.fleetSecret })),
    edge: held('edge-secret', all({ secret: given.edgeSecret })),
    uplinks: held(
      'edge-uplinks',
      given.edgeSecret.apply((secret) =>
        Object.fromEntries(
          edges.map((edge) => [`${edge}.yaml`, `uplink: { password: ${password(secret, edge)} }\n`]),
        ),
      ),
    ),
    signing: held('release-key', all({ 'release-key.pem': given.signingKey })),
    publicKey: publicKey.metadata.name,
  };
}

/** The name of an edge is that of its pod. */
export function edgeName(index: number): string {
  return `edge-${index}`;
}

function publicKeyOf(privateKey: string): string {
  return createPublicKey(createPrivateKey(privateKey)).export({ type: 'spki', format: 'pem' }).toString();
}
