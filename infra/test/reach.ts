import { BlockList } from 'node:net';
import type { Loose } from './pods.ts';

/** One end of a connection: a pod, or an address that is none. */
export type Place = { namespace: string; labels: Record<string, string> } | { address: string };

/**
 * What Kubernetes makes of network policies (kubernetes.io/docs/concepts/services-networking/network-policies): what no policy
 * chooses is open; else some rule of some policy must let it through, at both ends. matchLabels and ipBlock.cidr alone.
 * @param policies NetworkPolicy objects; a namespace's one label is its name
 */
export function isLetThrough(
  policies: readonly Loose[],
  from: Place,
  to: Place,
  port: number,
  protocol = 'TCP',
): boolean {
  const out = allows(policies, 'Egress', from, to, { port, protocol });
  return out && allows(policies, 'Ingress', to, from, { port, protocol });
}

interface Door {
  port: number;
  protocol: string;
}

function allows(
  policies: readonly Loose[],
  type: 'Ingress' | 'Egress',
  own: Place,
  other: Place,
  door: Door,
): boolean {
  if ('address' in own) return true;
  const about = policies.filter(
    ({ metadata, spec }) =>
      metadata.namespace === own.namespace &&
      spec.policyTypes.includes(type) &&
      has(own.labels, spec.podSelector.matchLabels),
  );
  if (about.length === 0) return true;
  const [rulesOf, peersOf] =
    type === 'Ingress' ? (['ingress', 'from'] as const) : (['egress', 'to'] as const);
  return about.some(({ metadata, spec }) =>
    (spec[rulesOf] ?? []).some(
      (rule: Loose) =>
        isPort(rule.ports, door) &&
        (rule[peersOf] === undefined ||
          rule[peersOf].some((peer: Loose) => isPeer(peer, other, metadata.namespace))),
    ),
  );
}

function isPort(ports: Loose[] | undefined, { port, protocol }: Door): boolean {
  return (
    ports === undefined || ports.some((one) => one.port === port && (one.protocol ?? 'TCP') === protocol)
  );
}

function isPeer(peer: Loose, place: Place, ownNamespace: string): boolean {
  if (peer.ipBlock) return 'address' in place && isWithin(place.address, peer.ipBlock.cidr);
  if ('address' in place) return false;
  const isNamespace = peer.namespaceSelector
    ? has({ 'kubernetes.io/metadata.name': place.namespace }, peer.namespaceSelector.matchLabels)
    : place.namespace === ownNamespace;
  return isNamespace && (!peer.podSelector || has(place.labels, peer.podSelector.matchLabels));
}

function has(labels: Record<string, string>, wanted: Record<string, string> = {}): boolean {
  return Object.entries(wanted).every(([key, value]) => labels[key] === value);
}

function isWithin(address: string, cidr: string): boolean {
  const [net = '', bits] = cidr.split('/');
  const list = new BlockList();
  list.addSubnet(net, Number(bits));
  return list.check(address);
}
