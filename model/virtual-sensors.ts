import { signalNames } from '#contract/signals.ts';
import { ArtefactError, type Artefact } from './artefact.ts';
import { CarRows } from './car-rows.ts';
import { CarStates } from './car-states.ts';
import type { BatchScores, ScoreItem, Scorer, Trace, Transition } from './detector.ts';
import { Predictors } from './predictors.ts';
import { StandingAlarms, type Reason } from './standing-alarms.ts';
import { stepSeconds } from './step.ts';
import { thresholdOf } from './thresholds.ts';
import { stateSize, VirtualSensor, type Judged } from './virtual-sensor.ts';

/** From this share of its threshold on, a sensor that stands still or leaps is the likeliest culprit ... */
const suspectFault = 0.2;
/** ... if its own CUSUM says so far as well that something is wrong. */
const suspectLevel = 0.3;

/** A virtual sensor for each diagnostic signal, and alarms that name the one with the most evidence. */
export class VirtualSensors implements Scorer {
  readonly #sensors: readonly VirtualSensor[];
  readonly #predictors: Predictors;
  readonly #rows = new CarRows();
  readonly #alarms: StandingAlarms;
  readonly #cars: CarStates;

  /** @throws ArtefactError */
  constructor({ networks, normalisation, thresholds }: Artefact) {
    this.#predictors = new Predictors(networks, normalisation);
    this.#sensors = networks.map((network, index) => {
      const signal = signalNames.find((name) => name === network.name);
      if (!signal || network.targets.length !== 1) {
        throw new ArtefactError(`network ${network.name} is of no single signal`);
      }
      const own = (name: string): number => thresholdOf(thresholds, `${signal}.${name}`);
      const [raise, clear, stuck, erratic] = [own('raise'), own('clear'), own('stuck'), own('erratic')];
      return new VirtualSensor(
        signal,
        network,
        normalisation,
        { raise, clear, stuck, erratic },
        this.#predictors,
        index,
      );
    });
    this.#cars = new CarStates(stateSize * this.#sensors.length);
    this.#alarms = new StandingAlarms(this.#sensors.map(({ signal }) => signal));
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
      this.#predictors.fill(values, count);
      this.#predictors.predict(count);
      for (const sensor of this.#sensors) sensor.reserve(count);
      for (let item = first, row = 0; item < end; item++) {
        const { slot, batch } = items[item]!;
        const own = readings[item - first]!;
        const dt = stepSeconds(batch.intervalMs);
        const scores = new Float32Array(own);
        if (anew[item - first]) this.#cars.clear(slot);
        let at = this.#cars.reach(slot);
        const state = this.#cars.numbers;
        for (const sensor of this.#sensors) {
          const judged: Judged | undefined =
            trace &&
            ((reading, z, level, stuck, erratic) =>
              trace(item, reading, sensor.signal, z, level, stuck, erratic));
          sensor.judge(state, at, values, row, own, dt, scores, judged);
          at += stateSize;
        }
        results.push({ scores, transitions: this.#transitions(slot, row, scores) });
        row += own;
      }
    }
    return results;
  }

  forget(slot: number): void {
    this.#rows.forget(slot);
    this.#alarms.forget(slot);
    this.#cars.clear(slot);
  }

  #transitions(slot: number, from: number, scores: Float32Array): Transition[] {
    const transitions: Transition[] = [];
    for (let reading = 0; reading < scores.length; reading++) {
      if (this.#alarms.of(slot) > 0) this.#clear(slot, from, reading, transitions);
      if (scores[reading]! >= 1) this.#raise(slot, from, reading, transitions);
    }
    return transitions;
  }

  #clear(slot: number, from: number, reading: number, transitions: Transition[]): void {
    for (const [index, sensor] of this.#sensors.entries()) {
      if (!this.#alarms.has(slot, index)) continue;
      const level = Math.abs(sensor.levels[from + reading]!);
      const { raise, clear } = sensor.thresholds;
      if (level > clear / raise || sensor.faults[from + reading]! >= 1) continue;
      transitions.push(this.#alarms.clear(slot, index, reading, evidenceOf(sensor, from + reading)));
    }
  }

  /** What one part does wrong, others show as well: only the signal with the most evidence may raise. */
  #raise(slot: number, from: number, reading: number, transitions: Transition[]): void {
    const row = from + reading;
    let accused = -1;
    let most = 0;
    for (const [index, sensor] of this.#sensors.entries()) {
      const evidence = evidenceOf(sensor, row) + (isSuspect(sensor, row) ? suspicion : 0);
      if (evidence > most) {
        most = evidence;
        accused = index;
      }
    }
    const sensor = this.#sensors[accused];
    if (!sensor || this.#alarms.has(slot, accused)) return;
    const direction: Reason = sensor.levels[row]! >= 0 ? 'high' : 'low';
    const reason = isSuspect(sensor, row) ? 'sensor' : direction;
    transitions.push(this.#alarms.raise(slot, accused, reason, reading, evidenceOf(sensor, row)));
  }
}

/** Above every evidence. */
const suspicion = 1000;

function evidenceOf({ levels, faults }: VirtualSensor, row: number): number {
  return Math.max(Math.abs(levels[row]!), faults[row]!);
}

function isSuspect({ levels, faults }: VirtualSensor, row: number): boolean {
  return faults[row]! >= 1 || (faults[row]! >= suspectFault && Math.abs(levels[row]!) >= suspectLevel);
}
