import { hash } from 'node:crypto';

/** Chance of one training: each (seed, purpose) has its own stream. sfc32, as the simulator's. */
export class Chance {
  #a: number;
  #b: number;
  #c: number;
  #counter: number;

  constructor(seed: number, purpose: string) {
    const bytes = hash('sha256', `${seed}/${purpose}`, 'buffer');
    this.#a = bytes.readInt32LE(0);
    this.#b = bytes.readInt32LE(4);
    this.#c = bytes.readInt32LE(8);
    this.#counter = bytes.readInt32LE(12);
  }

  /** In [0, 1). */
  uniform(): number {
    const a = this.#a;
    const b = this.#b;
    const c = this.#c;
    const sum = (a + b + this.#counter) | 0;
    this.#counter = (this.#counter + 1) | 0;
    this.#a = b ^ (b >>> 9);
    this.#b = (c + (c << 3)) | 0;
    this.#c = (((c << 21) | (c >>> 11)) + sum) | 0;
    return (sum >>> 0) / 2 ** 32;
  }

  /** In place (Fisher and Yates). */
  shuffle(items: Int32Array): void {
    for (let left = items.length - 1; left > 0; left--) {
      const other = Math.floor(this.uniform() * (left + 1));
      const item = items[left]!;
      items[left] = items[other]!;
      items[other] = item;
    }
  }
}
