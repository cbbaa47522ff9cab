import { setImmediate as turn } from 'node:timers/promises';

/** Longest stretch of computing before health, signals and the control channel get their turn. */
const stretchMs = 25;

/** Lets a long computation give way to the event loop, and end when it is not wanted any more. */
export class Breath {
  readonly #signal: AbortSignal | undefined;
  #lastAt = performance.now();

  constructor(signal?: AbortSignal) {
    this.#signal = signal;
  }

  /** Is it time for `take`? Cheap, for loops that should not wait for nothing. */
  get isDue(): boolean {
    return performance.now() - this.#lastAt >= stretchMs;
  }

  /** @throws the signal's reason when the work is not wanted any more */
  async take(): Promise<void> {
    this.#signal?.throwIfAborted();
    if (!this.isDue) return;
    await turn();
    this.#signal?.throwIfAborted();
    this.#lastAt = performance.now();
  }
}
