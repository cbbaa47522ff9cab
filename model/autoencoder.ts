import { signalNames, type SignalName } from '#contract/signals.ts';
import { ArtefactError, type Artefact } from './artefact.ts';
import { CarRows } from './car-rows.ts';
import { CarStates } from './car-states.ts';
import type { BatchScores, ScoreItem, Scorer, Trace, Transition } from './detector.ts';
import { featureCount } from './feature-names.ts';
import { Network } from './network.ts';
import { normaliseRows } from './rows.ts';
import { StandingAlarms } from './standing-alarms.ts';
import { stepSeconds } from './step.ts';
import { thresholdOf } from './thresholds.ts';

const settleSeconds = 60;
const smoothSeconds = 30;
/** Of one reading of one signal, standard deviations. */
const maxDeviation = 20;

type Judged = (signal: SignalName, reading: number, z: number, level: number) => void;

/**
 * The baseline: one network squeezes all signals of a reading and restores them; what it restores badly is unusual. The
 * score is the mean squared error over signals, in the spread of calibration vehicles, smoothed per car.
 */
export class Autoencoder implements Scorer {
  readonly #signals: readonly SignalName[];
  readonly #artefact: Artefact;
  readonly #inputs: readonly number[];
  readonly #targets: Int32Array;
  readonly #residual: { mean: Float32Array; scale: Float32Array };
  readonly #network: Network;
  readonly #rows = new CarRows();
  readonly #alarms: StandingAlarms;
  /** Of each car: seconds seen, then the smoothed squared error of each signal. */
  readonly #cars: CarStates;
  readonly #raise: number;
  readonly #clear: number;
  #normalised = new Float32Array(0);
  #worst = 0;
  #z = 0;

  /** @throws ArtefactError */
  constructor(artefact: Artefact) {
    const [network] = artefact.networks;
    if (!network || artefact.networks.length !== 1) throw new ArtefactError('an autoencoder is one network');
    this.#signals = network.targets.map((target) => {
      const signal = signalNames[target];
      if (!signal) throw new ArtefactError(`an autoencoder restores signals, and ${target} is none`);
      return signal;
    });
    this.#artefact = artefact;
    this.#inputs = network.inputs;
    this.#targets = Int32Array.from(network.targets);
    this.#residual = network.residual;
    this.#network = new Network(network.layers);
    this.#alarms = new StandingAlarms(this.#signals);
    this.#cars = new CarStates(1 + this.#signals.length);
    this.#raise = thresholdOf(artefact.thresholds, 'error.raise');
    this.#clear = thresholdOf(artefact.thresholds, 'error.clear');
  }

  get cars(): number {
    return this.#rows.cars;
  }

  score(items: readonly ScoreItem[], trace?: Trace): BatchScores[] {
    const results: BatchScores[] = [];
    while (results.length < items.length) {
      const first = results.length;
      const end = this.#rows.fill(items, first);
      const { values, count, readings, anew } = this.#rows;
      if (this.#normalised.length < count * this.#inputs.length) {
        this.#normalised = new Float32Array(count * this.#inputs.length);
      }
      normaliseRows(values, count, this.#inputs, this.#artefact.normalisation, this.#normalised);
      const restored = this.#network.forward(this.#normalised, count);
      for (let item = first, row = 0; item < end; item++) {
        const own = readings[item - first]!;
        if (anew[item - first]) this.#begin(items[item]!.slot);
        const judged: Judged | undefined =
          trace && ((signal, reading, z, level) => trace(item, reading, signal, z, level, 0, 0));
        results.push(this.#judge(items[item]!, restored, row, own, judged));
        row += own;
      }
    }
    return results;
  }

  forget(slot: number): void {
    this.#rows.forget(slot);
    this.#alarms.forget(slot);
    this.#begin(slot);
  }

  #begin(slot: number): void {
    const own = this.#cars.reach(slot);
    this.#cars.numbers.fill(0, own, own + 1 + this.#signals.length);
  }

  #judge(
    { slot, batch }: ScoreItem,
    restored: Float32Array,
    from: number,
    readings: number,
    judged?: Judged,
  ): BatchScores {
    const own = this.#cars.reach(slot);
    const state = this.#cars.numbers;
    const dt = stepSeconds(batch.intervalMs);
    const scores = new Float32Array(readings);
    const transitions: Transition[] = [];
    for (let reading = 0; reading < readings; reading++) {
      const seconds = state[own]!;
      const share = dt / (Math.min(seconds, smoothSeconds) + dt);
      const error = this.#follow(state, own + 1, restored, from + reading, share);
      state[own] = seconds + dt;
      const score = seconds < settleSeconds ? 0 : error / this.#raise;
      scores[reading] = score;
      const isStanding = this.#alarms.of(slot) > 0;
      if (isStanding && score <= this.#clear / this.#raise) {
        for (const [signal] of this.#signals.entries()) {
          if (this.#alarms.has(slot, signal))
            transitions.push(this.#alarms.clear(slot, signal, reading, score));
        }
      } else if (!isStanding && score >= 1) {
        const reason = this.#z >= 0 ? 'high' : 'low';
        transitions.push(this.#alarms.raise(slot, this.#worst, reason, reading, score));
      }
      if (judged) judged(this.#signals[this.#worst]!, reading, this.#z, score);
    }
    return { scores, transitions };
  }

  /**
   * Follows each signal's squared error; #worst is then the largest and #z its error now, with its sign.
   * @returns their mean over the signals that are there
   */
  #follow(state: Float64Array, at: number, restored: Float32Array, row: number, share: number): number {
    const { mean, scale } = this.#artefact.normalisation;
    const width = this.#targets.length;
    let sum = 0;
    let present = 0;
    let largest = -1;
    for (let index = 0; index < width; index++) {
      const feature = this.#targets[index]!;
      const value = this.#rows.values[row * featureCount + feature]!;
      if (Number.isNaN(value)) continue;
      const residual = (value - mean[feature]!) / scale[feature]! - restored[row * width + index]!;
      const deviation = (residual - this.#residual.mean[index]!) / this.#residual.scale[index]!;
      const z = Math.max(-maxDeviation, Math.min(maxDeviation, deviation));
      const error = state[at + index]! + (z * z - state[at + index]!) * share;
      state[at + index] = error;
      sum += error;
      present++;
      if (error <= largest) continue;
      largest = error;
      this.#worst = index;
      this.#z = z;
    }
    return present === 0 ? 0 : sum / present;
  }
}
