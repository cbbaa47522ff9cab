import { maxTelemetryBytes } from '#contract/telemetry.ts';

/** A hard limit of 20,000 descriptors a process is common: this leaves room for the rest of the process. */
export const maxCarsPerProcess = 17_000;

/** What a scenario needs of the machine or machines that it runs on. Pure; estimates on the safe side. */
export interface Load {
  /** Most cars that are connected at once. */
  cars: number;
  simulators: number;
  edges: number;
  bridges: number;
  readingsPerMessage: number;
  /** Wall clock between two messages of one car. */
  messageIntervalMs: number;
  durationMs: number;
}

export interface Sizing {
  cars: number;
  messagesPerSecond: number;
  /** CPU-seconds a second, all processes together. */
  cores: number;
  memoryBytes: number;
  /** Kafka's log with its tiered copy, outboxes, results. */
  diskBytes: number;
  /** File descriptors of the process that needs most: one a car, and its own. */
  descriptorsPerProcess: number;
  /** Cars of one edge: each takes a local port towards it. */
  carsPerEdge: number;
  /** Ports that servers listen on. */
  serverPorts: number;
}

// Orders of magnitude from bench/pipeline on a 2-core machine, rounded up: cars 0.09, edges 0.12, bridge 0.09, Kafka 0.2
// CPU-seconds for 1,000 messages at 1,000 messages/s, and the testbed that reads them all back 0.05.
const cpuSecondsPerMessage = 0.00055;
const idleCores = 0.3;

const mebibyte = 1024 * 1024;
const kafkaBytes = 800 * mebibyte;
const testbedBytes = 250 * mebibyte;
/** Of a Node process with its libraries and a few seconds of work in hand. */
const processBytes = 130 * mebibyte;
/** A car in its simulator, and its connection at the edge. */
const carBytes = 20 * 1024 + 24 * 1024;

/** In the outbox, in Kafka's log, in its tiered copy, and as long again for indexes and what waits to be deleted. */
const copiesOnDisk = 4;
const idleDiskBytes = 300 * mebibyte;

/** How many of the cars this many cores would carry. */
export function carsWithin(cores: number, sizing: Sizing): number {
  const busy = sizing.cores - idleCores;
  return Math.max(1, Math.floor((sizing.cars * Math.max(0, cores - idleCores)) / busy));
}

export function sizingOf(load: Load): Sizing {
  const messagesPerSecond = (load.cars * 1000) / load.messageIntervalMs;
  const storedBytes =
    messagesPerSecond * (load.durationMs / 1000) * (maxTelemetryBytes(load.readingsPerMessage) + 100);
  const carsPerEdge = Math.ceil(load.cars / load.edges);
  const carsPerSimulator = Math.ceil(load.cars / load.simulators);
  const processes = load.simulators + load.edges + load.bridges;
  const kafkaPorts = 2 + load.bridges;
  const links = load.edges * (1 + load.bridges) + load.bridges;
  return {
    cars: load.cars,
    messagesPerSecond,
    cores: messagesPerSecond * cpuSecondsPerMessage + idleCores,
    memoryBytes: kafkaBytes + testbedBytes + processes * processBytes + load.cars * carBytes,
    diskBytes: storedBytes * copiesOnDisk + idleDiskBytes,
    descriptorsPerProcess: Math.max(carsPerEdge, carsPerSimulator) + 200,
    carsPerEdge,
    // Each part's and each edge's and bridge's own, Kafka's, and as many proxies as there may be links.
    serverPorts: processes + load.edges + load.bridges + kafkaPorts + links,
  };
}
