import { framePositionCodec } from '#contract/records.ts';
import { topicName } from '#contract/topics.ts';
import type { Log } from '#runtime/log.ts';
import { readToEnd } from '#wire/kafka-reader.ts';
import type { Kafka } from '#wire/kafka.ts';
import { CommittedFrames } from './committed-frames.ts';

/** Others' open transactions are waited for: theirs is the transaction timeout, and Kafka looks for it now and then. */
const readTimeoutMs = 30_000;

/**
 * Reads fleet.frames. One reading serves every edge that asked before it began; later ones share the next, so that a
 * thousand edges that come at once cost two readings.
 */
export class FramePositions {
  readonly #kafka: Kafka;
  readonly #keyPrefix: string;
  readonly #topic: string;
  readonly #log: Log;
  #reading: Promise<unknown> = Promise.resolve();
  #next: Promise<Map<string, CommittedFrames>> | undefined;

  constructor(kafka: Kafka, options: { run: string; topicPrefix: string; log: Log }) {
    this.#kafka = kafka;
    this.#keyPrefix = `${options.run}/`;
    this.#topic = topicName('fleet.frames', options.topicPrefix);
    this.#log = options.log;
  }

  /**
   * What is committed under a key, {run}/{edge}, of all that was written before this call.
   * @throws Error when Kafka cannot be read in time
   */
  async committed(key: string): Promise<CommittedFrames> {
    this.#next ??= this.#queue();
    return (await this.#next).get(key)?.copy() ?? new CommittedFrames();
  }

  #queue(): Promise<Map<string, CommittedFrames>> {
    const reading = this.#reading.then(async () => {
      this.#next = undefined;
      return this.#read();
    });
    this.#reading = reading.catch(() => {});
    return reading;
  }

  async #read(): Promise<Map<string, CommittedFrames>> {
    const byKey = new Map<string, CommittedFrames>();
    await readToEnd(this.#kafka, {
      topics: [this.#topic],
      timeoutMs: readTimeoutMs,
      onBatch: (records) => {
        for (const { key, value } of records) {
          const edge = key?.toString();
          if (edge?.startsWith(this.#keyPrefix) && value !== null) this.#note(byKey, edge, value);
        }
      },
    });
    return byKey;
  }

  #note(byKey: Map<string, CommittedFrames>, edge: string, value: Buffer): void {
    if (!framePositionCodec.matches(value)) {
      this.#log.warn({ edge }, 'a record of fleet.frames is none of ours: passed over');
      return;
    }
    const { epoch, number, earlier } = framePositionCodec.decode(value);
    const committed = byKey.get(edge) ?? new CommittedFrames();
    byKey.set(edge, committed);
    for (const position of earlier) committed.note(position);
    committed.note({ epoch, number });
  }
}
