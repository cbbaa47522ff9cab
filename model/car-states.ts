const firstCars = 64;

/** Numbers that are kept of each car, in one array that grows with the highest slot. NaN is a number never set. */
export class CarStates {
  /** Of every car: slot n's begin at n * size. Another array after `reach` of a higher slot. */
  numbers: Float64Array;
  readonly #size: number;

  /** @param size numbers of one car */
  constructor(size: number) {
    this.#size = size;
    this.numbers = new Float64Array(firstCars * size).fill(Number.NaN);
  }

  /** Makes room for the slot. @returns where its numbers begin */
  reach(slot: number): number {
    const start = slot * this.#size;
    if (start + this.#size > this.numbers.length) {
      const grown = new Float64Array(2 * (slot + 1) * this.#size).fill(Number.NaN);
      grown.set(this.numbers);
      this.numbers = grown;
    }
    return start;
  }

  /** Sets the slot's numbers to NaN. */
  clear(slot: number): void {
    this.numbers.fill(Number.NaN, slot * this.#size, (slot + 1) * this.#size);
  }
}
