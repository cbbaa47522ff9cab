import { signalIndex, type SignalName } from '#contract/signals.ts';
import type { Artefact, ArtefactNetwork } from './artefact.ts';
import { hasSensorCode } from './causes.ts';
import { featureCount, featureIndex } from './feature-names.ts';
import { sourcesOf, type Sources } from './feature-sources.ts';
import type { Predictors } from './predictors.ts';

/** Means over the recent past say little at first. */
const settleSeconds = 60;
/** Then this long a car's own offset is learnt, before anything is judged. */
const learnSeconds = 120;
/** Afterwards it is followed so slowly, and no further than this, that an onset is not learnt away. */
const followSeconds = 2400;
const maxOffset = 8;
const maxFollowed = 1;

/** A single reading says no more than this, standard deviations. */
const maxDeviation = 6;
/** What is forgiven at every reading, standard deviations. */
const forgiven = 1;
/** A CUSUM stops here, times its threshold, so that an alarm can end. */
const ceiling = 2;

/** Of heat, predictions are so much less certain while an engine warms up, and where fuel is only guessed, as a diesel's. */
const warmingDoubt = 2;
const fuelDoubt = 1;
const heatSignals: ReadonlySet<string> = new Set<SignalName>([
  'coolantTemperature',
  'oilTemperature',
  'intakeAirTemperature',
  'catalystTemperature',
]);

/** By so much less certain for each standard deviation that an input lies beyond what is usual. */
const noveltyDoubt = 1.5;

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

/**
 * From reading to reading a residual leaps by its noise, and what measures heat, pressure or air by little more: what goes
 * beyond this, standard deviations, adds up, no leap with more than the second, and is forgotten at so much a second.
 */
const usualLeap = 3;
const maxLeap = 12;
const forgottenLeap = 0.05;
/** What has leapt so many times its threshold is not forgotten for longer. */
const leapCeiling = 1.2;

/** For so many times as long as another signal was absent, what remembers it is not asked; at most so long, s. */
const absenceEcho = 3;
const longestEcho = 120;

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
  missed: 9,
  leaps: 10,
  echo: 11,
} as const;
/** How many numbers of a car a sensor keeps. */
export const stateSize = 12;

const { absent, displacement, speed, warming, hasFuelTrim } = featureIndex;

export interface SensorThresholds {
  /** CUSUM, standard deviations x seconds. */
  raise: number;
  clear: number;
  /** Seconds of driving without a change. */
  stuck: number;
  /** Standard deviations of leaps. */
  erratic: number;
}

/** From a value and its prediction to standard deviations. */
interface Scales {
  middle: number;
  factor: number;
  residualMean: number;
  residualFactor: number;
}

/** What is said of one reading; each but z over its threshold. */
export type Judged = (reading: number, z: number, level: number, stuck: number, erratic: number) => void;

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
  /** What says that the sensor itself is to blame: it stands still or leaps; over its threshold. */
  faults = new Float32Array(0);
  readonly #predictors: Predictors;
  /** Among them. */
  readonly #index: number;
  readonly #target: number;
  /** What the sensor itself says. */
  readonly #own: number;
  readonly #sources: Sources;
  readonly #leapsAreOdd: boolean;
  readonly #scales: Scales;
  readonly #isHeat: boolean;

  constructor(
    signal: SignalName,
    network: ArtefactNetwork,
    normalisation: Artefact['normalisation'],
    thresholds: SensorThresholds,
    predictors: Predictors,
    index: number,
  ) {
    this.signal = signal;
    this.thresholds = thresholds;
    this.#predictors = predictors;
    this.#index = index;
    const target = network.targets[0] ?? 0;
    this.#target = target;
    this.#own = signalIndex[signal];
    this.#sources = sourcesOf(network.inputs, normalisation);
    this.#leapsAreOdd = hasSensorCode(signal);
    this.#scales = {
      middle: normalisation.mean[target]!,
      factor: 1 / normalisation.scale[target]!,
      residualMean: network.residual.mean[0]!,
      residualFactor: 1 / network.residual.scale[0]!,
    };
    this.#isHeat = heatSignals.has(signal);
  }

  /** Room for the levels and faults of so many rows. */
  reserve(count: number): void {
    if (this.levels.length >= count) return;
    this.levels = new Float32Array(count);
    this.faults = new Float32Array(count);
  }

  /**
   * Fills levels and faults for the rows of one batch, of which there are predictions.
   * @param state where the car's numbers stand, from `own` on; NaN for a car that begins
   * @param rows [...][featureCount]; the batch's are from .. from + readings - 1
   * @param dt for how long each reading speaks, s
   * @param scores [readings], each raised to what this signal says at least
   */
  judge(
    state: Float64Array,
    own: number,
    rows: Float32Array,
    from: number,
    readings: number,
    dt: number,
    scores: Float32Array,
    judged?: Judged,
  ): void {
    if (Number.isNaN(state[own]!)) begin(state, own);
    const { raise } = this.thresholds;
    const perRaise = 1 / raise;
    const perStuck = 1 / this.thresholds.stuck;
    const perErratic = 1 / this.thresholds.erratic;
    const most = ceiling * raise;
    const mostLeaps = leapCeiling * this.thresholds.erratic;
    const { signals: asked, needsSize, remembers } = this.#sources;
    const leapsAreOdd = this.#leapsAreOdd;
    const follow = dt / followSeconds;
    const respread = dt / spreadSeconds;
    const { middle, factor, residualMean, residualFactor } = this.#scales;
    const isHeat = this.#isHeat;
    const { levels, faults } = this;
    const target = this.#target;
    const reported = this.#own;
    const { unusual, table } = this.#predictors;
    const predicted = this.#predictors.outputOf(this.#index);
    let seconds = state[own + at.seconds]!;
    let offset = state[own + at.offset]!;
    let spread = state[own + at.spread]!;
    let high = state[own + at.high]!;
    let low = state[own + at.low]!;
    let last = state[own + at.value]!;
    let unchanged = state[own + at.unchanged]!;
    let smallest = state[own + at.smallest]!;
    let largest = state[own + at.largest]!;
    let before = state[own + at.missed]!;
    let leaps = state[own + at.leaps]!;
    let echo = state[own + at.echo]!;
    for (let reading = from; reading < from + readings; reading++) {
      const row = reading * featureCount;
      const value = rows[row + target]!;
      let z = 0;
      let moved = 0;
      // An absent signal says nothing, its own or another's, and nothing is forgotten.
      let isTold = !Number.isNaN(value) && !(needsSize && Number.isNaN(rows[row + displacement]!));
      if (rows[row + absent]! > 0 && (rows[row + absent]! & asked) !== 0) {
        isTold = false;
        if (remembers) echo = Math.min(longestEcho, echo + absenceEcho * dt);
      } else if (echo > 0) {
        isTold = false;
        echo -= dt;
      }
      if (isTold) {
        let trust = residualFactor;
        if (isHeat) {
          const doubt = warmingDoubt * rows[row + warming]! + fuelDoubt * (1 - rows[row + hasFuelTrim]!);
          if (doubt > 0) trust /= 1 + doubt;
        }
        if (unusual[reading]! > 0)
          trust /= 1 + noveltyDoubt * this.#predictors.noveltyOf(this.#index, reading);
        const missed = (value - middle) * factor - table[predicted + reading]! - residualMean;
        const deviation = missed * trust;
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
        if (leapsAreOdd) {
          const leap = Math.abs(missed - before) * trust - usualLeap;
          if (leap > 0 && known >= learnSeconds) leaps += leap < maxLeap ? leap : maxLeap;
          leaps = between(leaps - forgottenLeap * dt, mostLeaps);
          before = missed;
        }
        const said = rows[row + reported]!;
        if (said === last) {
          if (!(rows[row + speed]! <= drivingKmh)) unchanged += dt;
          // While a sensor stands still, what is missed moves as what is predicted.
          if (missed < smallest) smallest = missed;
          if (missed > largest) largest = missed;
          if (known >= learnSeconds) moved = ((largest - smallest) * trust) / movement;
        } else {
          last = said;
          unchanged = 0;
          smallest = missed;
          largest = missed;
        }
      } else before = Number.NaN;
      const level = (high >= low ? high : -low) * perRaise;
      const still = (moved < 1 ? moved * unchanged : unchanged) * perStuck;
      levels[reading] = level;
      const erratic = leaps * perErratic;
      const fault = still > erratic ? still : erratic;
      faults[reading] = fault;
      const size = level < 0 ? -level : level;
      const score = fault > size ? fault : size;
      if (score > scores[reading - from]!) scores[reading - from] = score;
      if (judged) judged(reading - from, z, size, still, erratic);
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
    state[own + at.missed] = before;
    state[own + at.leaps] = leaps;
    state[own + at.echo] = echo;
  }
}

function begin(state: Float64Array, own: number): void {
  state.fill(0, own, own + stateSize);
  state[own + at.value] = Number.NaN;
  state[own + at.missed] = Number.NaN;
}

/** Within -most … most. */
function limit(value: number, most: number): number {
  return value > most ? most : value < -most ? -most : value;
}

/** Within 0 … most. */
function between(value: number, most: number): number {
  return value > most ? most : value > 0 ? value : 0;
}
