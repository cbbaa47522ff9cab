import type { SignalName } from '#contract/signals.ts';
import type { FleetFailure } from '../fleet.ts';
import type { Powertrain } from '../powertrain/powertrain.ts';

/** What can go wrong with a car: one file beside this one each. None of them draws from the car's random streams. */
export interface FailureMode {
  /** How wear grows from onset to failure. */
  readonly growth: Growth;
  /** The failure in one car. */
  inCar(failure: FleetFailure): FailureInCar;
}

export interface FailureInCar {
  /** The signal that shows it. */
  readonly signal: SignalName;
  /** Changes the physics of the step that follows; @param wear 0 at the onset … the severity at the failure */
  act?(wear: number, powertrain: Powertrain): void;
  /** Changes what the sensors have just reported, from the onset on. */
  report?(columns: readonly Float32Array[], reading: number): void;
}

/** exp(a x^b) - 1 over x = 0 … 1. */
export interface Growth {
  a: number;
  b: number;
}

/**
 * Share of the wear at the end that is there after a share `x` of the time: slowly at first, then ever faster, as health
 * 1 - d - (exp(a t^b) - 1) falls in NASA's turbofan data (Saxena et al., "Damage propagation modeling", 2008), with no
 * wear d before the onset.
 */
export function grown({ a, b }: Growth, x: number): number {
  return Math.expm1(a * Math.max(0, Math.min(1, x)) ** b) / Math.expm1(a);
}
