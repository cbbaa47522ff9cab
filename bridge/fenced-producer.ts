import { discardProducer, type Kafka, type Producer, type Transaction } from '#wire/kafka.ts';
import type { ProduceRequest } from './batch.ts';

/** kafkajs gives producers 5 tries, whatever the client has; a transaction waits for the one before by trying again. */
const retry = { retries: 50 };

/**
 * One Kafka producer that owns a transactional id from the moment it was opened: whoever owned it before can commit
 * nothing any more. After any error it is useless: what Kafka made of the last transaction is unknown.
 */
export class FencedProducer {
  readonly #producer: Producer;
  readonly #timeoutMs: number;
  #transaction: Transaction | null;

  private constructor(producer: Producer, transaction: Transaction, timeoutMs: number) {
    this.#producer = producer;
    this.#transaction = transaction;
    this.#timeoutMs = timeoutMs;
  }

  /**
   * Fences: with kafkajs that is done by the first transaction, not by connecting. When this resolves, Kafka has ended
   * every transaction of the former owner.
   */
  static async open(kafka: Kafka, transactionalId: string, timeoutMs: number): Promise<FencedProducer> {
    const producer = kafka.producer({ transactionalId, transactionTimeout: timeoutMs, retry });
    const opening = producer.connect().then(async () => producer.transaction());
    try {
      return new FencedProducer(producer, await withDeadline(opening, timeoutMs, 'fencing'), timeoutMs);
    } catch (error) {
      void discardProducer(producer, opening);
      throw error;
    }
  }

  /**
   * All requests in one transaction. Kafka itself gives a transaction up after the timeout, so to wait longer is useless.
   * @throws whatever went wrong; the outcome is then unknown and the producer gone
   */
  async commit(requests: readonly ProduceRequest[]): Promise<void> {
    const committing = this.#commit(requests);
    try {
      await withDeadline(committing, this.#timeoutMs, 'a transaction');
    } catch (error) {
      void discardProducer(this.#producer, committing);
      throw error;
    }
  }

  discard(): void {
    void discardProducer(this.#producer, Promise.resolve());
  }

  async #commit(requests: readonly ProduceRequest[]): Promise<void> {
    const transaction = this.#transaction ?? (await this.#producer.transaction());
    this.#transaction = null;
    for (const topicMessages of requests) await transaction.sendBatch({ topicMessages });
    await transaction.commit();
  }
}

/** PRODUCER_FENCED, which kafkajs has no name for. */
const producerFencedCode = 90;
const fencedTypes = new Set(['INVALID_PRODUCER_EPOCH', 'INVALID_PRODUCER_ID_MAPPING']);

/**
 * Does the error say that another producer owns the transactional id now? A transaction that Kafka gave up after its
 * timeout looks the same.
 */
export function isFenced(error: unknown): boolean {
  for (let at = error, depth = 0; at instanceof Error && depth < 10; at = at.cause, depth++) {
    const { type, code } = at as { type?: unknown; code?: unknown };
    if (code === producerFencedCode || (typeof type === 'string' && fencedTypes.has(type))) return true;
  }
  return false;
}

async function withDeadline<T>(work: Promise<T>, ms: number, what: string): Promise<T> {
  let timer: NodeJS.Timeout | undefined;
  const deadline = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new Error(`${what} took longer than ${ms} ms`)), ms);
  });
  try {
    return await Promise.race([work, deadline]);
  } finally {
    clearTimeout(timer);
  }
}
