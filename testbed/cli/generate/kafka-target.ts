import { encodeOrigin, originHeader } from '#contract/origin.ts';
import { truthCodec } from '#contract/records.ts';
import { topicName, type TopicName } from '#contract/topics.ts';
import { UserError } from '#runtime/errors.ts';
import { createLog } from '#runtime/log.ts';
import type { Block } from '#simulator/generate/block.ts';
import type { TruthRow } from '#simulator/generate/truth-row.ts';
import {
  connectKafka,
  discardProducer,
  kafkaInWords,
  waitForKafka,
  type KafkaConfig,
  type Message,
  type Producer,
} from '#wire/kafka.ts';
import { ensureTopics } from '#wire/kafka-topics.ts';
import { count } from '../../verdict/figures.ts';
import type { Target } from './target.ts';

/** In the origin's place for an edge: no edge has touched these records. */
const writer = 'generate';
const noEpoch = '0'.repeat(16);
const kafkaWaitMs = 10_000;
const truthsPerSend = 1000;

/**
 * TelemetryBatch records to fleet.telemetry, Truth records to fleet.truth. One send at a time by an idempotent producer: each
 * record once, and of a car in order. What was sent stays when it ends early: the run's id tells it from other runs.
 */
export class KafkaTarget implements Target {
  readonly #brokers: string;
  readonly #prefix: string;
  readonly #run: string;
  readonly #producer: Producer;
  #sends = 0;
  #messages = 0;
  #truths = 0;

  private constructor(config: KafkaConfig, run: string, producer: Producer) {
    this.#brokers = config.brokers.join(', ');
    this.#prefix = config.topicPrefix;
    this.#run = run;
    this.#producer = producer;
  }

  /** @throws UserError when Kafka cannot be reached, or its topics do not fit. @returns notes for the user, too */
  static async open(config: KafkaConfig, run: string): Promise<{ target: KafkaTarget; notes: string[] }> {
    const kafka = connectKafka(config, createLog({ component: 'generate', level: 'silent' }));
    await waitForKafka(kafka, kafkaWaitMs);
    const options = { prefix: config.topicPrefix, given: true, tieredStorage: 'detect' } as const;
    const { notes } = await ensureTopics(kafka, options);
    const producer = kafka.producer({
      idempotent: true,
      maxInFlightRequests: 1,
      allowAutoTopicCreation: false,
    });
    await producer.connect();
    return { target: new KafkaTarget(config, run, producer), notes };
  }

  async write({ bytes, records }: Block): Promise<void> {
    if (!records) throw new Error('a block for Kafka has records');
    const all = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length);
    let begin = 0;
    const messages = records.keys.map((key, place) => {
      const value = all.subarray(begin, records.ends[place]);
      begin += value.length;
      return { key, value };
    });
    await this.#send('fleet.telemetry', messages);
    this.#messages += messages.length;
  }

  async truths(rows: readonly TruthRow[]): Promise<void> {
    for (let from = 0; from < rows.length; from += truthsPerSend) {
      const some = rows.slice(from, from + truthsPerSend);
      const messages = some.map((row) => ({ key: row.vin, value: truthCodec.encode(row) }));
      await this.#send('fleet.truth', messages);
      this.#truths += messages.length;
    }
  }

  async finish(): Promise<string[]> {
    await this.#producer.disconnect();
    return [
      `${topicName('fleet.telemetry', this.#prefix)}  ${count(this.#messages)} records`,
      `${topicName('fleet.truth', this.#prefix)}  ${count(this.#truths)} records`,
      `run ${this.#run} at ${this.#brokers}`,
    ];
  }

  async discard(): Promise<string> {
    await discardProducer(this.#producer, Promise.resolve());
    return `${count(this.#messages)} records are in Kafka all the same, as run ${this.#run}`;
  }

  async #send(topic: TopicName, messages: Message[]): Promise<void> {
    const number = ++this.#sends;
    const origin = encodeOrigin({ run: this.#run, edge: writer, epoch: noEpoch, number, stored: true });
    const headers = { [originHeader]: origin };
    try {
      await this.#producer.send({
        topic: topicName(topic, this.#prefix),
        messages: messages.map((message) => ({ ...message, headers })),
      });
    } catch (error) {
      const words = `Kafka at ${this.#brokers} did not take ${count(messages.length)} records of ${topic}`;
      throw new UserError('component', `${words}: ${kafkaInWords(error)}`, { cause: error });
    }
  }
}
