const turnMs = 10;
/** After a stall of the event loop no more than this is made up for. */
const longestDebtMs = 100;

/**
 * Lets cars connect one after the other at a steady rate with jitter, so that a fleet does not arrive as one burst.
 * Bounded by the number of cars, each of which waits at most once.
 */
export class ConnectRamp {
  readonly #gapMs: number;
  readonly #random: () => number;
  readonly #open: (slot: number) => void;
  readonly #waiting = new Set<number>();
  #turn: NodeJS.Timeout | undefined;
  /** Beginning of the next car's gap, and its moment within it. */
  #gapBeginsMs = 0;
  #jitterMs = 0;

  constructor(ratePerSecond: number, random: () => number, open: (slot: number) => void) {
    this.#gapMs = 1000 / ratePerSecond;
    this.#random = random;
    this.#open = open;
  }

  add(slot: number): void {
    this.#waiting.add(slot);
    if (this.#turn) return;
    this.#gapBeginsMs = Math.max(this.#gapBeginsMs, performance.now());
    this.#turn = setInterval(() => this.#run(performance.now()), turnMs);
  }

  /** The car is not wanted any more. */
  remove(slot: number): void {
    this.#waiting.delete(slot);
  }

  stop(): void {
    this.#waiting.clear();
    clearInterval(this.#turn);
    this.#turn = undefined;
  }

  #run(nowMs: number): void {
    this.#gapBeginsMs = Math.max(this.#gapBeginsMs, nowMs - longestDebtMs);
    for (const slot of this.#waiting) {
      if (this.#gapBeginsMs + this.#jitterMs > nowMs) return;
      this.#gapBeginsMs += this.#gapMs;
      this.#jitterMs = this.#gapMs * this.#random();
      this.#waiting.delete(slot);
      this.#open(slot);
    }
    if (this.#waiting.size === 0) this.stop();
  }
}
