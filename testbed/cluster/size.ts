import { topics, type TopicName } from '#contract/topics.ts';
import { maxTelemetryBytes } from '#contract/telemetry.ts';
import { costs } from '../sizing.ts';
import { allocatableOf, machineTypes, type MachineType } from './machines.ts';
import {
  bridgeRequest,
  carsPerProcess,
  edgeRequest,
  mebibyte,
  messagesPerSecondOf,
  simulatorRequest,
  targetUtilisation,
  trainerRequest,
  type Request,
} from './requests.ts';

export const kafkaForms = ['strimzi', 'managed'] as const;
export type KafkaForm = (typeof kafkaForms)[number];

/** What a scenario asks of a cluster. */
export interface ClusterLoad {
  /** Most cars that are connected at once. */
  cars: number;
  /** Wall clock between two messages of one car. */
  messageIntervalMs: number;
  readingsPerMessage: number;
  kafka: KafkaForm;
  /** What a user fixes; the plan's own number unless given. */
  edges?: number | undefined;
  bridges?: number | undefined;
  simulators?: number | undefined;
  brokers?: number | undefined;
}

export interface Pool {
  machineType: MachineType;
  nodes: number;
}

export interface ClusterSize {
  messagesPerSecond: number;
  /** Of all telemetry, before replication. */
  bytesPerSecond: number;
  edges: Request & { count: number; cars: number; outboxBytes: number };
  bridges: Request & { count: number; most: number };
  simulators: Request & { count: number; cars: number };
  trainer: Request;
  kafka: {
    brokers: number;
    replicas: number;
    minInSyncReplicas: number;
    cores: number;
    memoryBytes: number;
    /** Of one broker. */
    diskBytes: number;
    localRetentionMs: number;
    segmentBytes: number;
    partitions: Record<TopicName, number>;
  };
  /** Node pools by name; kafka has none of its own where Google runs Kafka. */
  pools: { system: Pool; edge: Pool; load: Pool; kafka?: Pool };
  /** Bytes a second that cross from one zone into another. */
  interZoneBytesPerSecond: number;
}

const gibibyte = 1024 * mebibyte;

/** One in each of a region's three zones, and one of them may be away: the least that keeps acknowledged records. */
const replicas = 3;
const minInSyncReplicas = 2;
const zones = 3;
/** What a partition takes with room to spare, and how many of them its leader's disk does. */
const bytesPerPartition = 2 * mebibyte;
/** What a broker writes: pd-balanced gives a machine 140 MiB/s and more with its size (cloud.google.com: disk performance). */
const brokerBytesPerSecond = 100 * mebibyte;
/** History on the brokers' own disks; what is older is read from the bucket. */
const localRetentionMs = 60 * 60_000;
const segmentBytes = 64 * mebibyte;
/** How long an edge keeps what its bridge does not take. */
const outboxSeconds = 30 * 60;
/** The record's key, headers and batch, around the telemetry. */
const recordOverheadBytes = 100;

/**
 * What a load needs of a regional cluster, from CPU-seconds a message (testbed/sizing.ts) and memory a car. Estimates on
 * the safe side; docs/scale-out.md tells where they come from and where they stop to hold.
 */
export function clusterSizeOf(load: ClusterLoad): ClusterSize {
  const messagesPerSecond = (load.cars * 1000) / load.messageIntervalMs;
  const bytesPerSecond = bytesPerSecondOf(messagesPerSecond, load.readingsPerMessage);
  const edges = load.edges ?? processesFor(load.cars, messagesPerSecond, messagesPerSecondOf.edge);
  const simulators =
    load.simulators ?? processesFor(load.cars, messagesPerSecond, messagesPerSecondOf.simulator);
  const bridges = load.bridges ?? Math.max(2, Math.ceil(messagesPerSecond / messagesPerSecondOf.bridge));
  const edge = edgeRequest(Math.ceil(load.cars / edges), messagesPerSecond / edges);
  const bridge = bridgeRequest(messagesPerSecond / bridges);
  const simulator = simulatorRequest(Math.ceil(load.cars / simulators), messagesPerSecond / simulators);
  const kafka = kafkaSize(load, messagesPerSecond, bytesPerSecond);
  const most = bridges * 2;
  return {
    messagesPerSecond,
    bytesPerSecond,
    edges: {
      ...edge,
      count: edges,
      cars: Math.ceil(load.cars / edges),
      outboxBytes: Math.max(gibibyte, Math.ceil((bytesPerSecond / edges) * outboxSeconds)),
    },
    bridges: { ...bridge, count: bridges, most },
    simulators: { ...simulator, count: simulators, cars: Math.ceil(load.cars / simulators) },
    trainer: trainerRequest,
    kafka: kafka.size,
    pools: {
      system: systemPool(messagesPerSecond),
      // Edges and bridges are spread over the zones.
      edge: poolFor(Math.min(zones, edges), [
        [edge, edges],
        [bridge, bridges],
        [trainerRequest, 1],
      ]),
      load: poolFor(1, [[simulator, simulators]]),
      ...(load.kafka === 'strimzi' && { kafka: kafka.pool }),
    },
    // Two of three connections go to another zone: edge to bridge, bridge to leader; replicas always do. Cars as well.
    interZoneBytesPerSecond: bytesPerSecond * ((2 / 3) * 3 + (replicas - 1)),
  };
}

/** How many processes hold so many cars and messages. @param each messages a second that one takes */
export function processesFor(cars: number, messagesPerSecond: number, each: number): number {
  return Math.max(1, Math.ceil(cars / carsPerProcess), Math.ceil(messagesPerSecond / each));
}

/** Brokers of the largest machine that a load needs at least, for its CPU time and for what their disks take. */
export function leastBrokers({ cars, messageIntervalMs, readingsPerMessage }: ClusterLoad): number {
  const messagesPerSecond = (cars * 1000) / messageIntervalMs;
  const forDisks =
    (bytesPerSecondOf(messagesPerSecond, readingsPerMessage) * replicas) / brokerBytesPerSecond;
  const forCores = kafkaCores(messagesPerSecond) / brokerOf(largestBroker).cores;
  return Math.max(replicas, Math.ceil(forDisks), Math.ceil(forCores));
}

/** Of all brokers. A replica costs what the first copy does, on the safe side. */
function kafkaCores(messagesPerSecond: number): number {
  const { idle, message } = costs.kafka;
  return (idle * replicas + messagesPerSecond * message * replicas) / targetUtilisation;
}

function bytesPerSecondOf(messagesPerSecond: number, readingsPerMessage: number): number {
  return messagesPerSecond * (maxTelemetryBytes(readingsPerMessage) + recordOverheadBytes);
}

function kafkaSize(
  load: ClusterLoad,
  messagesPerSecond: number,
  bytesPerSecond: number,
): { size: ClusterSize['kafka']; pool: Pool } {
  const cores = kafkaCores(messagesPerSecond);
  const fits = (type: MachineType, brokers: number): boolean => brokers * brokerOf(type).cores >= cores;
  const forDisks = Math.max(
    replicas,
    Math.ceil((bytesPerSecond * replicas) / brokerBytesPerSecond / zones) * zones,
  );
  const fixed = load.brokers ?? forDisks;
  const machineType = brokerTypes.find((type) => fits(type, fixed)) ?? largestBroker;
  const needed = Math.ceil(cores / brokerOf(machineType).cores / zones) * zones;
  const brokers = load.brokers ?? Math.max(forDisks, needed);
  const tiered = (bytesPerSecond * (localRetentionMs / 1000) * replicas) / brokers;
  const partitions = partitionsOf(bytesPerSecond, brokers);
  const open = (sumOf(partitions) * replicas * segmentBytes * 2) / brokers;
  const size: ClusterSize['kafka'] = {
    brokers,
    replicas,
    minInSyncReplicas,
    ...brokerOf(machineType),
    diskBytes:
      Math.ceil(Math.max(20 * gibibyte, (tiered + open) * 1.5 + 10 * gibibyte) / gibibyte) * gibibyte,
    localRetentionMs,
    segmentBytes,
    partitions,
  };
  return { size, pool: { machineType, nodes: brokers } };
}

const brokerTypes = ['n2-highmem-2', 'n2-highmem-4', 'n2-highmem-8', 'n2-highmem-16'] as const;
const largestBroker = 'n2-highmem-16';

/** A broker has its node for itself. A tenth of the memory stays free for a controller or for Cruise Control. */
function brokerOf(type: MachineType): Request {
  const { cores, memoryBytes } = allocatableOf(type);
  return {
    cores: Math.floor(cores * 10) / 10,
    memoryBytes: Math.floor((memoryBytes * 0.9) / mebibyte) * mebibyte,
  };
}

/** History as much as it needs, and one for each broker; the contract's own numbers for the rest. */
function partitionsOf(bytesPerSecond: number, brokers: number): Record<TopicName, number> {
  const wanted = Math.ceil(bytesPerSecond / bytesPerPartition);
  const counts = topics.map(({ name, tiered, partitions }) => {
    if (!tiered) return [name, partitions] as const;
    const least = Math.max(partitions, brokers, name === 'fleet.telemetry' ? wanted : 0);
    // Sixes spread evenly over two, three or six readers, and over brokers of three zones.
    return [name, Math.ceil(least / 6) * 6] as const;
  });
  return Object.fromEntries(counts) as Record<TopicName, number>;
}

/** Operators, Prometheus, Grafana. Prometheus' series grow with the processes, and these with the messages. */
function systemPool(messagesPerSecond: number): Pool {
  return { machineType: messagesPerSecond > 20_000 ? 'e2-standard-8' : 'e2-standard-4', nodes: zones };
}

/** The smallest machine that takes the largest pod, and as many of them as all pods need. */
function poolFor(least: number, pods: readonly (readonly [Request, count: number])[]): Pool {
  const candidates = ['e2-standard-4', 'e2-standard-8', 'e2-standard-16'] as const;
  const pools = candidates
    .filter((type) => pods.every(([pod]) => perNode(type, pod) >= 1))
    .map((machineType) => ({ machineType, nodes: nodesFor(machineType, least, pods) }));
  const vcpus = ({ machineType, nodes }: Pool): number => machineTypes[machineType].vcpus * nodes;
  // Few large nodes beat many small ones, unless that leaves most of them empty.
  const [best] = pools.toSorted((a, b) => vcpus(a) - vcpus(b) || a.nodes - b.nodes);
  return best ?? { machineType: 'e2-standard-16', nodes: nodesFor('e2-standard-16', least, pods) };
}

function nodesFor(
  type: MachineType,
  least: number,
  pods: readonly (readonly [Request, count: number])[],
): number {
  const nodes = pods.reduce((sum, [pod, count]) => sum + count / Math.max(1, perNode(type, pod)), 0);
  return Math.max(least, Math.ceil(nodes));
}

function perNode(type: MachineType, pod: Request): number {
  const { cores, memoryBytes } = allocatableOf(type);
  return Math.floor(Math.min(cores / pod.cores, memoryBytes / pod.memoryBytes));
}

function sumOf(counts: Record<string, number>): number {
  return Object.values(counts).reduce((sum, one) => sum + one, 0);
}
