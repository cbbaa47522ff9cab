import { hash } from 'node:crypto';

/**
 * Chance, per car and purpose. Each (seed, car, stream name) has its own generator, so what one car draws never
 * depends on its neighbours, on threads or on the time of day.
 *
 * sfc32 (C. Doty-Humphrey, PractRand): 128 bits of state, passes PractRand and BigCrush, a few ns a number.
 */
export const randomWords = 4;

/** The first 128 bits of SHA-256 over seed, car and stream: far streams from near names. */
export function streamSeed(seed: number, car: number, stream: string): [number, number, number, number] {
  const bytes = hash('sha256', `${seed}/${car}/${stream}`, 'buffer');
  return [bytes.readInt32LE(0), bytes.readInt32LE(4), bytes.readInt32LE(8), bytes.readInt32LE(12)];
}

/** 32 bits of a keyed hash, signed: MurmurHash3's finaliser, once a key. Chance that hangs on a place, not on an order. */
export function keyedHash(value: number, keys: readonly number[]): number {
  let mixed = value;
  for (const key of keys) {
    mixed = Math.imul(mixed ^ key ^ (mixed >>> 16), 0x85ebca6b);
    mixed = Math.imul(mixed ^ (mixed >>> 13), 0xc2b2ae35);
    mixed ^= mixed >>> 16;
  }
  return mixed;
}

/** One generator to work with; its state is loaded from and stored to a shard's memory. */
export class RandomStream {
  #a = 0;
  #b = 0;
  #c = 0;
  #counter = 0;

  static of(seed: number, car: number, stream: string): RandomStream {
    const random = new RandomStream();
    random.load(Int32Array.from(streamSeed(seed, car, stream)), 0);
    return random;
  }

  load(words: Int32Array, at: number): void {
    this.#a = words[at]!;
    this.#b = words[at + 1]!;
    this.#c = words[at + 2]!;
    this.#counter = words[at + 3]!;
  }

  store(words: Int32Array, at: number): void {
    words[at] = this.#a;
    words[at + 1] = this.#b;
    words[at + 2] = this.#c;
    words[at + 3] = this.#counter;
  }

  /** 32 random bits, signed. */
  bits(): number {
    const a = this.#a;
    const b = this.#b;
    const c = this.#c;
    const sum = (a + b + this.#counter) | 0;
    this.#counter = (this.#counter + 1) | 0;
    this.#a = b ^ (b >>> 9);
    this.#b = (c + (c << 3)) | 0;
    this.#c = (((c << 21) | (c >>> 11)) + sum) | 0;
    return sum;
  }

  /** In [0, 1). */
  uniform(): number {
    return (this.bits() >>> 0) / 4294967296;
  }

  /** In [min, max). */
  between(min: number, max: number): number {
    return min + (max - min) * this.uniform();
  }

  /** Exponential, in the unit of `mean`; never above six times the mean. */
  exponential(mean: number): number {
    return mean * Math.min(6, -Math.log(1 - this.uniform()));
  }

  /**
   * Near-normal, mean 0, standard deviation 1: the sum of four bytes of one draw (Irwin-Hall), never beyond 3.5.
   * A quarter of the cost of Box-Muller, and a sensor's noise is bounded anyway.
   */
  noise(): number {
    return nearNormal(this.bits());
  }

  /** As many noise() as `into` is long, in order, at half the cost of one by one. */
  noises(into: Float64Array): void {
    let a = this.#a;
    let b = this.#b;
    let c = this.#c;
    let counter = this.#counter;
    for (let n = 0; n < into.length; n++) {
      const bits = (a + b + counter) | 0;
      counter = (counter + 1) | 0;
      a = b ^ (b >>> 9);
      b = (c + (c << 3)) | 0;
      c = (((c << 21) | (c >>> 11)) + bits) | 0;
      into[n] = nearNormal(bits);
    }
    this.#a = a;
    this.#b = b;
    this.#c = c;
    this.#counter = counter;
  }
}

/** A near-normal number, mean 0, standard deviation 1, of 32 random bits: the sum of their four bytes. */
export function nearNormal(bits: number): number {
  const sum = (bits & 255) + ((bits >>> 8) & 255) + ((bits >>> 16) & 255) + (bits >>> 24);
  return (sum - 510) * noiseScale;
}

/** Variance of one byte is (256^2 - 1) / 12. */
const noiseScale = 1 / Math.sqrt((4 * (256 ** 2 - 1)) / 12);
