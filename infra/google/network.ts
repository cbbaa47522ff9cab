import { Network } from '@pulumi/gcp/compute/network.js';
import { Router } from '@pulumi/gcp/compute/router.js';
import { RouterNat } from '@pulumi/gcp/compute/routerNat.js';
import { Subnetwork } from '@pulumi/gcp/compute/subnetwork.js';
import type { Resource } from '@pulumi/pulumi';
import type { Stack } from '../config/stack.ts';

/** Nodes, pods and services each have addresses of their own: 4,096 nodes, 512 of 110 pods each, 4,096 services. */
export const ranges = { nodes: '10.0.0.0/20', pods: '10.64.0.0/14', services: '10.1.0.0/20' } as const;
export const rangeNames = { pods: 'pods', services: 'services' } as const;

export interface Net {
  network: Network;
  subnetwork: Subnetwork;
  /** What nodes need before they can pull images: their only way out. */
  nat: RouterNat;
}

/** A network without default subnets; nodes without public addresses reach images through NAT and Google's APIs directly. */
export function network({ settings, name }: Stack, dependsOn: Resource[]): Net {
  const region = settings['gcp:region'];
  const vpc = new Network(
    'network',
    { name: `fleetbed-${name}`, autoCreateSubnetworks: false },
    { dependsOn },
  );
  const subnetwork = new Subnetwork('nodes', {
    name: `fleetbed-${name}-nodes`,
    region,
    network: vpc.id,
    ipCidrRange: ranges.nodes,
    privateIpGoogleAccess: true,
    secondaryIpRanges: [
      { rangeName: rangeNames.pods, ipCidrRange: ranges.pods },
      { rangeName: rangeNames.services, ipCidrRange: ranges.services },
    ],
    logConfig: { aggregationInterval: 'INTERVAL_5_MIN', flowSampling: 0.1, metadata: 'EXCLUDE_ALL_METADATA' },
  });
  const router = new Router('router', { region, network: vpc.id });
  const nat = new RouterNat('nat', {
    region,
    router: router.name,
    natIpAllocateOption: 'AUTO_ONLY',
    sourceSubnetworkIpRangesToNat: 'LIST_OF_SUBNETWORKS',
    subnetworks: [{ name: subnetwork.id, sourceIpRangesToNats: ['ALL_IP_RANGES'] }],
    logConfig: { enable: true, filter: 'ERRORS_ONLY' },
  });
  return { network: vpc, subnetwork, nat };
}
