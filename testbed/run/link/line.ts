/** What waits for the line. */
export interface Rider {
  /** Its turn: sends at most this much. @returns bytes that it sent */
  send(maxBytes: number): number;
}

/** A limited line is given away for this long at a time, and makes up for a late timer as far back as that. */
const turnMs = 20;

/**
 * One direction of a link, shared by all its connections: how late bytes are, and how many it carries a second. Who has
 * something to send takes turns.
 */
export class Line {
  #latencyMs = 0;
  #jitterMs = 0;
  /** Infinity: no limit. */
  #bytesPerSecond = Number.POSITIVE_INFINITY;
  readonly #turns: Rider[] = [];
  readonly #now: () => number;
  /** By `now`. */
  #freeAt = 0;
  #serving = false;
  #timer: NodeJS.Timeout | undefined;

  /** @param now ms; a clock that is never set back */
  constructor(now: () => number = () => performance.now()) {
    this.#now = now;
  }

  /** @param jitterMs the latency is this much more or less, at random */
  slow(latencyMs: number, jitterMs: number): void {
    this.#latencyMs = latencyMs;
    this.#jitterMs = jitterMs;
  }

  /** @param bytesPerSecond above 0; Infinity for no limit */
  limit(bytesPerSecond: number): void {
    this.#bytesPerSecond = bytesPerSecond;
    this.#freeAt = 0;
    this.#serve();
  }

  get isSlow(): boolean {
    return this.#latencyMs > 0 || this.#jitterMs > 0;
  }

  /** How late what comes now is to be, drawn anew each time. */
  delayMs(): number {
    return Math.max(0, this.#latencyMs + (2 * Math.random() - 1) * this.#jitterMs);
  }

  /** Gives the rider one turn, at once when the line is free. */
  ask(rider: Rider): void {
    this.#turns.push(rider);
    if (!this.#serving) this.#serve();
  }

  #serve(): void {
    clearTimeout(this.#timer);
    // Riders ask again while they are served: that must not begin a second round.
    this.#serving = true;
    const bytesPerMs = this.#bytesPerSecond / 1000;
    const maxBytes = Math.max(1, Math.floor(bytesPerMs * turnMs));
    for (;;) {
      const now = this.#now();
      const rider = this.#turns[0];
      if (!rider) break;
      if (this.#freeAt > now) {
        this.#timer = setTimeout(() => this.#serve(), Math.ceil(this.#freeAt - now));
        break;
      }
      this.#turns.shift();
      const bytes = rider.send(maxBytes);
      this.#freeAt = Math.max(this.#freeAt, now - turnMs) + bytes / bytesPerMs;
    }
    this.#serving = false;
  }
}
