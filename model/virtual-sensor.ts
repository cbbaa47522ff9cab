import type { SignalName } from '#contract/signals.ts';
import type { Artefact, ArtefactNetwork } from './artefact.ts';
import { CarStates } from './car-states.ts';
import { featureCount, featureIndex } from './feature-names.ts';
import { Network } from './network.ts';
import { normaliseRows } from './rows.ts';

/** Means over the recent past say little at first. */
const settleSeconds = 60;
/** Then this long a car's own offset is learnt, before anything is judged. */
const learnSeconds = 120;
/** Afterwards it is followed so slowly, and no further than this, that an onset is not learnt away. */
const followSeconds = 2400;
const maxOffset = 3;
const maxFollowed = 1;

/** A single reading says no more than this, standard deviations. */
const maxDeviation = 6;
/** What is forgiven at every reading, standard deviations. */
const forgiven = 1;
/** A CUSUM stops here, times its threshold, so that an alarm can end. */
const ceiling = 2;

/** Of heat, while an engine warms up, predictions are so much less certain. */
const warmingDoubt = 2;
const heatSignals: ReadonlySet<string> = new Set<SignalName>([
  'coolantTemperature',
  'oilTemperature',
  'intakeAirTemperature',
  'catalystTemperature',
]);

/** A car whose signal spreads wider than the fleet's is judged by its own spread over this time. */
const spreadSeconds = 600;
/** One reading adds no more than this to it, variances. */
const maxSpread = 9;

/**
 * A value without a change while a car drives is as odd as its prediction moved meanwhile: wholly from this on, standard
 * deviations.
 */
const movement = 1.5;
const drivingKmh = 5;

/** A car's numbers, by place. */
const at = {
  seconds: 0,
  offset: 1,
  high: 2,
  low: 3,
  value: 4,
  unchanged: 5,
  smallest: 6,
  largest: 7,
  spread: 8,
} as const;
const stateSize = 9;

const { speed, warming } = featureIndex;

export interface SensorThresholds {
  /** CUSUM, standard deviations x seconds. */
  raise: number;
  clear: number;
  /** Seconds of driving without a change. */
  stuck: number;
}

/** From a value and its prediction to standard deviations. */
interface Scales {
  middle: number;
  factor: number;
  residualMean: number;
  residualFactor: number;
  /** How much less certain it is while the engine warms up. */
  doubt: number;
}

/** What is said of one reading. @param stuck seconds without a change / their threshold */
export type Judged = (reading: number, z: number, level: number, stuck: number) => void;

/**
 * One signal: what it should be, by other signals and the past; by how much it misses that, over the fleet's spread and
 * beyond the car's own offset; and a two-sided CUSUM of it (Page, "Continuous inspection schemes", 1954), in seconds, so
 * that it does not hang on how often a car reads.
 */
export class VirtualSensor {
  readonly signal: SignalName;
  readonly thresholds: SensorThresholds;
  /** CUSUM / its threshold by row of the last `judge`; negative where the signal is too low. */
  levels = new Float32Array(0);
  /** Seconds without a change / their threshold. */
  stuck = new Float32Array(0);
  readonly #network: Network;
  readonly #artefact: ArtefactNetwork;
  readonly #normalisation: Artefact['normalisation'];
  readonly #target: number;
  readonly #scales: Scales;
  readonly #cars = new CarStates(stateSize);
  #inputs = new Float32Array(0);
  #predicted: Float32Array = new Float32Array(0);

  constructor(
    signal: SignalName,
    network: ArtefactNetwork,
    normalisation: Artefact['normalisation'],
    thresholds: SensorThresholds,
  ) {
    this.signal = signal;
    this.thresholds = thresholds;
    this.#network = new Network(network.layers);
    this.#artefact = network;
    this.#normalisation = normalisation;
    const target = network.targets[0] ?? 0;
    this.#target = target;
    this.#scales = {
      middle: normalisation.mean[target]!,
      factor: 1 / normalisation.scale[target]!,
      residualMean: network.residual.mean[0]!,
      residualFactor: 1 / network.residual.scale[0]!,
      doubt: heatSignals.has(signal) ? warmingDoubt : 0,
    };
  }

  /** @param rows [count][featureCount] */
  predict(rows: Float32Array, count: number): void {
    const { inputs } = this.#artefact;
    if (this.levels.length < count) {
      this.levels = new Float32Array(count);
      this.stuck = new Float32Array(count);
      this.#inputs = new Float32Array(count * inputs.length);
    }
    normaliseRows(rows, count, inputs, this.#normalisation, this.#inputs);
    this.#predicted = this.#network.forward(this.#inputs, count);
  }

  /**
   * Fills levels and stuck for the rows of one batch, which `predict` has seen.
   * @param rows [...][featureCount]; the batch's are from .. from + readings - 1
   * @param dt for how long each reading speaks, s
   */
  judge(slot: number, rows: Float32Array, from: number, readings: number, dt: number, judged?: Judged): void {
    const own = this.#cars.reach(slot);
    const state = this.#cars.numbers;
    if (Number.isNaN(state[own]!)) begin(state, own);
    const { raise } = this.thresholds;
    const perRaise = 1 / raise;
    const perStuck = 1 / this.thresholds.stuck;
    const most = ceiling * raise;
    const follow = dt / followSeconds;
    const respread = dt / spreadSeconds;
    const { middle, factor, residualMean, residualFactor, doubt } = this.#scales;
    const { levels, stuck } = this;
    const target = this.#target;
    const predictions = this.#predicted;
    let seconds = state[own + at.seconds]!;
    let offset = state[own + at.offset]!;
    let spread = state[own + at.spread]!;
    let high = state[own + at.high]!;
    let low = state[own + at.low]!;
    let last = state[own + at.value]!;
    let unchanged = state[own + at.unchanged]!;
    let smallest = state[own + at.smallest]!;
    let largest = state[own + at.largest]!;
    for (let reading = from; reading < from + readings; reading++) {
      const row = reading * featureCount;
      const value = rows[row + target]!;
      let z = 0;
      let moved = 0;
      // An absent signal says nothing, and nothing is forgotten.
      if (!Number.isNaN(value)) {
        const predicted = predictions[reading]!;
        let trust = residualFactor;
        if (doubt > 0 && rows[row + warming]! > 0) trust /= 1 + doubt * rows[row + warming]!;
        const deviation = ((value - middle) * factor - predicted - residualMean) * trust;
        const known = seconds - settleSeconds;
        const miss = deviation - offset;
        if (known >= learnSeconds) {
          z = limit(spread > 1 ? miss / Math.sqrt(spread) : miss, maxDeviation);
          high = between(high + (z - forgiven) * dt, most);
          low = between(low - (z + forgiven) * dt, most);
          // What stands as an alarm is not to be got used to.
          if (high < raise && low < raise) {
            offset = limit(offset + limit(z, maxFollowed) * follow, maxOffset);
          }
        } else if (known >= 0) {
          offset += (limit(deviation, maxOffset) - offset) * (dt / (known + dt));
        }
        if (known >= 0) {
          const square = Math.min(miss * miss, spread > 1 ? maxSpread * spread : maxSpread);
          spread += (square - spread) * (known < spreadSeconds ? dt / (known + dt) : respread);
        }
        seconds += dt;
        if (value === last) {
          if (!(rows[row + speed]! <= drivingKmh)) unchanged += dt;
          if (predicted < smallest) smallest = predicted;
          if (predicted > largest) largest = predicted;
          if (known >= learnSeconds) moved = ((largest - smallest) * trust) / movement;
        } else {
          last = value;
          unchanged = 0;
          smallest = predicted;
          largest = predicted;
        }
      }
      const level = (high >= low ? high : -low) * perRaise;
      const still = (moved < 1 ? moved * unchanged : unchanged) * perStuck;
      levels[reading] = level;
      stuck[reading] = still;
      if (judged) judged(reading - from, z, Math.abs(level), still);
    }
    state[own + at.seconds] = seconds;
    state[own + at.offset] = offset;
    state[own + at.high] = high;
    state[own + at.low] = low;
    state[own + at.value] = last;
    state[own + at.unchanged] = unchanged;
    state[own + at.smallest] = smallest;
    state[own + at.largest] = largest;
    state[own + at.spread] = spread;
  }

  /** The car under this slot begins anew, or is another one. */
  forget(slot: number): void {
    this.#cars.reach(slot);
    this.#cars.clear(slot);
  }
}

function begin(state: Float64Array, own: number): void {
  state.fill(0, own, own + stateSize);
  state[own + at.value] = Number.NaN;
}

/** Within -most … most. */
function limit(value: number, most: number): number {
  return value > most ? most : value < -most ? -most : value;
}

/** Within 0 … most. */
function between(value: number, most: number): number {
  return value > most ? most : value > 0 ? value : 0;
}
