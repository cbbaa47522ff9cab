import type { Artefact } from './artefact.ts';
import { featureCount } from './feature-names.ts';
import { inputLimit } from './rows.ts';

/** Inputs further from their mean than this, standard deviations, were rarely learnt from. */
export const usualInput = 2.5;

/**
 * The inputs of all networks of a detector, each normalised once: to the bit what normaliseRows() gives each of them, but wide,
 * so that they need not be widened at every multiplication.
 */
export class SharedInputs {
  readonly width: number;
  /** [count][width], at least. */
  values = new Float64Array(0);
  /** By row: 1 where an input lies beyond what is usual. */
  unusual = new Uint8Array(0);
  readonly #columns = new Map<number, number>();
  readonly #features: Int32Array;
  readonly #means: Float64Array;
  readonly #factors: Float64Array;

  constructor(networks: Artefact['networks'], { mean, scale }: Artefact['normalisation']) {
    const features = [...new Set(networks.flatMap(({ inputs }) => inputs))].toSorted((a, b) => a - b);
    for (const [column, feature] of features.entries()) this.#columns.set(feature, column);
    this.width = features.length;
    this.#features = Int32Array.from(features);
    this.#means = Float64Array.from(features, (feature) => mean[feature]!);
    this.#factors = Float64Array.from(features, (feature) => 1 / scale[feature]!);
  }

  /** Where these features stand in a row of `values`. */
  columnsOf(features: readonly number[]): Int32Array {
    return Int32Array.from(features, (feature) => this.#columns.get(feature) ?? 0);
  }

  /** @param rows [count][featureCount] */
  fill(rows: Float32Array, count: number): void {
    const width = this.width;
    if (this.unusual.length < count) {
      this.values = new Float64Array(count * width);
      this.unusual = new Uint8Array(count);
    }
    const features = this.#features;
    const means = this.#means;
    const factors = this.#factors;
    const { values, unusual } = this;
    let to = 0;
    for (let row = 0; row < count; row++) {
      const from = row * featureCount;
      let isUnusual = 0;
      for (let column = 0; column < width; column++) {
        let value = (rows[from + features[column]!]! - means[column]!) * factors[column]!;
        // NaN is not within.
        if (!(value <= usualInput && value >= -usualInput)) {
          if (Number.isNaN(value)) value = 0;
          else {
            isUnusual = 1;
            value = value > inputLimit ? inputLimit : value < -inputLimit ? -inputLimit : value;
          }
        }
        values[to++] = Math.fround(value);
      }
      unusual[row] = isUnusual;
    }
  }
}
