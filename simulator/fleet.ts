import type { SignalName } from '#contract/signals.ts';
import type { FailureId } from './failures/failures.ts';

/** What decides a car's life, and nothing else: two processes with the same Fleet simulate the same cars. */
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
  /** ms since 1970 on the cars' clocks when the schedule begins. */
  simStartMs: number;
  /** The fleet's size over time: flat in the first stage, then linear from one stage's cars to the next's. */
  stages: readonly Stage[];
  /** What goes wrong with some of the cars; nothing unless given. */
  failures?: readonly FleetFailure[];
}

/** One failure, in so many cars of the fleet. A car has at most one. */
export interface FleetFailure {
  failure: FailureId;
  /** Onset: wall clock, from the schedule's zero. */
  atMs: number;
  /** From the onset to the failure, on the car's clock. */
  overMs: number;
  /** How far it has gone at the end, above 0 and up to 1. */
  severity: number;
  cars: number;
  /** Which sensor, where one fails. */
  sensor: SignalName;
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
