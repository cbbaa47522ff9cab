import { spoilKinds, type SpoilKind } from '#contract/ledger-records.ts';
import type { DetectorKind } from '#contract/release.ts';
import type { SignalName } from '#contract/signals.ts';
import type { FailureId, OverlayId } from '#simulator/failures/failures.ts';
import type { Spread } from '#simulator/population/spread.ts';
import type { MappingFile } from './mapping-file.ts';
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
  connect: { ratePerSecond: number; keepAliveMs: number };
  /** The first stage's cars connect before the schedule's zero; each later stage goes linearly from the one before. */
  stages: Stage[];
  edges: { count: number; spread?: Spread | undefined; outbox?: Outbox | undefined };
  /** As many as the machine's limits ask for; as the usual limits do, unless set. */
  simulators?: { count: number } | undefined;
  bridges: { count: number; commitEvery?: number | undefined };
  /** undefined: no model is learned, and none runs at an edge. */
  training: Training | undefined;
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
  /** Between two looks at what is due. */
  sendEveryMs: number;
  start: 'mixed' | 'parked' | 'warm';
  usage: 'continuous' | 'daily';
  /** The cars' clock at the schedule's zero, ms since 1970. */
  simStartMs: number;
  /** Cars that drive what was recorded; profiles, start and usage are then of no account. */
  recorded?: Recorded | undefined;
}

export interface Recorded {
  /** File or folder. */
  drives: string;
  file: MappingFile;
}

/** How much an edge keeps for a bridge that is away. */
export interface Outbox {
  /** Of messages on disk; the edge's own default unless set. */
  maxBytes?: number | undefined;
  /** At the limit: cars wait, or the oldest messages are dropped and counted as evicted. */
  whenFull: 'push-back' | 'drop-oldest';
  /** ms; the edge's own default unless set. */
  linger?: number | undefined;
}

export interface Stage {
  forMs: number;
  cars: number;
}

/** A model is learned from Kafka's history, and every edge gets it. */
export interface Training {
  /** From the schedule's zero, in order. */
  atMs: number[];
  /** What was appended in the last so many ms before the training; null: since the schedule's zero. */
  history: { lastMs: number | null };
  detector: DetectorKind;
  /** What its thresholds are set to, on the cars' clock. */
  falseAlarmsPerVehicleDay: number;
}

export type TimelineEntry =
  | Cut
  | Kill
  | Fail
  | Pause
  | Restart
  | Slow
  | Bandwidth
  | Reset
  | Flap
  | Storm
  | DiskFull
  | Spoil;

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
  /** Names of processes: bridge (bridge-1, …), kafka, edge-1, simulator-1. */
  targets: string[];
  /** As the scenario has it: edges/10%, edges/2, edges/random. */
  target: string;
  restart: 'always' | 'never';
  line: number;
}

/** Cars begin to fail. Which ones, the simulator says: its choice hangs on the seed. */
export interface Fail {
  action: 'fail';
  /** Onset, from the schedule's zero. */
  atMs: number;
  failure: FailureId | OverlayId;
  cars: number;
  /** Where the scenario has a share of the largest stage's cars: 0 to 1. */
  share: number | undefined;
  /** How far it has gone at the end: above 0, up to 1. */
  severity: number;
  /** From the onset to the failure, on the cars' clock; it may end after the schedule. */
  overMs: number;
  /** Which sensor, where one fails; which signal, of a signal-effect. */
  sensor: SignalName;
  /** signal-effect: value x factor + offset at its end. */
  factor?: number | undefined;
  offset?: number | undefined;
  line: number;
}

/** What cars send is spoiled on purpose. Which cars, the simulator says: its choice hangs on the seed. */
export interface Spoil {
  action: SpoilKind;
  /** From the schedule's zero; a message is hit by the time at which it is due. */
  atMs: number;
  forMs: number;
  cars: number;
  /** Where the scenario has a share of the largest stage's cars: 0 to 1. */
  share: number | undefined;
  /** One in so many messages of each car; 1 where the word takes no such number: all of them. */
  every: number;
  /** skew: how far the cars' own clock is ahead; below 0: behind. 0 with other words. */
  byMs: number;
  line: number;
}

/** Processes that stand still for a time (SIGSTOP, then SIGCONT): nothing is closed, nothing answers. */
export interface Pause {
  action: 'pause';
  /** From the schedule's zero. */
  atMs: number;
  forMs: number;
  /** Names of processes. */
  targets: string[];
  /** As the scenario has it. */
  target: string;
  line: number;
}

/** Processes that end in order (SIGTERM: they drain first) and start again, as in a rollout. */
export interface Restart {
  action: 'restart';
  /** From the schedule's zero. */
  atMs: number;
  /** Names of processes. */
  targets: string[];
  /** As the scenario has it. */
  target: string;
  line: number;
}

/** A link on which every byte is late, in both directions. */
export interface Slow {
  action: 'slow';
  /** From the schedule's zero. */
  atMs: number;
  forMs: number;
  link: Link;
  /** In each direction. */
  latencyMs: number;
  /** The latency is this much more or less, up to the latency itself. */
  jitterMs: number;
  line: number;
}

/** A link that carries only so much. */
export interface Bandwidth {
  action: 'bandwidth';
  /** From the schedule's zero. */
  atMs: number;
  forMs: number;
  link: Link;
  /** In each direction, all connections of the link together. */
  bytesPerSecond: number;
  line: number;
}

/** Every connection of a link is reset; new ones are taken at once. */
export interface Reset {
  action: 'reset';
  /** From the schedule's zero. */
  atMs: number;
  link: Link;
  line: number;
}

/** A link that is cut and healed again and again; it begins with a cut. */
export interface Flap {
  action: 'flap';
  /** From the schedule's zero. */
  atMs: number;
  forMs: number;
  link: Link;
  downMs: number;
  upMs: number;
  line: number;
}

/** All cars of one or more edges lose their connection at once and come back. */
export interface Storm {
  action: 'storm';
  /** From the schedule's zero. */
  atMs: number;
  /** One for each edge: cars/edge-1. */
  links: Link[];
  /** As the scenario has it: edge-1, edges/10%. */
  target: string;
  line: number;
}

/** Edges that cannot write: a commit of their outbox fails as on a disk without space. */
export interface DiskFull {
  action: 'disk-full';
  /** From the schedule's zero. */
  atMs: number;
  forMs: number;
  /** The edges whose disks they are. The process may be killed, paused or restarted meanwhile. */
  disks: string[];
  /** As the scenario has it: edge-1, edges/10%. */
  target: string;
  line: number;
}

export interface Link {
  from: string;
  to: string;
  /** edge-1/bridge, cars/edge-2, bridge/kafka; with several bridges also edge-1/bridge-2, bridge-2/kafka */
  name: string;
  /** What edge-1/bridge and bridge/kafka stand for when there are several bridges: a link for each of them. */
  of?: readonly Link[];
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

export function isSpoil(entry: TimelineEntry): entry is Spoil {
  return (spoilKinds as readonly string[]).includes(entry.action);
}

/** The links that a fault acts on, one by one. */
export function linksOf(entry: TimelineEntry): readonly Link[] {
  if ('link' in entry) return singles(entry.link);
  return 'links' in entry ? entry.links : [];
}

/** The links that one name stands for. */
export function singles(link: Link): readonly Link[] {
  return link.of ?? [link];
}
