import { readingsOf } from '#contract/telemetry.ts';
import { featureCount, FeatureExtractor } from './features.ts';
import type { ScoreItem } from './detector.ts';

/** Rows that fit a core's cache together with what networks make of them. */
const fullRows = 128;

/** Features of the readings of many cars' batches, as many as are worked on at once. */
export class CarRows {
  /** [count][featureCount], at least. */
  values = new Float32Array(0);
  count = 0;
  /** Of each item that was taken: its readings, and whether its car began anew. */
  readonly readings: number[] = [];
  readonly anew: boolean[] = [];
  readonly #extractor = new FeatureExtractor();
  readonly #slots = new Set<number>();

  /** Cars that were seen and not forgotten. */
  get cars(): number {
    return this.#slots.size;
  }

  /**
   * Takes items from `first` on, until there are many rows.
   * @returns the first item that was not taken
   * @throws RangeError for a batch of other columns than the signal table's, or a slot that is no index
   */
  fill(items: readonly ScoreItem[], first: number): number {
    this.count = 0;
    this.readings.length = 0;
    this.anew.length = 0;
    let next = first;
    for (; next < items.length && this.count < fullRows; next++) {
      const { slot, batch } = items[next]!;
      const readings = readingsOf(batch);
      if (!Number.isSafeInteger(slot) || slot < 0) throw new RangeError(`slot ${slot}`);
      this.#reserve((this.count + readings) * featureCount);
      this.#extractor.extract(slot, batch, this.values, this.count * featureCount);
      if (this.#extractor.startedAnew) this.#slots.add(slot);
      this.readings.push(readings);
      this.anew.push(this.#extractor.startedAnew);
      this.count += readings;
    }
    return next;
  }

  forget(slot: number): void {
    this.#slots.delete(slot);
    this.#extractor.forget(slot);
  }

  #reserve(floats: number): void {
    if (floats <= this.values.length) return;
    const grown = new Float32Array(Math.max(floats, 2 * fullRows * featureCount));
    grown.set(this.values);
    this.values = grown;
  }
}
