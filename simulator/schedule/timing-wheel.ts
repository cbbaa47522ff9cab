import assert from 'node:assert/strict';

const none = -1;

/**
 * Due times of many cars, at most one each. Adding costs O(1), and letting time pass O(due): cars wait in the slot of
 * the tick in which they are due, linked by arrays (Varghese and Lauck, 1987). Nothing is fired before its time, nor
 * more than a tick after it.
 */
export class TimingWheel {
  /** The most that something is fired after it is due. */
  readonly tickMs: number;
  readonly #heads: Int32Array;
  readonly #next: Int32Array;
  readonly #dueMs: Float64Array;
  /** The tick that is fired next; all before it are empty. */
  #tick = 0;
  #waiting = 0;

  /** @param horizonMs how far ahead a due time may lie */
  constructor(size: number, horizonMs: number) {
    this.tickMs = Math.max(1, horizonMs / 16_384);
    this.#heads = new Int32Array(Math.ceil(horizonMs / this.tickMs) + 2).fill(none);
    this.#next = new Int32Array(size).fill(none);
    this.#dueMs = new Float64Array(size);
  }

  get waiting(): number {
    return this.#waiting;
  }

  /** Time to begin at: what is added must be due then or later. */
  begin(nowMs: number): void {
    assert(this.#waiting === 0, 'a wheel begins empty');
    this.#tick = Math.floor(nowMs / this.tickMs);
  }

  add(id: number, dueMs: number): void {
    const tick = Math.floor(dueMs / this.tickMs);
    // Words only where they are needed: a number's digits cost as much as the rest of this.
    if (!(tick >= this.#tick && tick < this.#tick + this.#heads.length))
      assert.fail(`due ${dueMs} is off the wheel`);
    const slot = tick % this.#heads.length;
    this.#dueMs[id] = dueMs;
    this.#next[id] = this.#heads[slot]!;
    this.#heads[slot] = id;
    this.#waiting++;
  }

  /**
   * Fires what is due by `nowMs`, tick by tick; a fired car may be added again at once.
   * @returns whether all of it is fired: false when `limit` came first
   */
  advance(nowMs: number, limit: number, fire: (id: number, dueMs: number) => void): boolean {
    let left = limit;
    for (; (this.#tick + 1) * this.tickMs <= nowMs; this.#tick++) {
      const slot = this.#tick % this.#heads.length;
      for (let id = this.#heads[slot]!; id !== none; id = this.#heads[slot]!) {
        if (left-- === 0) return false;
        this.#heads[slot] = this.#next[id]!;
        this.#waiting--;
        fire(id, this.#dueMs[id]!);
      }
    }
    return true;
  }

  /** Forgets all that waits. */
  clear(): void {
    this.#heads.fill(none);
    this.#waiting = 0;
  }
}
