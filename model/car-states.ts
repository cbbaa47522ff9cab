/** Whole pages: an array that doubled would be copied in one go, and at all edges in the same moment, because they fill up alike. */
const carsPerPage = 256;

/** Numbers that are kept of each car. NaN is a number never set. */
export class CarStates {
  /** Where `reach` found the last car's numbers. */
  numbers = new Float64Array(0);
  readonly #size: number;
  readonly #pages: (Float64Array<ArrayBuffer> | undefined)[] = [];

  /** @param size numbers of one car */
  constructor(size: number) {
    this.#size = size;
  }

  /** Makes room for the slot. @returns where its numbers begin in `numbers`, until the next call */
  reach(slot: number): number {
    const index = Math.floor(slot / carsPerPage);
    this.numbers = this.#pages[index] ??= new Float64Array(carsPerPage * this.#size).fill(Number.NaN);
    return (slot % carsPerPage) * this.#size;
  }

  /** Sets the slot's numbers to NaN. */
  clear(slot: number): void {
    const start = this.reach(slot);
    this.numbers.fill(Number.NaN, start, start + this.#size);
  }
}
