const turnMs = 10;
/** After a stall of the event loop no more than this is made up for, and no faster than twice the rate. */
const longestDebtMs = 1000;
/** What one turn may stand for. */
const longestTurnMs = 50;

export interface ConnectRampOptions {
  /** Of this ramp's cars. */
  ratePerSecond: number;
  /** In [0, 1), for the jitter. */
  random: () => number;
  /** Edge, by slot. */
  edgeOf: readonly number[];
  /** Connections that may wait for the first answer of one edge. */
  openingLimit: number;
  /** How many do. */
  opening: (edge: number) => number;
  open: (slot: number) => void;
}

/**
 * Lets cars connect one after the other at a steady rate with jitter, so that a fleet does not arrive as one burst. Where
 * an edge does not keep up, its cars wait: then they connect as fast as they can. Bounded by the number of cars, each of which
 * waits at most once.
 */
export class ConnectRamp {
  readonly #options: ConnectRampOptions;
  readonly #gapMs: number;
  /** By edge, so that one that does not answer holds up its own cars only. */
  readonly #waiting: Set<number>[] = [];
  #size = 0;
  /** Edge that is asked next. */
  #turnOf = 0;
  #timer: NodeJS.Timeout | undefined;
  #ranAtMs = 0;
  /** Beginning of the next car's gap, and its moment within it. */
  #gapBeginsMs = 0;
  #jitterMs = 0;

  constructor(options: ConnectRampOptions) {
    this.#options = options;
    this.#gapMs = 1000 / options.ratePerSecond;
  }

  add(slot: number): void {
    const waiting = (this.#waiting[this.#options.edgeOf[slot]!] ??= new Set());
    if (waiting.has(slot)) return;
    waiting.add(slot);
    this.#size++;
    if (this.#timer) return;
    const nowMs = performance.now();
    this.#gapBeginsMs = Math.max(this.#gapBeginsMs, nowMs);
    this.#ranAtMs = nowMs;
    this.#timer = setInterval(() => this.#run(performance.now()), turnMs);
  }

  /** The car is not wanted any more. */
  remove(slot: number): void {
    if (this.#waiting[this.#options.edgeOf[slot]!]?.delete(slot)) this.#size--;
  }

  stop(): void {
    this.#waiting.length = 0;
    this.#size = 0;
    clearInterval(this.#timer);
    this.#timer = undefined;
  }

  #run(nowMs: number): void {
    this.#gapBeginsMs = Math.max(this.#gapBeginsMs, nowMs - longestDebtMs);
    let left = Math.ceil((2 * Math.min(nowMs - this.#ranAtMs, longestTurnMs)) / this.#gapMs);
    this.#ranAtMs = nowMs;
    while (left-- > 0 && this.#gapBeginsMs + this.#jitterMs <= nowMs) {
      const slot = this.#next();
      if (slot === undefined) break;
      this.#gapBeginsMs += this.#gapMs;
      this.#jitterMs = this.#gapMs * this.#options.random();
      this.#options.open(slot);
    }
    if (this.#size === 0) this.stop();
  }

  /** The car that has waited longest at the next edge that has room. */
  #next(): number | undefined {
    const { opening, openingLimit } = this.#options;
    for (let n = 0; n < this.#waiting.length; n++) {
      const edge = this.#turnOf++ % this.#waiting.length;
      const waiting = this.#waiting[edge];
      if (!waiting || waiting.size === 0 || opening(edge) >= openingLimit) continue;
      for (const slot of waiting) {
        waiting.delete(slot);
        this.#size--;
        return slot;
      }
    }
    return undefined;
  }
}
