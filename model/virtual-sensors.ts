import { signalNames } from '#contract/signals.ts';
import { ArtefactError, type Artefact } from './artefact.ts';
import { CarRows } from './car-rows.ts';
import type { BatchScores, ScoreItem, Scorer, Trace, Transition } from './detector.ts';
import { StandingAlarms, type Reason } from './standing-alarms.ts';
import { stepSeconds } from './step.ts';
import { thresholdOf } from './thresholds.ts';
import { VirtualSensor, type Judged } from './virtual-sensor.ts';

/** From this share of its threshold on, a sensor that stands still is the likeliest culprit ... */
const suspectStuck = 0.25;
/** ... if its own CUSUM says so far as well that something is wrong. */
const suspectLevel = 0.3;

/** A virtual sensor for each diagnostic signal, and alarms that name the one with the most evidence. */
export class VirtualSensors implements Scorer {
  readonly #sensors: readonly VirtualSensor[];
  readonly #rows = new CarRows();
  readonly #alarms: StandingAlarms;

  /** @throws ArtefactError */
  constructor({ networks, normalisation, thresholds }: Artefact) {
    this.#sensors = networks.map((network) => {
      const signal = signalNames.find((name) => name === network.name);
      if (!signal || network.targets.length !== 1) {
        throw new ArtefactError(`network ${network.name} is of no single signal`);
      }
      const [raise, clear, stuck] = ['raise', 'clear', 'stuck'].map((name) =>
        thresholdOf(thresholds, `${signal}.${name}`),
      ) as [number, number, number];
      return new VirtualSensor(signal, network, normalisation, { raise, clear, stuck });
    });
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
      for (const sensor of this.#sensors) sensor.predict(values, count);
      for (let item = first, row = 0; item < end; item++) {
        const { slot, batch } = items[item]!;
        const own = readings[item - first]!;
        const dt = stepSeconds(batch.intervalMs);
        for (const sensor of this.#sensors) {
          if (anew[item - first]) sensor.forget(slot);
          const judged: Judged | undefined =
            trace && ((reading, z, level, stuck) => trace(item, reading, sensor.signal, z, level, stuck));
          sensor.judge(slot, values, row, own, dt, judged);
        }
        results.push(this.#verdict(slot, row, own));
        row += own;
      }
    }
    return results;
  }

  forget(slot: number): void {
    this.#rows.forget(slot);
    this.#alarms.forget(slot);
    for (const sensor of this.#sensors) sensor.forget(slot);
  }

  #verdict(slot: number, from: number, readings: number): BatchScores {
    const scores = new Float32Array(readings);
    for (const { levels, stuck } of this.#sensors) {
      for (let reading = 0; reading < readings; reading++) {
        const level = Math.abs(levels[from + reading]!);
        if (level > scores[reading]!) scores[reading] = level;
        if (stuck[from + reading]! > scores[reading]!) scores[reading] = stuck[from + reading]!;
      }
    }
    const transitions: Transition[] = [];
    for (let reading = 0; reading < readings; reading++) {
      const score = scores[reading]!;
      if (this.#alarms.of(slot) > 0) this.#clear(slot, from, reading, transitions);
      if (score >= 1) this.#raise(slot, from, reading, transitions);
    }
    return { scores, transitions };
  }

  #clear(slot: number, from: number, reading: number, transitions: Transition[]): void {
    for (const [index, sensor] of this.#sensors.entries()) {
      if (!this.#alarms.has(slot, index)) continue;
      const level = Math.abs(sensor.levels[from + reading]!);
      const { raise, clear } = sensor.thresholds;
      if (level > clear / raise || sensor.stuck[from + reading]! >= 1) continue;
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
    const reason = isSuspect(sensor, row) ? 'stuck' : direction;
    transitions.push(this.#alarms.raise(slot, accused, reason, reading, evidenceOf(sensor, row)));
  }
}

/** Above every evidence. */
const suspicion = 1000;

function evidenceOf({ levels, stuck }: VirtualSensor, row: number): number {
  return Math.max(Math.abs(levels[row]!), stuck[row]!);
}

function isSuspect({ levels, stuck }: VirtualSensor, row: number): boolean {
  return stuck[row]! >= 1 || (stuck[row]! >= suspectStuck && Math.abs(levels[row]!) >= suspectLevel);
}
