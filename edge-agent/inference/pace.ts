import { LogHistogram } from '#runtime/histogram.ts';

const windowMs = 5000;
/** One alarm right after the start is not a thousand a second. */
const leastMs = 1000;

/** How inference goes lately: over the last 5 to 10 s. */
export class Pace {
  readonly #now: () => number;
  #startedAt: number;
  #current = { us: new LogHistogram(), alarms: 0 };
  #before = { us: new LogHistogram(), alarms: 0, ms: 0 };

  /** @param now a clock in ms that never goes back */
  constructor(now: () => number = () => performance.now()) {
    this.#now = now;
    this.#startedAt = now();
  }

  /** A micro-batch took `us`, and so many alarms were raised in it. */
  record(us: number, alarms: number): void {
    this.#turn();
    this.#current.us.record(us);
    this.#current.alarms += alarms;
  }

  /** Of micro-batches; 0 when there was none. */
  get p99Us(): number {
    this.#turn();
    const both = new LogHistogram();
    both.merge(this.#before.us);
    both.merge(this.#current.us);
    return both.count === 0 ? 0 : both.quantile(0.99);
  }

  get alarmsPerSecond(): number {
    this.#turn();
    const ms = this.#now() - this.#startedAt + this.#before.ms;
    return ((this.#current.alarms + this.#before.alarms) * 1000) / Math.max(leastMs, ms);
  }

  #turn(): void {
    const ms = this.#now() - this.#startedAt;
    if (ms < windowMs) return;
    const empty = { us: new LogHistogram(), alarms: 0 };
    // After a long silence the window before was an empty one.
    this.#before = { ...(ms < 2 * windowMs ? this.#current : empty), ms: windowMs };
    this.#current = empty;
    this.#startedAt += ms < 2 * windowMs ? windowMs : Math.floor(ms / windowMs) * windowMs;
  }
}
