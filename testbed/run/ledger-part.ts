import type { RunFeed } from '../verdict/kafka-feed.ts';
import type { Part } from './supervised.ts';

/** The ledger's reading as a part that the timeline may hold up: it falls behind, and catches up. No process of its own. */
export class LedgerPart implements Part {
  readonly name = 'ledger';
  readonly pid = undefined;
  readonly life = 1;
  readonly endings = 0;
  readonly #feed: RunFeed;

  constructor(feed: RunFeed) {
    this.#feed = feed;
  }

  pause(): Promise<void> {
    this.#feed.pause();
    return Promise.resolve();
  }

  resume(): Promise<void> {
    this.#feed.resume();
    return Promise.resolve();
  }

  start(): Promise<void> {
    return this.#onlyPaused();
  }

  kill(): Promise<void> {
    return this.#onlyPaused();
  }

  stop(): Promise<void> {
    return this.#onlyPaused();
  }

  #onlyPaused(): Promise<never> {
    return Promise.reject(new Error('the ledger is part of the testbed: it can only be paused'));
  }
}
