import { setTimeout as delay } from 'node:timers/promises';
import type { Log } from '#runtime/log.ts';
import { discardProducer, kafkaInWords, type Kafka, type Producer } from '#wire/kafka.ts';

export interface StateWriterOptions {
  kafka: Kafka;
  /** On the wire: with its prefix. */
  topic: string;
  onWritten: (records: number) => void;
  log: Log;
}

const backOff = { minMs: 100, maxMs: 2_000 };
/** Of one request; a broker's default limit is above 1,000,000. */
const maxRequestBytes = 500_000;
/** More tries are ours, with the state that is then the latest. */
const retry = { retries: 5 };

/**
 * Writes the latest value of each key, and tries for ever. While Kafka is away a newer value takes the place of an older
 * one, so that what waits is bounded by the number of keys.
 */
export class StateWriter {
  readonly #options: StateWriterOptions;
  readonly #waiting = new Map<string, Buffer>();
  readonly #stopping = new AbortController();
  readonly #finished: Promise<void>;
  #producer: Producer | undefined;
  #draining = false;
  #wake: () => void = () => {};

  constructor(options: StateWriterOptions) {
    this.#options = options;
    this.#finished = this.#live();
  }

  /** Keys whose latest value is not in Kafka. */
  get waiting(): number {
    return this.#waiting.size;
  }

  isWaiting(key: string): boolean {
    return this.#waiting.has(key);
  }

  put(key: string, value: Buffer): void {
    this.#waiting.set(key, value);
    this.#wake();
  }

  /** Writes what waits, and closes; after the time it closes without. @returns how many were not written */
  async drain(timeoutMs: number): Promise<number> {
    this.#draining = true;
    this.#wake();
    const timer = setTimeout(() => this.#stopping.abort(), timeoutMs);
    await this.#finished;
    clearTimeout(timer);
    return this.#waiting.size;
  }

  async #live(): Promise<void> {
    let failures = 0;
    while (await this.#take()) {
      const writing = this.#write();
      try {
        await this.#untilStopped(writing);
        failures = 0;
      } catch (error) {
        this.#discardProducer(writing);
        await this.#pause(error, failures++);
      }
    }
    this.#discardProducer(Promise.resolve());
  }

  /** Waits for something to write. @returns false when nothing is to be written any more */
  async #take(): Promise<boolean> {
    while (this.#waiting.size === 0 && !this.#draining) {
      await new Promise<void>((resolve) => {
        this.#wake = resolve;
      });
    }
    return this.#waiting.size > 0 && !this.#stopping.signal.aborted;
  }

  async #write(): Promise<void> {
    const { kafka, topic, onWritten } = this.#options;
    if (this.#producer === undefined) {
      const producer = kafka.producer({ retry });
      this.#producer = producer;
      await producer.connect();
    }
    const written = this.#nextRequest();
    await this.#producer.send({ topic, messages: written.map(([key, value]) => ({ key, value })) });
    for (const [key, value] of written) if (this.#waiting.get(key) === value) this.#waiting.delete(key);
    onWritten(written.length);
  }

  #nextRequest(): [key: string, value: Buffer][] {
    const request: [string, Buffer][] = [];
    let bytes = 0;
    for (const entry of this.#waiting) {
      bytes += entry[1].length;
      if (request.length > 0 && bytes > maxRequestBytes) break;
      request.push(entry);
    }
    return request;
  }

  async #untilStopped(work: Promise<void>): Promise<void> {
    const { signal } = this.#stopping;
    const { promise, reject } = Promise.withResolvers<never>();
    const stop = (): void => reject(new Error('stopped'));
    signal.addEventListener('abort', stop);
    try {
      await Promise.race([work, promise]);
    } finally {
      signal.removeEventListener('abort', stop);
    }
  }

  async #pause(error: unknown, failures: number): Promise<void> {
    const { signal } = this.#stopping;
    if (signal.aborted) return;
    const waitMs = Math.min(backOff.maxMs, backOff.minMs * 2 ** failures) * (0.5 + Math.random() / 2);
    const words = 'Kafka does not take the states of edges: holds the latest of each';
    this.#options.log.warn({ reason: kafkaInWords(error), edges: this.#waiting.size }, words);
    try {
      await delay(waitMs, undefined, { signal });
    } catch {
      // Stopped meanwhile: nothing is left to wait for.
    }
  }

  #discardProducer(looseEnd: Promise<void>): void {
    const producer = this.#producer;
    this.#producer = undefined;
    if (producer) void discardProducer(producer, looseEnd);
  }
}
