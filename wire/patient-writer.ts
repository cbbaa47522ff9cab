import { setTimeout as sleep } from 'node:timers/promises';
import { UserError } from '#runtime/errors.ts';
import type { Log } from '#runtime/log.ts';
import { discardProducer, kafkaInWords, type Kafka, type Message, type Producer } from './kafka.ts';

const pauseMs = 500;
/** Some seconds; then a new producer begins. For ever would be without an end when the writer is closed. */
const retries = 50;

/**
 * Writes single records, each until Kafka has it: a Kafka that is away is waited for. Only what it refuses for good, and
 * closing, rejects. A record may come twice, so it is for topics where the last of each key counts.
 */
export class PatientWriter {
  readonly #kafka: Kafka;
  readonly #log: Log;
  readonly #closed = new AbortController();
  #producer: Producer | null = null;
  #last: Promise<void> = Promise.resolve();

  constructor(kafka: Kafka, log: Log) {
    this.#kafka = kafka;
    this.#log = log;
  }

  /**
   * One after the other, in the order of the calls.
   * @throws UserError when Kafka refuses the record for good; Error when the writer was closed before Kafka had it
   */
  async write(
    topic: string,
    key: string,
    value: Buffer | null,
    headers: Message['headers'] = {},
  ): Promise<void> {
    const written = this.#last.then(async () => this.#write(topic, { key, value, headers }));
    this.#last = written.catch(() => undefined);
    return written;
  }

  /** What is not written yet rejects, without a wait for Kafka. */
  async close(): Promise<void> {
    this.#closed.abort(new Error('closed before Kafka had all of it'));
    await this.#last;
    await this.#discard();
  }

  async #write(topic: string, message: Message & { key: string }): Promise<void> {
    const { key } = message;
    for (let tries = 1; ; tries++) {
      const sending = this.#send(topic, message);
      try {
        await this.#unlessClosed(sending);
        return;
      } catch (error) {
        // kafkajs gives the number of a failed record to the next, which Kafka may then take for the same and drop.
        const discarded = this.#discard(sending);
        this.#closed.signal.throwIfAborted();
        await discarded;
        const reason = kafkaInWords(error);
        if (isFinal(error)) {
          throw new UserError('component', `Kafka does not take ${key} into ${topic}: ${reason}`, {
            cause: error,
          });
        }
        if (tries === 1) this.#log.warn({ topic, key, reason }, 'Kafka does not take a record: trying again');
        await this.#unlessClosed(sleep(pauseMs));
      }
    }
  }

  async #send(topic: string, message: Message): Promise<void> {
    this.#closed.signal.throwIfAborted();
    if (!this.#producer) {
      this.#producer = this.#kafka.producer({
        idempotent: true,
        maxInFlightRequests: 1,
        allowAutoTopicCreation: false,
        retry: { retries },
      });
      await this.#producer.connect();
    }
    await this.#producer.send({ topic, messages: [message] });
  }

  async #unlessClosed(work: Promise<void>): Promise<void> {
    const { signal } = this.#closed;
    const { promise, reject } = Promise.withResolvers<never>();
    const onAbort = (): void => reject(signal.reason as Error);
    signal.addEventListener('abort', onAbort);
    try {
      if (signal.aborted) onAbort();
      await Promise.race([promise, work]);
    } finally {
      signal.removeEventListener('abort', onAbort);
    }
  }

  async #discard(looseEnd: Promise<void> = Promise.resolve()): Promise<void> {
    const producer = this.#producer;
    this.#producer = null;
    if (producer) await discardProducer(producer, looseEnd);
  }
}

/** Errors of the producer's own state: a new producer has none of it. */
const ofTheProducer = new Set([
  'OUT_OF_ORDER_SEQUENCE_NUMBER',
  'DUPLICATE_SEQUENCE_NUMBER',
  'INVALID_PRODUCER_EPOCH',
  'UNKNOWN_PRODUCER_ID',
]);

/** Would Kafka say the same to every other try? A bug of ours counts as well. */
function isFinal(error: unknown): boolean {
  for (let at = error, depth = 0; at instanceof Error && depth < 10; at = at.cause, depth++) {
    if (at instanceof TypeError || at.name === 'KafkaJSSASLAuthenticationError') return true;
    if (at.name !== 'KafkaJSProtocolError') continue;
    const { type, retriable } = at as { type?: string; retriable?: boolean };
    if (type === 'UNKNOWN_TOPIC_OR_PARTITION') return true;
    return retriable === false && !ofTheProducer.has(type ?? '');
  }
  return false;
}
