import { monitorEventLoopDelay } from 'node:perf_hooks';

/**
 * Each tick wakes the thread, for some 70 us of CPU: a run's twenty loops would take a twentieth of a core with ticks every
 * 20 ms. At 50 ms the 99th percentile of a window still leaves its worst tick out.
 */
const resolutionMs = 50;
const windowMs = 5000;

/**
 * How late this thread's event loop runs its timers: the 99th percentile of the last 5 to 10 s, in ms. A process with
 * worker threads has one loop, and needs one of these, in each.
 */
export class EventLoopDelay {
  readonly #delays = monitorEventLoopDelay({ resolution: resolutionMs });
  readonly #timer: NodeJS.Timeout;
  #lastWindowMs = 0;

  constructor() {
    this.#delays.enable();
    this.#timer = setInterval(() => {
      this.#lastWindowMs = this.#currentMs();
      this.#delays.reset();
    }, windowMs);
    this.#timer.unref();
  }

  p99Ms(): number {
    return Math.max(this.#lastWindowMs, this.#currentMs());
  }

  stop(): void {
    clearInterval(this.#timer);
    this.#delays.disable();
  }

  /** The monitor records the time from one tick to the next, of which the resolution is no delay. */
  #currentMs(): number {
    if (this.#delays.count === 0) return 0;
    return Math.max(0, this.#delays.percentile(99) / 1e6 - resolutionMs);
  }
}
