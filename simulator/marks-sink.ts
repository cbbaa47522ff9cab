import { setTimeout as sleep } from 'node:timers/promises';
import type { FromSimulator } from '#contract/control.ts';
import { runKey } from '#contract/identity.ts';
import { ledgerMarksCodec, type CarMark, type LedgerMarks } from '#contract/ledger-marks.ts';
import { spoiledCodec } from '#contract/ledger-records.ts';
import { topicName } from '#contract/topics.ts';
import type { Log } from '#runtime/log.ts';
import { connectKafka, kafkaInWords, waitForKafka, type KafkaConfig } from '#wire/kafka.ts';
import { PatientWriter } from '#wire/patient-writer.ts';
import { carsPerRecord } from './delivery/marks.ts';

/** Where marks of what was sent go: to the testbed that supervises this process, to Kafka, or nowhere. */
export interface MarksSink {
  /** One LedgerMarks record. */
  take(bytes: Uint8Array): void;
  /** One Spoiled record, before the marks that count its messages. */
  spoiled(bytes: Uint8Array): void;
  /** Spoiled messages that are not out yet. */
  readonly waiting: number;
  /** Resolves when all that was taken is out, or cannot get out. */
  close(): Promise<void>;
}

/** Over the control channel. */
export function controlSink(send: (message: FromSimulator) => void): MarksSink {
  return {
    take: (bytes) => send({ type: 'marks', bytes }),
    spoiled: (bytes) => send({ type: 'spoiled', bytes }),
    waiting: 0,
    close: async () => {},
  };
}

/** A simulator that runs alone and has no Kafka: nobody asks. */
export const noSink: MarksSink = { take: () => {}, spoiled: () => {}, waiting: 0, close: async () => {} };

/** At the start, and at the end for what has not left yet. */
const kafkaWaitMs = 10_000;
/** Spoiled messages that wait for Kafka: some 10 MB. */
const maxSpoiledWaiting = 100_000;

interface SpoiledRecord {
  shard: string;
  value: Buffer;
  messages: number;
}

/**
 * Into fleet.ledger, one record at a time, each until Kafka has it. Marks are cumulative: while Kafka is away a later mark
 * takes the place of the car's earlier one, so what waits is bounded by the number of cars, and nothing is lost by it. What
 * was spoiled is not: beyond a limit the oldest record is dropped, and said. It leaves before marks that came after it.
 */
export class KafkaSink implements MarksSink {
  readonly #writer: PatientWriter;
  readonly #topic: string;
  readonly #run: string;
  readonly #log: Log;
  /** By shard and car. */
  readonly #waiting = new Map<string, { header: Omit<LedgerMarks, 'marks'>; cars: Map<string, CarMark> }>();
  #spoiled: SpoiledRecord[] = [];
  #sending: Promise<void> | undefined;

  private constructor(writer: PatientWriter, topic: string, run: string, log: Log) {
    this.#writer = writer;
    this.#topic = topic;
    this.#run = run;
    this.#log = log;
  }

  /** @throws UserError when Kafka cannot be reached */
  static async connect(config: KafkaConfig, run: string, log: Log): Promise<KafkaSink> {
    const kafka = connectKafka(config, log);
    await waitForKafka(kafka, kafkaWaitMs);
    const topic = topicName('fleet.ledger', config.topicPrefix);
    return new KafkaSink(new PatientWriter(kafka, log), topic, run, log);
  }

  take(bytes: Uint8Array): void {
    const { marks, ...header } = ledgerMarksCodec.decode(Buffer.from(bytes));
    this.#wait(header, marks);
    this.#sending ??= this.#sendWaiting().finally(() => {
      this.#sending = undefined;
    });
  }

  /** Leaves with the marks that follow it. */
  spoiled(bytes: Uint8Array): void {
    const value = Buffer.from(bytes);
    const { shard, messages } = spoiledCodec.decode(value);
    this.#spoiled.push({ shard, value, messages: messages.length });
    while (this.waiting > maxSpoiledWaiting) {
      const dropped = this.#spoiled.shift();
      this.#log.warn(
        { messages: dropped?.messages },
        'Kafka was away for too long: fleet.ledger will not say of these messages that they were spoiled on purpose',
      );
    }
  }

  get waiting(): number {
    return this.#spoiled.reduce((sum, { messages }) => sum + messages, 0);
  }

  async close(): Promise<void> {
    const sent = (this.#sending ?? Promise.resolve()).then(async () => this.#sendWaiting());
    await Promise.race([sent, sleep(kafkaWaitMs, undefined, { ref: false })]);
    await this.#writer.close();
    await sent;
  }

  #wait(header: Omit<LedgerMarks, 'marks'>, marks: readonly CarMark[]): void {
    const cars = this.#waiting.get(header.shard)?.cars ?? new Map<string, CarMark>();
    for (const mark of marks) cars.set(mark.vin, mark);
    this.#waiting.set(header.shard, { header, cars });
  }

  async #sendWaiting(): Promise<void> {
    for (;;) {
      if (!(await this.#sendSpoiled())) return;
      const [shard, waiting] = this.#waiting.entries().next().value ?? [];
      if (shard === undefined || waiting === undefined) return;
      const marks = [...waiting.cars.values()].slice(0, carsPerRecord);
      for (const mark of marks) waiting.cars.delete(mark.vin);
      if (waiting.cars.size === 0) this.#waiting.delete(shard);
      const value = ledgerMarksCodec.encode({ ...waiting.header, marks });
      if (await this.#send(shard, value)) continue;
      // What came meanwhile is newer. All of it goes out with the next marks.
      const newer = [...(this.#waiting.get(shard)?.cars.values() ?? [])];
      this.#wait(waiting.header, [...marks, ...newer]);
      return;
    }
  }

  /** @returns false when Kafka refused one, or this is being closed */
  async #sendSpoiled(): Promise<boolean> {
    for (let first = this.#spoiled[0]; first; first = this.#spoiled[0]) {
      if (!(await this.#send(first.shard, first.value))) return false;
      // Unless it was dropped meanwhile.
      if (this.#spoiled[0] === first) this.#spoiled.shift();
    }
    return true;
  }

  async #send(shard: string, value: Buffer): Promise<boolean> {
    try {
      await this.#writer.write(this.#topic, runKey(this.#run, shard), value);
      return true;
    } catch (error) {
      this.#log.warn({ error: kafkaInWords(error) }, 'marks could not be written to Kafka');
      return false;
    }
  }
}
