import type { FromSimulator } from '#contract/control.ts';
import { runKey } from '#contract/identity.ts';
import { ledgerMarksCodec, type CarMark, type LedgerMarks } from '#contract/ledger-records.ts';
import { topicName } from '#contract/topics.ts';
import type { Log } from '#runtime/log.ts';
import { connectKafka, kafkaInWords, waitForKafka, type KafkaConfig, type Producer } from '#wire/kafka.ts';
import { carsPerRecord } from './delivery/marks.ts';

/** Where marks of what was sent go: to the testbed that supervises this process, to Kafka, or nowhere. */
export interface MarksSink {
  /** One LedgerMarks record. */
  take(bytes: Uint8Array): void;
  /** Resolves when all that was taken is out, or cannot get out. */
  close(): Promise<void>;
}

/** Over the control channel. */
export function controlSink(send: (message: FromSimulator) => void): MarksSink {
  return {
    take: (bytes) => send({ type: 'marks', bytes }),
    close: async () => {},
  };
}

/** A simulator that runs alone and has no Kafka: nobody asks. */
export const noSink: MarksSink = { take: () => {}, close: async () => {} };

const kafkaWaitMs = 10_000;

/**
 * Into fleet.ledger, one send at a time. Marks are cumulative: while Kafka is away a later mark takes the place of the
 * car's earlier one, so what waits is bounded by the number of cars, and nothing is lost by it.
 */
export class KafkaSink implements MarksSink {
  readonly #producer: Producer;
  readonly #topic: string;
  readonly #run: string;
  readonly #log: Log;
  /** By shard and car. */
  readonly #waiting = new Map<string, { header: Omit<LedgerMarks, 'marks'>; cars: Map<string, CarMark> }>();
  #sending: Promise<void> | undefined;

  private constructor(producer: Producer, topic: string, run: string, log: Log) {
    this.#producer = producer;
    this.#topic = topic;
    this.#run = run;
    this.#log = log;
  }

  /** @throws UserError when Kafka cannot be reached */
  static async connect(config: KafkaConfig, run: string, log: Log): Promise<KafkaSink> {
    const kafka = connectKafka(config, log);
    await waitForKafka(kafka, kafkaWaitMs);
    const producer = kafka.producer({ idempotent: true });
    await producer.connect();
    return new KafkaSink(producer, topicName('fleet.ledger', config.topicPrefix), run, log);
  }

  take(bytes: Uint8Array): void {
    const { marks, ...header } = ledgerMarksCodec.decode(Buffer.from(bytes));
    this.#wait(header, marks);
    this.#sending ??= this.#sendWaiting().finally(() => {
      this.#sending = undefined;
    });
  }

  async close(): Promise<void> {
    await this.#sending;
    await this.#sendWaiting();
    await this.#producer.disconnect();
  }

  #wait(header: Omit<LedgerMarks, 'marks'>, marks: readonly CarMark[]): void {
    const cars = this.#waiting.get(header.shard)?.cars ?? new Map<string, CarMark>();
    for (const mark of marks) cars.set(mark.vin, mark);
    this.#waiting.set(header.shard, { header, cars });
  }

  async #sendWaiting(): Promise<void> {
    for (;;) {
      const [shard, waiting] = this.#waiting.entries().next().value ?? [];
      if (shard === undefined || waiting === undefined) return;
      const marks = [...waiting.cars.values()].slice(0, carsPerRecord);
      for (const mark of marks) waiting.cars.delete(mark.vin);
      if (waiting.cars.size === 0) this.#waiting.delete(shard);
      const value = ledgerMarksCodec.encode({ ...waiting.header, marks });
      try {
        await this.#producer.send({
          topic: this.#topic,
          messages: [{ key: runKey(this.#run, shard), value }],
        });
      } catch (error) {
        this.#log.warn({ error: kafkaInWords(error) }, 'marks could not be written to Kafka');
        // What came meanwhile is newer. All of it goes out with the next marks.
        const newer = [...(this.#waiting.get(shard)?.cars.values() ?? [])];
        this.#wait(waiting.header, [...marks, ...newer]);
        return;
      }
    }
  }
}
