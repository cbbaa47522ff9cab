import type { SpoilKind } from '#contract/ledger-records.ts';
import type { SignalName } from '#contract/signals.ts';
import type { FailureId, OverlayId } from './failures/failures.ts';

/** What decides a car's life and what it sends, and nothing else: two processes with the same Fleet simulate the same cars. */
export interface Fleet {
  seed: number;
  /** Cars of the whole fleet, over all processes. */
  cars: number;
  /** Share of each profile, of any sum. */
  profiles: Record<string, number>;
  /** Between two readings, on the car's clock. */
  intervalMs: number;
  readingsPerMessage: number;
  /** Simulated seconds per second. */
  speedup: number;
  /** Cold in their parking places, warm in the middle of a trip, or some of both. */
  start: 'mixed' | 'parked' | 'warm';
  /** Where the cars drive what was recorded: the index of the drives (recorded/drives-file.ts). */
  recorded?: string | undefined;
  /** On and on, or a few trips a day and parked between them; continuous unless given. */
  usage?: 'continuous' | 'daily';
  /** ms since 1970 on the cars' clocks when the schedule begins. */
  simStartMs: number;
  /** The fleet's size over time: flat in the first stage, then linear from one stage's cars to the next's. */
  stages: readonly Stage[];
  /** What goes wrong with some of the cars; nothing unless given. */
  failures?: readonly FleetFailure[];
  /** What goes wrong with what some of the cars send; nothing unless given. */
  spoils?: readonly FleetSpoil[];
}

/** One failure, in so many cars of the fleet. A car has at most one. */
export interface FleetFailure {
  failure: FailureId | OverlayId;
  /** Onset: wall clock, from the schedule's zero. */
  atMs: number;
  /** Each car has an onset of its own, up to so much later, drawn by the seed; all at once unless given. */
  withinMs?: number | undefined;
  /** From the onset to the failure, on the car's clock. */
  overMs: number;
  /** How far it has gone at the end, above 0 and up to 1. */
  severity: number;
  cars: number;
  /** Which sensor, where one fails; which signal, of a signal-effect. */
  sensor: SignalName;
  /** signal-effect: value x factor + offset at its end. */
  factor?: number | undefined;
  offset?: number | undefined;
}

/** One way of spoiling what so many cars of the fleet send, on purpose. */
export interface FleetSpoil {
  kind: SpoilKind;
  /** Wall clock, from the schedule's zero: what is due from then on … */
  atMs: number;
  /** … for so long. */
  forMs: number;
  cars: number;
  /** Each so-manieth message, where it is about single messages. */
  every: number;
  /** skew: how far the cars' clocks are ahead, negative behind. */
  byMs: number;
}

export interface Stage {
  /** Wall clock. */
  forMs: number;
  cars: number;
}

/** Between two messages of a car, on the wall clock. */
export function messageIntervalMs(fleet: Fleet): number {
  return (fleet.intervalMs * fleet.readingsPerMessage) / fleet.speedup;
}

/** Which part of a fleet a shard drives. */
export interface Part {
  process: number;
  processes: number;
  worker: number;
  workers: number;
}

/** Indices of the cars that a shard owns: process i of n has index % n == i, worker j of m every m-th of these. */
export function ownCars(cars: number, part: Part): number[] {
  const own: number[] = [];
  const first = part.process + part.worker * part.processes;
  for (let index = first; index < cars; index += part.processes * part.workers) own.push(index);
  return own;
}
