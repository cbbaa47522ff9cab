import prices from './prices.json' with { type: 'json' };
import { machineTypes, type MachineFamily } from './machines.ts';
import type { ClusterSize, KafkaForm, Pool } from './size.ts';

export type Region = keyof typeof prices.regions;
export const regions = Object.keys(prices.regions) as Region[];
/** When somebody last looked these prices up: they change. */
export const pricesCheckedOn = prices.checkedOn;

export interface CostOptions {
  region: Region;
  kafka: KafkaForm;
  /** All pools on spot machines, as a small stack does it; otherwise the load pool alone. */
  spot: boolean;
  /** How long history is kept in the bucket: its cost is that of the fill reached after the run. */
  durationMs: number;
}

export interface CostLine {
  what: string;
  dollarsPerHour: number;
}

const hoursPerMonth = 730;
const gibibyte = 1024 ** 3;
/** A node's own disk (infra/google/node-pools.ts). */
export const bootDiskGib = 50;

/** Dollars an hour while a load runs, largest first. List prices without discounts and taxes; what is idle costs nearly the same. */
export function costOf(size: ClusterSize, options: CostOptions): CostLine[] {
  const region = prices.regions[options.region];
  const gib = (bytes: number): number => bytes / gibibyte;
  const balanced = region.diskGibMonth['pd-balanced'] / hoursPerMonth;
  const pools = Object.entries(size.pools).filter((entry): entry is [string, Pool] => entry[1] !== undefined);
  const nodes = pools.reduce((sum, [, pool]) => sum + pool.nodes, 0);
  const diskGib =
    nodes * bootDiskGib +
    size.edges.count * gib(size.edges.outboxBytes) +
    (options.kafka === 'strimzi' ? size.kafka.brokers * gib(size.kafka.diskBytes) : 0);
  const stored = gib(size.bytesPerSecond * (options.durationMs / 1000));
  const lines: CostLine[] = [
    ...pools.map(([name, pool]) => ({
      what: `pool ${name}: ${pool.nodes} x ${pool.machineType}${isSpot(name, options) ? ', spot' : ''}`,
      dollarsPerHour: pool.nodes * machineHour(pool, options.region, isSpot(name, options)),
    })),
    { what: 'GKE, regional', dollarsPerHour: prices.clusterHour },
    { what: `disks: ${Math.ceil(diskGib)} GiB pd-balanced`, dollarsPerHour: diskGib * balanced },
    {
      what: 'between zones',
      dollarsPerHour: gib(size.interZoneBytesPerSecond * 3600) * prices.interZoneGib,
    },
    { what: 'Cloud NAT', dollarsPerHour: Math.min(32, nodes) * prices.natVmHour },
    {
      what: `history in a bucket: ${Math.ceil(stored)} GiB after the run`,
      dollarsPerHour: (stored * region.objectGibMonth) / hoursPerMonth,
    },
    ...(options.kafka === 'managed' ? managedKafka(size, region.diskGibMonth['pd-ssd']) : []),
  ];
  return lines.toSorted((a, b) => b.dollarsPerHour - a.dollarsPerHour);
}

/** vCPUs and memory of Google's Kafka for a size; at least 3 vCPUs, 4 GiB each (their ratio must be 1:1 to 1:8). */
export function managedCapacity(size: ClusterSize): { vcpus: number; memoryGib: number } {
  const vcpus = Math.max(3, Math.ceil(size.kafka.brokers * size.kafka.cores));
  return { vcpus, memoryGib: vcpus * 4 };
}

function managedKafka(size: ClusterSize, ssdGibMonth: number): CostLine[] {
  const { vcpus, memoryGib } = managedCapacity(size);
  const { dcuHour, dcuPerVcpu, dcuPerGib, diskGibPerVcpu } = prices.managedKafka;
  const units = vcpus * dcuPerVcpu + memoryGib * dcuPerGib;
  return [
    {
      what: `Kafka by Google: ${vcpus} vCPUs, ${memoryGib} GiB, and their disks`,
      dollarsPerHour: units * dcuHour + (vcpus * diskGibPerVcpu * ssdGibMonth) / hoursPerMonth,
    },
  ];
}

function isSpot(pool: string, options: CostOptions): boolean {
  return options.spot || pool === 'load';
}

function machineHour({ machineType }: Pool, region: Region, spot: boolean): number {
  const { family, vcpus } = machineTypes[machineType];
  const perVcpu = prices.regions[region].perVcpuHour[family satisfies MachineFamily];
  return vcpus * (spot ? perVcpu.spot : perVcpu.onDemand);
}
