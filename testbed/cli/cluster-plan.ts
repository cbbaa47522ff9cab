import { pricesCheckedOn, type CostLine, type Region } from '../cluster/cost.ts';
import type { ClusterLoad, ClusterSize } from '../cluster/size.ts';
import { shortDuration } from '../scenario/values.ts';

/** What `fleetbed plan --on gke` found out; with --json it is printed as it is. */
export interface ClusterPlan {
  scenario: string;
  region: Region;
  spot: boolean;
  durationMs: number;
  load: ClusterLoad;
  size: ClusterSize;
  cost: CostLine[];
}

/** For people: the load, the parts, the nodes, the bill, and the settings for infra/. */
export function clusterPlan({ scenario, region, spot, durationMs, load, size, cost }: ClusterPlan): string {
  const { edges, bridges, simulators, kafka, pools } = size;
  const byGoogle = load.kafka === 'managed';
  const total = cost.reduce((sum, { dollarsPerHour }) => sum + dollarsPerHour, 0);
  const parts = [
    [
      'edges',
      count(edges.count),
      `${needs(edges)}, outbox ${gib(edges.outboxBytes)}, ${count(edges.cars)} cars`,
    ],
    ['bridges', `${bridges.count} to ${bridges.most}`, needs(bridges)],
    ['simulators', count(simulators.count), `${needs(simulators)}, ${count(simulators.cars)} cars`],
    ['trainer', '1', needs(size.trainer)],
    byGoogle
      ? ['Kafka', 'by Google', `${count(Math.ceil(kafka.brokers * kafka.cores))} vCPUs`]
      : ['Kafka', `${kafka.brokers} brokers`, `${needs(kafka)}, disk ${gib(kafka.diskBytes)}`],
  ];
  const nodes = Object.entries(pools).map(([name, pool]) => [name, count(pool.nodes), pool.machineType]);
  return `${scenario} on GKE, ${region}, Kafka ${byGoogle ? 'by Google' : 'by Strimzi'}
  ${count(load.cars)} cars · a message of ${load.readingsPerMessage} readings each ${shortDuration(load.messageIntervalMs)} · ${count(Math.round(size.messagesPerSecond))} messages/s · ${megabytes(size.bytesPerSecond)}/s · ${shortDuration(durationMs)}

Parts
${table(parts)}
  partitions of fleet.telemetry: ${kafka.partitions['fleet.telemetry']}, each ${kafka.replicas} times
  between zones: ${megabytes(size.interZoneBytesPerSecond)}/s

Nodes
${table(nodes)}

Dollars an hour (list prices of ${pricesCheckedOn}, without taxes and discounts: look again before you pay)
${cost.map(({ what, dollarsPerHour }) => `  ${dollarsPerHour.toFixed(2).padStart(8)}  ${what}`).join('\n')}
  ${total.toFixed(2).padStart(8)}  an hour; ${((total * durationMs) / 3_600_000).toFixed(2)} for the ${shortDuration(durationMs)} of the scenario. It costs until you tear it down.

In infra/, for a stack of this size
${settings(load, durationMs, spot, region)}
`;
}

function settings(
  { cars, messageIntervalMs, readingsPerMessage, kafka }: ClusterLoad,
  durationMs: number,
  spot: boolean,
  region: Region,
): string {
  const values = {
    'gcp:region': region,
    cars,
    messageInterval: shortDuration(messageIntervalMs).replaceAll(' ', ''),
    readingsPerMessage,
    duration: shortDuration(durationMs).replaceAll(' ', ''),
    kafka,
    spot,
  };
  return Object.entries(values)
    .map(([key, value]) => `  pulumi config set ${key.includes(':') ? key : `fleetbed:${key}`} ${value}`)
    .join('\n');
}

function table(rows: readonly (readonly string[])[]): string {
  return rows
    .map(([name = '', many = '', each = '']) => `  ${name.padEnd(12)}${many.padEnd(12)}${each}`)
    .join('\n');
}

function needs({ cores, memoryBytes }: { cores: number; memoryBytes: number }): string {
  return `${cores} cores, ${Math.ceil(memoryBytes / 1024 ** 2).toLocaleString('en')} MiB`;
}

function gib(bytes: number): string {
  return `${(bytes / 1024 ** 3).toFixed(1)} GiB`;
}

function megabytes(bytes: number): string {
  return `${(bytes / 1e6).toLocaleString('en', { maximumFractionDigits: 1 })} MB`;
}

function count(number: number): string {
  return number.toLocaleString('en');
}
