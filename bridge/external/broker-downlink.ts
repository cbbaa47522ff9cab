import { setTimeout as delay } from 'node:timers/promises';
import { kafkaInWords } from '#wire/kafka.ts';
import { Downlink, type DownlinkOptions } from '../downlink/downlink.ts';

const tryAgainMs = 1_000;

/**
 * The downlink to the user's broker. What was retained there may be gone with every connection that was lost: each time
 * Kafka is read again from the beginning, and all of it retained anew.
 */
export class BrokerDownlink {
  readonly #options: DownlinkOptions;
  #current: Downlink | undefined;
  #turn: Promise<void> = Promise.resolve();
  #isRestartWanted = false;
  readonly #stopping = new AbortController();

  constructor(options: DownlinkOptions) {
    this.#options = options;
  }

  get releases(): number {
    return this.#current?.releases ?? 0;
  }

  get releaseBytes(): number {
    return this.#current?.releaseBytes ?? 0;
  }

  get heldBack(): number {
    return this.#current?.heldBack ?? 0;
  }

  /** Reads Kafka from the beginning; asked for several times meanwhile, once more. */
  restart(): void {
    if (this.#isRestartWanted) return;
    this.#isRestartWanted = true;
    this.#turn = this.#turn.then(async () => this.#openAnew());
  }

  /** This bridge speaks to the edge from now on. */
  repeat(edge: string): void {
    // Its errors are the downlink's own, and it says them.
    void this.#current?.repeat(edge).catch(() => undefined);
  }

  async stop(): Promise<void> {
    this.#stopping.abort();
    await this.#turn;
    await this.#current?.stop();
  }

  /** For as long as it takes: Kafka may be away just now. */
  async #openAnew(): Promise<void> {
    const { signal } = this.#stopping;
    this.#isRestartWanted = false;
    await this.#current?.stop();
    this.#current = undefined;
    while (this.#current === undefined && !signal.aborted) {
      try {
        this.#current = await Downlink.open(this.#options);
      } catch (error) {
        this.#options.log.warn({ reason: kafkaInWords(error) }, 'edges wait for their releases');
        // Interrupted by the end: the loop ends as well.
        await delay(tryAgainMs, undefined, { signal }).catch(() => undefined);
      }
    }
  }
}
