import { signalIndex } from '#contract/signals.ts';
import type { Fleet, FleetFailure } from '../fleet.ts';
import type { Health } from '../powertrain/health.ts';
import { RandomStream } from '../random.ts';
import { Chance } from './chance.ts';
import { shareAt, type FailureInCar, type FailureMode } from './failure.ts';
import { modeOf } from './failures.ts';
import { TwinWatch } from './twin-watch.ts';

/** When a failure happens, ms on the car's clock: begins, can be seen (null: not yet), is complete. */
export interface FailureTimes {
  failure: FleetFailure;
  onsetSim: number;
  detectableAtSim: number | null;
  /** Of a benign circumstance: when it is over. */
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
  readonly #failure: FleetFailure;
  readonly #mode: FailureMode;
  readonly #inCar: FailureInCar;
  readonly #intervalMs: number;
  readonly #onsetSim: number;
  readonly #watch: TwinWatch;

  /** @param index the car's, within the fleet */
  constructor(fleet: Fleet, failure: FleetFailure, index: number) {
    this.#failure = failure;
    this.#mode = modeOf(failure.failure);
    this.#inCar = this.#mode.inCar(failure, new Chance(fleet.seed, index));
    this.#intervalMs = fleet.intervalMs;
    this.#onsetSim = fleet.simStartMs + Math.round(onsetMs(fleet, failure, index) * fleet.speedup);
    const { signals, heldReadings } = this.#inCar;
    const indices = signals.map((name) => signalIndex[name]);
    this.#watch = new TwinWatch(indices, this.#onsetSim + failure.overMs, heldReadings);
  }

  /** It can still become detectable. */
  get isWatched(): boolean {
    return this.#watch.isOpen;
  }

  hasBegunBy(simTime: number): boolean {
    return simTime >= this.#onsetSim;
  }

  /** Changes what the physics meets in the step that ends at `simTime`. */
  act(simTime: number, health: Health): void {
    if (this.hasBegunBy(simTime)) this.#inCar.act?.(this.#wearAt(simTime), health, simTime);
  }

  /** Changes what was reported at `simTime`. */
  report(simTime: number, columns: readonly Float32Array[], reading: number): void {
    if (this.hasBegunBy(simTime)) this.#inCar.report?.(this.#wearAt(simTime), columns, reading, simTime);
  }

  #wearAt(simTime: number): number {
    const { overMs, severity } = this.#failure;
    return severity * shareAt(this.#mode.course, (simTime - this.#onsetSim) / overMs);
  }

  /** Looks for the failure in a message, beside what the healthy twin reports; `times` says what is known by now. */
  compare(columns: readonly Float32Array[], healthy: readonly Float32Array[], simTime: number): void {
    const failureAtSim = this.#onsetSim + this.#failure.overMs;
    this.times ??= { failure: this.#failure, onsetSim: this.#onsetSim, detectableAtSim: null, failureAtSim };
    if (!this.isWatched) return;
    const detectableAtSim = this.#watch.look(columns, healthy, simTime, this.#intervalMs);
    if (detectableAtSim !== undefined) this.times = { ...this.times, detectableAtSim };
    if (!this.isWatched) this.twin = undefined;
  }
}

/** Wall clock, from the schedule's zero. */
function onsetMs({ seed }: Fleet, { atMs, withinMs }: FleetFailure, index: number): number {
  if (withinMs === undefined) return atMs;
  return atMs + RandomStream.of(seed, index, 'onset').uniform() * withinMs;
}
