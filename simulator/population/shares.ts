import assert from 'node:assert/strict';
import { streamSeed } from '../random.ts';

/**
 * Which profile car i of N has. Counts are exact (largest remainder) over the whole fleet, and every process finds the
 * same answer for one car alone: profiles stand in blocks, and a seeded permutation spreads cars over the blocks.
 */
export class Shares {
  readonly #names: string[];
  /** Block n ends before this position. */
  readonly #ends: number[];
  readonly #shuffle: Permutation;

  /** @param shares of any positive sum, by profile name */
  constructor(shares: Record<string, number>, cars: number, seed: number) {
    // Sorted, so that the order in a file has no say.
    this.#names = Object.keys(shares).sort();
    assert(this.#names.length > 0, 'a fleet has at least one profile');
    const counts = largestRemainder(
      this.#names.map((name) => shares[name] ?? 0),
      cars,
    );
    let end = 0;
    this.#ends = counts.map((count) => (end += count));
    this.#shuffle = new Permutation(cars, seed);
  }

  profileOf(index: number): string {
    const position = this.#shuffle.at(index);
    const block = this.#ends.findIndex((end) => position < end);
    const name = this.#names[block];
    assert(name !== undefined, `car ${index} is outside the fleet`);
    return name;
  }
}

/** Whole numbers that sum to `total`, each within one of its exact share. */
export function largestRemainder(weights: readonly number[], total: number): number[] {
  const sum = weights.reduce((a, b) => a + b, 0);
  const exact = weights.map((weight) => (weight / sum) * total);
  const counts = exact.map(Math.floor);
  const missing = total - counts.reduce((a, b) => a + b, 0);
  const byRemainder = exact
    .map((value, index) => ({ index, remainder: value - Math.floor(value) }))
    .sort((a, b) => b.remainder - a.remainder || a.index - b.index);
  for (const { index } of byRemainder.slice(0, missing)) counts[index] = (counts[index] ?? 0) + 1;
  return counts;
}

/**
 * A seeded permutation of 0 … size-1, any element without the others: a four-round Feistel network over the next even
 * number of bits, walked until it lands inside (Black and Rogaway, "Ciphers with arbitrary finite domains", 2002).
 */
class Permutation {
  readonly #size: number;
  readonly #halfBits: number;
  readonly #keys: number[];

  constructor(size: number, seed: number) {
    this.#size = size;
    this.#halfBits = Math.max(1, Math.ceil(Math.log2(Math.max(2, size)) / 2));
    this.#keys = streamSeed(seed, -1, 'profiles');
  }

  at(index: number): number {
    assert(index >= 0 && index < this.#size, `${index} is outside 0 … ${this.#size - 1}`);
    let position = index;
    do position = this.#encrypt(position);
    while (position >= this.#size);
    return position;
  }

  #encrypt(value: number): number {
    const mask = 2 ** this.#halfBits - 1;
    let left = Math.floor(value / (mask + 1));
    let right = value & mask;
    for (const key of this.#keys) {
      const mixed = Math.imul(Math.imul(right ^ key, 0x85ebca6b) ^ (key >>> 15), 0xc2b2ae35);
      const next = left ^ ((mixed ^ (mixed >>> 16)) & mask);
      left = right;
      right = next;
    }
    return left * (mask + 1) + right;
  }
}
