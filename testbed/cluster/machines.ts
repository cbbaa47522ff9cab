/** Machine types that node pools are made of. vCPUs and memory as Google names them. */
export const machineTypes = {
  'e2-standard-2': { family: 'e2-standard', vcpus: 2, memoryGib: 8 },
  'e2-standard-4': { family: 'e2-standard', vcpus: 4, memoryGib: 16 },
  'e2-standard-8': { family: 'e2-standard', vcpus: 8, memoryGib: 32 },
  'e2-standard-16': { family: 'e2-standard', vcpus: 16, memoryGib: 64 },
  'n2-highmem-2': { family: 'n2-highmem', vcpus: 2, memoryGib: 16 },
  'n2-highmem-4': { family: 'n2-highmem', vcpus: 4, memoryGib: 32 },
  'n2-highmem-8': { family: 'n2-highmem', vcpus: 8, memoryGib: 64 },
  'n2-highmem-16': { family: 'n2-highmem', vcpus: 16, memoryGib: 128 },
} as const;

export type MachineType = keyof typeof machineTypes;
export type MachineFamily = (typeof machineTypes)[MachineType]['family'];

/** What pods of ours may ask for on one node. */
export interface Allocatable {
  cores: number;
  memoryBytes: number;
}

const gibibyte = 1024 ** 3;
/** Cores and memory of what runs on every node beside ours: Cilium, logging, metrics, CSI, DNS cache. */
const daemons = { cores: 0.35, memoryBytes: 0.6 * gibibyte };

/**
 * What GKE leaves of a node (cloud.google.com/kubernetes-engine/docs/concepts/plan-node-sizes: 6 % of the first core, 1 %
 * of the second, 0.5 % of the next two, 0.25 % above; 25 % of the first 4 GiB, 20 % of the next 4, 10 % of the next 8, 6 %
 * up to 128, 100 MiB for eviction), less the cluster's own pods.
 */
export function allocatableOf(type: MachineType): Allocatable {
  const { vcpus, memoryGib } = machineTypes[type];
  const reservedCores = tiers(vcpus, [
    [1, 0.06],
    [1, 0.01],
    [2, 0.005],
    [Infinity, 0.0025],
  ]);
  const reservedGib = tiers(memoryGib, [
    [4, 0.25],
    [4, 0.2],
    [8, 0.1],
    [112, 0.06],
    [Infinity, 0.02],
  ]);
  return {
    cores: vcpus - reservedCores - daemons.cores,
    memoryBytes: (memoryGib - reservedGib - 0.1) * gibibyte - daemons.memoryBytes,
  };
}

/** So much of each slice of an amount. */
function tiers(amount: number, slices: readonly (readonly [width: number, share: number])[]): number {
  let rest = amount;
  let sum = 0;
  for (const [width, share] of slices) {
    const part = Math.min(rest, width);
    sum += part * share;
    rest -= part;
  }
  return sum;
}
