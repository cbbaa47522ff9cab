import type { SignalName } from '#contract/signals.ts';
import { CarStates } from './car-states.ts';
import { causeOf } from './causes.ts';
import type { Transition } from './detector.ts';

/** What an alarm was raised for. */
export const reasons = { high: 1, low: 2, sensor: 3 } as const;
export type Reason = keyof typeof reasons;

/** Alarms that stand: at most one of a car and signal. */
export class StandingAlarms {
  readonly #signals: readonly SignalName[];
  /** Of each car: how many stand, then the reason of each signal's, 0 for none. */
  readonly #cars: CarStates;

  constructor(signals: readonly SignalName[]) {
    this.#signals = signals;
    this.#cars = new CarStates(1 + signals.length);
  }

  /** How many stand. */
  of(slot: number): number {
    const own = this.#cars.reach(slot);
    return this.#cars.numbers[own]! || 0;
  }

  has(slot: number, signal: number): boolean {
    const own = this.#cars.reach(slot);
    return this.#cars.numbers[own + 1 + signal]! > 0;
  }

  raise(slot: number, signal: number, reason: Reason, reading: number, score: number): Transition {
    const own = this.#cars.reach(slot);
    this.#cars.numbers[own + 1 + signal] = reasons[reason];
    this.#count(slot, 1);
    return { ...this.#naming(signal, reason), reading, score, alarm: 'raised' };
  }

  clear(slot: number, signal: number, reading: number, score: number): Transition {
    const own = this.#cars.reach(slot);
    const number = this.#cars.numbers[own + 1 + signal]!;
    const reason: Reason = number === reasons.sensor ? 'sensor' : number === reasons.low ? 'low' : 'high';
    this.#cars.numbers[own + 1 + signal] = 0;
    this.#count(slot, -1);
    return { ...this.#naming(signal, reason), reading, score, alarm: 'cleared' };
  }

  forget(slot: number): void {
    this.#cars.clear(slot);
  }

  #count(slot: number, change: number): void {
    const standing = this.of(slot) + change;
    const own = this.#cars.reach(slot);
    this.#cars.numbers[own] = standing;
  }

  #naming(index: number, reason: Reason): Pick<Transition, 'signal' | 'dtc' | 'cause'> {
    const signal = this.#signals[index]!;
    return { signal, ...causeOf(signal, reason === 'low' ? 'low' : 'high', reason === 'sensor') };
  }
}
