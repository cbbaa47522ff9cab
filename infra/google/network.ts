import { Network } from '@pulumi/gcp/compute/network.js';
import { Router } from '@pulumi/gcp/compute/router.js';
import { RouterNat } from '@pulumi/gcp/compute/routerNat.js';
import { Subnetwork } from '@pulumi/gcp/compute/subnetwork.js';
import type { Resource } from '@pulumi/pulumi';
import { ranges } from '../config/ranges.ts';
import type { Stack } from '../config/stack.ts';

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
