/**
 * Of all rows that are offered, the `capacity` ones with the smallest keys: a uniform sample in bounded memory that does
 * not hang on the order of the offers.
 */
export class RowSample {
  readonly #width: number;
  readonly #capacity: number;
  /** A heap with the largest key on top; the row of heap[i] lies at places[i]. */
  readonly #keys: Float64Array;
  readonly #places: Int32Array;
  readonly #rows: Float32Array;
  #count = 0;

  /** @param width floats a row */
  constructor(width: number, capacity: number) {
    this.#width = width;
    this.#capacity = capacity;
    this.#keys = new Float64Array(capacity);
    this.#places = new Int32Array(capacity);
    this.#rows = new Float32Array(capacity * width);
  }

  get count(): number {
    return this.#count;
  }

  /** Copies the row that begins at `at`, if it is among the smallest so far. */
  offer(key: number, rows: Float32Array, at: number): void {
    if (this.#count < this.#capacity) {
      const index = this.#count++;
      this.#write(index, rows, at);
      this.#places[index] = index;
      this.#keys[index] = key;
      this.#rise(index);
    } else if (key < this.#keys[0]!) {
      this.#write(this.#places[0]!, rows, at);
      this.#keys[0] = key;
      this.#sink();
    }
  }

  /** The rows, by ascending key. */
  inOrder(): Float32Array {
    const order = Array.from({ length: this.#count }, (_, index) => index);
    order.sort((one, other) => this.#keys[one]! - this.#keys[other]!);
    const width = this.#width;
    const sorted = new Float32Array(this.#count * width);
    for (const [index, heapIndex] of order.entries()) {
      const from = this.#places[heapIndex]! * width;
      sorted.set(this.#rows.subarray(from, from + width), index * width);
    }
    return sorted;
  }

  #write(place: number, rows: Float32Array, at: number): void {
    this.#rows.set(rows.subarray(at, at + this.#width), place * this.#width);
  }

  #rise(from: number): void {
    let index = from;
    while (index > 0) {
      const parent = (index - 1) >> 1;
      if (this.#keys[parent]! >= this.#keys[index]!) return;
      this.#swap(index, parent);
      index = parent;
    }
  }

  #sink(): void {
    let index = 0;
    for (;;) {
      let largest = index;
      for (const child of [2 * index + 1, 2 * index + 2]) {
        if (child < this.#count && this.#keys[child]! > this.#keys[largest]!) largest = child;
      }
      if (largest === index) return;
      this.#swap(index, largest);
      index = largest;
    }
  }

  #swap(one: number, other: number): void {
    const key = this.#keys[one]!;
    this.#keys[one] = this.#keys[other]!;
    this.#keys[other] = key;
    const place = this.#places[one]!;
    this.#places[one] = this.#places[other]!;
    this.#places[other] = place;
  }
}
