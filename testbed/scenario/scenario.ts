import type { Comparison } from './values.ts';

/**
 * A scenario that has been checked: every reference resolves, every unit is converted. What the rest of the testbed
 * works with; how a user writes it is file.ts.
 */
export interface Scenario {
  name: string;
  description: string | undefined;
  /** Same seed, same fleet. */
  seed: number;
  fleet: Fleet;
  connect: { ratePerSecond: number };
  /** The first stage's cars connect before the schedule's zero; each later stage goes linearly from the one before. */
  stages: Stage[];
  edges: { count: number };
  /** In the order of time. */
  timeline: TimelineEntry[];
  thresholds: Threshold[];
}

export interface Fleet {
  /** Share of each profile; they add up to 1. */
  profiles: Record<string, number>;
  /** Between two readings, on the car's clock. */
  intervalMs: number;
  readingsPerMessage: number;
  qos: 0 | 1;
  /** How many times faster than the wall clock a car's clock goes. */
  speedup: number;
  start: 'mixed' | 'parked' | 'warm';
  /** The cars' clock at the schedule's zero, ms since 1970. */
  simStartMs: number;
}

export interface Stage {
  forMs: number;
  cars: number;
}

export type TimelineEntry = Cut | Kill;

/** A link that carries nothing for a time. */
export interface Cut {
  action: 'cut';
  /** From the schedule's zero. */
  atMs: number;
  forMs: number;
  link: Link;
  /** Where it stands in the file. */
  line: number;
}

/** SIGKILL for one or more processes. */
export interface Kill {
  action: 'kill';
  atMs: number;
  /** Names of processes: bridge, kafka, edge-1, simulator-1. */
  targets: string[];
  /** As the scenario has it: edges/10%. */
  target: string;
  restart: 'always' | 'never';
  line: number;
}

export interface Link {
  from: string;
  to: string;
  /** edge-1/bridge, cars/edge-2, bridge/kafka */
  name: string;
}

export interface Threshold {
  /** Path of a number in summary.json: latency.carToKafkaMs.p99 */
  metric: string;
  op: Comparison;
  value: number;
  /** As the scenario has it. */
  condition: string;
}

/** Wall clock between two messages of one car. */
export function messageIntervalMs({ fleet }: Scenario): number {
  return (fleet.intervalMs * fleet.readingsPerMessage) / fleet.speedup;
}
