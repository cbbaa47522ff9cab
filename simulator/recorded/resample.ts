import { signalCount } from '#contract/signals.ts';

/** Takes readings that are one interval apart, all signals of each in the order of the table. Overwritten by the next. */
export type OnReading = (values: Float32Array) => void;

/**
 * From rows at any times to readings one interval apart: a reading has of each signal the last value up to its own time,
 * and NaN where that is older than the mapping holds values for.
 */
export class Resampler {
  readonly #intervalMs: number;
  readonly #holdMs: number;
  readonly #onReading: OnReading;
  readonly #values = new Float64Array(signalCount);
  readonly #seenAt = new Float64Array(signalCount);
  readonly #reading = new Float32Array(signalCount);
  #nextMs = 0;
  #lastMs = 0;

  constructor(intervalMs: number, holdMs: number, onReading: OnReading) {
    this.#intervalMs = intervalMs;
    this.#holdMs = holdMs;
    this.#onReading = onReading;
  }

  /** A drive begins: its first reading is taken now. */
  begin(timeMs: number): void {
    this.#values.fill(Number.NaN);
    this.#seenAt.fill(Number.NEGATIVE_INFINITY);
    this.#nextMs = timeMs;
    this.#lastMs = timeMs;
  }

  /** Time goes on to this row, whose values follow. @param timeMs not before the last */
  advance(timeMs: number): void {
    while (this.#nextMs < timeMs) this.#take();
    this.#lastMs = timeMs;
  }

  /** A value of the row that was advanced to. */
  set(signal: number, value: number): void {
    this.#values[signal] = value;
    this.#seenAt[signal] = this.#lastMs;
  }

  end(): void {
    while (this.#nextMs <= this.#lastMs) this.#take();
  }

  #take(): void {
    const oldest = this.#nextMs - this.#holdMs;
    for (let signal = 0; signal < signalCount; signal++) {
      this.#reading[signal] = this.#seenAt[signal]! >= oldest ? this.#values[signal]! : Number.NaN;
    }
    this.#onReading(this.#reading);
    this.#nextMs += this.#intervalMs;
  }
}
