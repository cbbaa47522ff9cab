import { maxTelemetryBytes } from '#contract/telemetry.ts';

/**
 * What a scenario needs of the machine or machines that it runs on: pure, and estimates on the safe side. `doctor` and `run`
 * print it, and the run's configurations are made from it.
 */
export interface Load {
  /** Most cars that are connected at once. */
  cars: number;
  simulators: number;
  edges: number;
  /** How cars are spread over edges: as many to each, by latitude, or by weights. Even unless given. */
  spread?: 'even' | 'region' | readonly number[] | undefined;
  bridges: number;
  /** Does a model get trained? */
  trains?: boolean;
  /** Is Kafka somebody else's? */
  kafkaGiven?: boolean;
  readingsPerMessage: number;
  /** Wall clock between two messages of one car. */
  messageIntervalMs: number;
  /** Between two bursts of what is due; 5 ms unless given. */
  sendEveryMs?: number;
  /** 0 unless given. */
  qos?: 0 | 1;
  durationMs: number;
  /** Do cars reach edges through proxies? These listen on one port each. */
  carsMeetProxies?: boolean;
}

/** What a machine allows one process, and how many cores it has. */
export interface Limits {
  cores: number;
  carsPerProcess: number;
  /** From one machine to one (ip, port), quickly: it takes a local port each. An edge with more cars listens on several. */
  connectionsPerDestination: number;
}

/** A hard limit of 20,000 descriptors a process is common: this leaves room for the rest of the process. */
export const maxCarsPerProcess = 17_000;
/**
 * Linux gives out 28,232 local ports unless told otherwise, and looks through one half of them first: once that is nearly
 * full, a connection takes milliseconds to find one.
 */
export const maxConnectionsPerDestination = 13_000;

export const usualLimits: Limits = {
  cores: 2,
  carsPerProcess: maxCarsPerProcess,
  connectionsPerDestination: maxConnectionsPerDestination,
};

export type ProcessKind = 'simulator' | 'edge' | 'bridge' | 'trainer' | 'kafka' | 'testbed';

/** Processes of a kind. All numbers but the count are of one of them, the one that needs most. */
export interface ProcessNeed {
  kind: ProcessKind;
  count: number;
  /** Cars that it holds. */
  cars: number;
  /** Worker threads that share a simulator's cars; 1 of other kinds. */
  workers: number;
  descriptors: number;
  memoryBytes: number;
  /** CPU-seconds a second. */
  cores: number;
}

export interface Sizing {
  cars: number;
  messagesPerSecond: number;
  processes: ProcessNeed[];
  /** CPU-seconds a second, all processes together. */
  cores: number;
  memoryBytes: number;
  /** Kafka's log with its tiered copy, outboxes, results. */
  diskBytes: number;
  /** What is written in a second. */
  diskBytesPerSecond: number;
  /** File descriptors of the process that needs most: one a car, and its own. */
  descriptorsPerProcess: number;
  /** Of all processes: both ends of every car's connection. */
  descriptors: number;
  /** Cars of the fullest edge: each takes a local port towards one of its ports. */
  carsPerEdge: number;
  /** Where cars connect. */
  portsPerEdge: number;
  /** Ports that servers listen on. */
  serverPorts: number;
}

/** CPU-seconds a second of a process that waits, and CPU-seconds a message, all processes of the kind together. */
// Whole runs on a 2-core machine on its slower days, every reading scored: 0.48 CPU-seconds a second at 500 messages/s, QoS 1; 1.5 at
// 10,000 (QoS 0, bursts of 100 ms) and 1.7 to 1.9 (QoS 1).
export const costs: Record<ProcessKind, { idle: number; message: number }> = {
  simulator: { idle: 0.02, message: 0.00005 },
  edge: { idle: 0.02, message: 0.00006 },
  bridge: { idle: 0.06, message: 0.000005 },
  trainer: { idle: 0.02, message: 0 },
  kafka: { idle: 0.12, message: 0.00001 },
  testbed: { idle: 0.04, message: 0.00001 },
};
/** Simulators and edges are woken less often by larger bursts: from so long on, so much of a message's cost is left. */
const largeBursts = { fromMs: 20, ratio: 0.8 };
/** At QoS 1 each message has a packet back: a simulator's and an edge's work, times this. */
const acknowledgedRatio = 1.3;

const mebibyte = 1024 * 1024;
/** Without cars, after a few seconds of work; of a simulator, with one thread. */
export const processBytes: Record<ProcessKind, number> = {
  simulator: 200 * mebibyte,
  edge: 200 * mebibyte,
  bridge: 180 * mebibyte,
  trainer: 600 * mebibyte,
  kafka: 800 * mebibyte,
  testbed: 250 * mebibyte,
};
const threadBytes = 80 * mebibyte;
/** A car in its simulator, and its connection at the edge. */
export const carBytes: Record<ProcessKind, number> = {
  simulator: 20 * 1024,
  edge: 16 * 1024,
  bridge: 0,
  trainer: 0,
  kafka: 0,
  testbed: 0,
};
/** Of a process without cars. */
const ownDescriptors = 200;
/** A thread that does nothing else encodes and sends about so many messages a second. */
const messagesPerWorker = 10_000;

/** In the outbox, in Kafka's log, in its tiered copy, and as long again for indexes and what waits to be deleted. */
const copiesOnDisk = 4;
const idleDiskBytes = 300 * mebibyte;

/** How many simulator processes hold so many cars. */
export function simulatorsFor(cars: number, limits: Pick<Limits, 'carsPerProcess'>): number {
  return Math.max(1, Math.ceil(cars / limits.carsPerProcess));
}

/** How many edges hold so many cars. Weights have a number of their own: one an edge. */
export function edgesFor(
  cars: number,
  spread: Load['spread'],
  { carsPerProcess: most }: Pick<Limits, 'carsPerProcess'>,
): number {
  if (Array.isArray(spread)) return spread.length;
  let edges = Math.max(1, Math.ceil(cars / most));
  while (carsOfFullestEdge(cars, edges, spread) > most && edges < cars) edges++;
  return edges;
}

/** Never less than what really comes of the spread (simulator/population/spread.ts). */
export function carsOfFullestEdge(cars: number, edges: number, spread: Load['spread'] = 'even'): number {
  if (spread === 'even' || edges === 1) return Math.ceil(cars / edges);
  // Homes are drawn by chance: five standard deviations more than the mean.
  if (spread === 'region') return Math.min(cars, Math.ceil(cars / edges + 5 * Math.sqrt(cars / edges)));
  const sum = spread.reduce((total, weight) => total + weight, 0);
  return Math.min(cars, Math.ceil((cars * Math.max(...spread)) / sum) + evenToWithin);
}

/** What the golden ratio's multiples may be off, of a million cars. */
const evenToWithin = 12;

/** How many of the cars this many cores would carry. */
export function carsWithin(cores: number, sizing: Sizing): number {
  const idle = sizing.processes.reduce((sum, { kind, count }) => sum + count * costs[kind].idle, 0);
  const busy = sizing.cores - idle;
  return Math.max(1, Math.floor((sizing.cars * Math.max(0, cores - idle)) / busy));
}

/** @param limits of the machine: more threads than cores would only take turns */
export function sizingOf(
  load: Load,
  { cores, connectionsPerDestination }: Omit<Limits, 'carsPerProcess'> = usualLimits,
): Sizing {
  const messagesPerSecond = (load.cars * 1000) / load.messageIntervalMs;
  const storedPerSecond = messagesPerSecond * (maxTelemetryBytes(load.readingsPerMessage) + 100);
  const carsPerEdge = carsOfFullestEdge(load.cars, load.edges, load.spread);
  const portsPerEdge = load.carsMeetProxies ? 1 : Math.ceil(carsPerEdge / connectionsPerDestination);
  const workers = workersOf(load.simulators, messagesPerSecond, cores);
  const burstRatio = (load.sendEveryMs ?? 0) >= largeBursts.fromMs ? largeBursts.ratio : 1;
  const carsRatio = burstRatio * (load.qos === 1 ? acknowledgedRatio : 1);
  const workOf = (kind: ProcessKind): number =>
    costs[kind].message * messagesPerSecond * (carBytes[kind] > 0 ? carsRatio : 1);

  const need = (kind: ProcessKind, count: number, cars = 0, threads = 1): ProcessNeed => ({
    kind,
    count,
    cars,
    workers: threads,
    descriptors: cars + ownDescriptors,
    memoryBytes: processBytes[kind] + (threads - 1) * threadBytes + cars * carBytes[kind],
    // The fullest one's share of the work.
    cores: costs[kind].idle + workOf(kind) * (cars > 0 ? Math.min(1, cars / load.cars) : 1 / count),
  });
  const processes = [
    need('simulator', load.simulators, Math.ceil(load.cars / load.simulators), workers),
    need('edge', load.edges, carsPerEdge),
    need('bridge', load.bridges),
    ...(load.trains ? [need('trainer', 1)] : []),
    ...(load.kafkaGiven ? [] : [need('kafka', 1)]),
    need('testbed', 1),
  ];
  const sum = (of: (one: ProcessNeed) => number): number =>
    processes.reduce((total, one) => total + of(one), 0);

  const components = load.simulators + load.edges + load.bridges + (load.trains ? 1 : 0);
  const links = load.edges * (1 + load.bridges) + load.bridges;
  const kafkaPorts = 2 + load.bridges;
  return {
    cars: load.cars,
    messagesPerSecond,
    processes,
    // Not the sum of the fullest ones: what cars cost they cost once.
    cores: sum(({ kind, count }) => count * costs[kind].idle + workOf(kind)),
    memoryBytes: sum(
      ({ kind, count, workers: threads }) =>
        count * (processBytes[kind] + (threads - 1) * threadBytes) + load.cars * carBytes[kind],
    ),
    diskBytes: storedPerSecond * (load.durationMs / 1000) * copiesOnDisk + idleDiskBytes,
    diskBytesPerSecond: storedPerSecond * copiesOnDisk,
    descriptorsPerProcess: Math.max(...processes.map(({ descriptors }) => descriptors)),
    descriptors: sum(({ count }) => count * ownDescriptors) + 2 * load.cars,
    carsPerEdge,
    portsPerEdge,
    // Each part's and each edge's and bridge's own, Kafka's, and as many proxies as there may be links.
    serverPorts: components + load.edges * portsPerEdge + load.bridges + kafkaPorts + links,
  };
}

/** Two a process where there are cores, more where the messages need them; never more threads than cores, all together. */
function workersOf(simulators: number, messagesPerSecond: number, cores: number): number {
  const wanted = Math.max(2, Math.ceil(messagesPerSecond / simulators / messagesPerWorker));
  return Math.max(1, Math.min(wanted, Math.floor(cores / simulators)));
}
