import { keyedHash, nearNormal, streamSeed } from '../random.ts';

/**
 * Chance of a failing car, by (seed, car) and a moment of its clock: the same whatever was asked before, so a simulator
 * that starts again and one that never stopped agree, and no car's own streams are touched.
 */
export class Chance {
  readonly #keys: readonly number[];

  /** @param car index within the fleet */
  constructor(seed: number, car: number) {
    this.#keys = streamSeed(seed, car, 'failure');
  }

  /** In [0, 1). @param moment a whole number, such as ms of the car's clock; @param draw which of several at that moment */
  uniform(moment: number, draw = 0): number {
    return (this.#bits(moment, draw) >>> 0) / 2 ** 32;
  }

  /** Mean 0, standard deviation 1, never beyond 3.5. */
  noise(moment: number, draw = 0): number {
    return nearNormal(this.#bits(moment, draw));
  }

  /** Which way, of a car that can go either: -1 or 1, the same for its whole life. */
  get sign(): -1 | 1 {
    return this.uniform(0) < 0.5 ? -1 : 1;
  }

  #bits(moment: number, draw: number): number {
    const high = Math.floor(moment / 2 ** 32);
    return keyedHash((moment ^ Math.imul(high, 0x9e3779b1) ^ Math.imul(draw, 0x7feb352d)) | 0, this.#keys);
  }
}
