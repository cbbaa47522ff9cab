import type { Cluster } from '@pulumi/gcp/container/cluster.js';
import { NodePool } from '@pulumi/gcp/container/nodePool.js';
import type { Account } from '@pulumi/gcp/serviceaccount/account.js';
import type { Resource } from '@pulumi/pulumi';
import { bootDiskGib } from '../../testbed/cluster/cost.ts';
import type { Pool } from '../../testbed/cluster/size.ts';
import type { Stack } from '../config/stack.ts';

export const poolNames = ['system', 'edge', 'load', 'kafka'] as const;
export type PoolName = (typeof poolNames)[number];

/** How long a spot machine waits for its pods before it goes, and what of it is for the cluster's own (GKE 1.35 and later). */
export const spotGraceSeconds = { all: 120, system: 30 } as const;

/** The label and taint by which pods choose their pool, and others stay away. */
export const poolLabel = 'fleetbed.dev/pool';
const zones = 3;

/**
 * One pool a kind of work, so that none takes the CPU of another: cars must not slow the edges that they measure.
 * Sizes are the plan's; autoscaling may double them. Upgrades add a node before they take one away.
 */
export function nodePools(
  stack: Stack,
  cluster: Cluster,
  account: Account,
  dependsOn: Resource[],
): NodePool[] {
  return poolNames.flatMap((name) => {
    const pool = stack.size.pools[name];
    return pool === undefined ? [] : [nodePool(stack, name, pool, cluster, account, dependsOn)];
  });
}

function nodePool(
  { settings, labels, name: stackName }: Stack,
  name: PoolName,
  pool: Pool,
  cluster: Cluster,
  account: Account,
  dependsOn: Resource[],
): NodePool {
  const isSpot = settings['fleetbed:spot'] || name === 'load';
  return new NodePool(
    name,
    {
      name,
      cluster: cluster.name,
      location: settings['gcp:region'],
      // Of each zone; the totals below hold for all of them.
      initialNodeCount: Math.ceil(pool.nodes / zones),
      autoscaling: {
        totalMinNodeCount: name === 'load' ? 0 : pool.nodes,
        totalMaxNodeCount: name === 'kafka' ? pool.nodes : pool.nodes * 2,
        // Brokers stand one a zone and more; others go where spot machines are to be had.
        locationPolicy: isSpot && name !== 'kafka' ? 'ANY' : 'BALANCED',
      },
      management: { autoRepair: true, autoUpgrade: true },
      upgradeSettings: { strategy: 'SURGE', maxSurge: 1, maxUnavailable: 0 },
      networkConfig: { enablePrivateNodes: true },
      nodeConfig: {
        machineType: pool.machineType,
        spot: isSpot,
        ...(isSpot && {
          kubeletConfig: {
            shutdownGracePeriodSeconds: spotGraceSeconds.all,
            shutdownGracePeriodCriticalPodsSeconds: spotGraceSeconds.system,
          },
        }),
        imageType: 'COS_CONTAINERD',
        diskType: 'pd-balanced',
        diskSizeGb: bootDiskGib,
        serviceAccount: account.email,
        oauthScopes: ['https://www.googleapis.com/auth/cloud-platform'],
        workloadMetadataConfig: { mode: 'GKE_METADATA' },
        shieldedInstanceConfig: { enableSecureBoot: true, enableIntegrityMonitoring: true },
        metadata: { 'disable-legacy-endpoints': 'true' },
        labels: { [poolLabel]: name },
        // What has no place of its own goes to the system pool.
        taints: name === 'system' ? [] : [{ key: poolLabel, value: name, effect: 'NO_SCHEDULE' }],
        resourceLabels: { ...labels, stack: stackName },
      },
    },
    { dependsOn, ignoreChanges: ['initialNodeCount'] },
  );
}
