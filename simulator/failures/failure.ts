import type { SignalName } from '#contract/signals.ts';
import type { FleetFailure } from '../fleet.ts';
import type { Profile } from '../population/profiles.ts';
import type { Health } from '../powertrain/health.ts';
import type { Chance } from './chance.ts';

/**
 * What can go wrong with a car, or only looks so: one file beside this one each. None of them draws from the car's random
 * streams.
 */
export interface FailureMode {
  /** How wear comes: from nothing at the onset to the severity at the failure. */
  readonly course: Course;
  /** What a car of this kind lacks, so that it cannot fail so: "a charger". undefined, or no such method: it can. */
  lacks?(profile: Profile, sensor: SignalName): string | undefined;
  /** The failure in one car. */
  inCar(failure: FleetFailure, chance: Chance): FailureInCar;
}

export interface FailureInCar {
  /** The signals that show it: it is detectable when the first of them leaves the healthy spread. */
  readonly signals: readonly SignalName[];
  /** So many readings in a row have to lie outside the healthy spread: 3 unless given. */
  readonly heldReadings?: number;
  /**
   * Sets what is wrong for the step of the physics that follows.
   * @param wear 0 at the onset … the severity at the failure; @param simTime when the step ends
   */
  act?(wear: number, health: Health, simTime: number): void;
  /** Changes what the sensors have just reported, from the onset on. */
  report?(wear: number, columns: readonly Float32Array[], reading: number, simTime: number): void;
}

/**
 * Growth: slowly at first, then ever faster. at-once: all of it from the onset on. while-it-lasts: a circumstance that
 * comes within a tenth of its time, stays, goes within the last tenth, and is over.
 */
export type Course = Growth | 'at-once' | 'while-it-lasts';

/** exp(a x^b) - 1 over x = 0 … 1. */
export interface Growth {
  a: number;
  b: number;
}

const comesWithin = 0.1;

/** Share of the wear at the end that is there after a share `x` of the time from onset to failure. */
export function shareAt(course: Course, x: number): number {
  if (x < 0) return 0;
  if (course === 'at-once') return 1;
  if (course === 'while-it-lasts') return Math.max(0, Math.min(1, x / comesWithin, (1 - x) / comesWithin));
  return grown(course, x);
}

/**
 * Share of the wear at the end that is there after a share `x` of the time: slowly at first, then ever faster, as health
 * 1 - d - (exp(a t^b) - 1) falls in NASA's turbofan data (Saxena et al., "Damage propagation modeling", 2008), with no
 * wear d before the onset.
 */
export function grown({ a, b }: Growth, x: number): number {
  return Math.expm1(a * Math.max(0, Math.min(1, x)) ** b) / Math.expm1(a);
}

/** `lacks` of what only a charged engine has. */
export function noCharger({ maxBoostKpa }: Profile): string | undefined {
  return maxBoostKpa > 0 ? undefined : 'a charger';
}

/** `lacks` of what only a petrol engine has: a three-way catalyst, and trims by lambda control. */
export function notPetrol({ fuel }: Profile): string | undefined {
  return fuel === 'petrol' ? undefined : 'a petrol engine';
}
