import { signalIndex } from '#contract/signals.ts';
import type { Fleet, FleetFailure } from '../fleet.ts';
import type { Powertrain } from '../powertrain/powertrain.ts';
import { healthySpread } from '../sensors.ts';
import { grown, type FailureInCar, type FailureMode } from './failure.ts';
import { failureModes } from './failures.ts';

/** So many readings in a row lie outside the healthy spread before a failure counts as detectable. */
const heldReadings = 3;

/** When a failure happens, ms on the car's clock: begins, can be seen (null: not yet), is complete. */
export interface FailureTimes {
  failure: FleetFailure;
  onsetSim: number;
  detectableAtSim: number | null;
  failureAtSim: number;
}

/**
 * What a failing car has beyond a healthy one. Its wear hangs on the car's clock alone, so a car that joins the fleet
 * after the onset, or lives through its past again, is as worn as it should be.
 */
export class FailingCar {
  /** The car's state, had it stayed well. */
  twin: { numbers: Float64Array; words: Int32Array } | undefined;
  /** undefined before the onset; a new object whenever more is known. */
  times: FailureTimes | undefined;
  /** It can still become detectable. */
  isWatched = true;
  readonly #failure: FleetFailure;
  readonly #mode: FailureMode;
  readonly #inCar: FailureInCar;
  readonly #intervalMs: number;
  readonly #onsetSim: number;
  /** Readings in a row outside the healthy spread. */
  #away = 0;
  #awaySince = 0;

  constructor(fleet: Fleet, failure: FleetFailure) {
    this.#failure = failure;
    this.#mode = failureModes[failure.failure];
    this.#inCar = this.#mode.inCar(failure);
    this.#intervalMs = fleet.intervalMs;
    this.#onsetSim = fleet.simStartMs + Math.round(failure.atMs * fleet.speedup);
  }

  hasBegunBy(simTime: number): boolean {
    return simTime >= this.#onsetSim;
  }

  /** Changes the physics for the step that ends at `simTime`. */
  act(simTime: number, powertrain: Powertrain): void {
    if (!this.hasBegunBy(simTime)) return;
    const { overMs, severity } = this.#failure;
    const wear = severity * grown(this.#mode.growth, (simTime - this.#onsetSim) / overMs);
    this.#inCar.act?.(wear, powertrain);
  }

  /** Changes what was reported at `simTime`. */
  report(simTime: number, columns: readonly Float32Array[], reading: number): void {
    if (this.hasBegunBy(simTime)) this.#inCar.report?.(columns, reading);
  }

  /** Looks for the failure in a message, beside what the healthy twin reports; `times` says what is known by now. */
  compare(columns: readonly Float32Array[], healthy: readonly Float32Array[], simTime: number): void {
    const failureAtSim = this.#onsetSim + this.#failure.overMs;
    this.times ??= { failure: this.#failure, onsetSim: this.#onsetSim, detectableAtSim: null, failureAtSim };
    if (!this.isWatched) return;
    const signal = signalIndex[this.#inCar.signal];
    const reported = columns[signal]!;
    const well = healthy[signal]!;
    for (let reading = 0; reading < reported.length && this.isWatched; reading++) {
      const at = simTime + reading * this.#intervalMs;
      const apart = Math.abs(reported[reading]! - well[reading]!);
      const isAway = apart > healthySpread(signal, well[reading]!);
      // What begins to show after the failure is complete was never to be seen in time.
      if (this.#away === 0 && at > failureAtSim) this.isWatched = false;
      else if (!isAway) this.#away = 0;
      else if (++this.#away === 1) this.#awaySince = at;
      if (this.#away < heldReadings) continue;
      this.times = { ...this.times, detectableAtSim: this.#awaySince };
      this.isWatched = false;
    }
    if (!this.isWatched) this.twin = undefined;
  }
}
