import { setTimeout as delay } from 'node:timers/promises';
import { nameInRun } from '#contract/identity.ts';
import { parseModelKey } from '#contract/release.ts';
import { topicName } from '#contract/topics.ts';
import type { Log } from '#runtime/log.ts';
import { readToEnd, readTopics, type ReadRecord, type TopicReader } from '#wire/kafka-reader.ts';
import { kafkaInWords, type Kafka } from '#wire/kafka.ts';
import type { BridgeMetrics } from '../bridge-metrics.ts';
import { Desires } from './desires.ts';
import { Releases } from './releases.ts';

export interface DownlinkOptions {
  kafka: Kafka;
  run: string;
  topicPrefix: string;
  maxReleaseBytes: number;
  /** Publishes retained; resolves when present subscribers have it. */
  retain(topic: string, payload: Buffer): Promise<void>;
  /** May this bridge tell the edge what it should run? Always, unless set. */
  mayTell?(edge: string): boolean;
  /** Kafka has lost what was read already: only a new start helps. */
  fail(error: unknown): void;
  metrics: BridgeMetrics;
  log: Log;
}

/** One try to reach the end; the next follows at once. */
const reachTimeoutMs = 30_000;
const restoreTimeoutMs = 60_000;
const tryAgainMs = 1_000;

/**
 * Kafka -> retained MQTT, from the beginning of fleet.models and fleet.desired and onwards. What is desired is read first, so
 * that a limit spares what is needed; manifests and desires go out when both topics have been read to their ends, for what
 * stands further back in a compacted topic may take it back.
 */
export class Downlink {
  readonly #options: DownlinkOptions;
  readonly #modelsTopic: string;
  readonly #releases: Releases;
  readonly #desires: Desires;
  readonly #stopping = new AbortController();
  readonly #desiresRead = Promise.withResolvers<void>();
  readonly #readers: TopicReader[] = [];
  /** Offset behind what was taken, by partition of fleet.models. */
  readonly #takenTo = new Map<number, number>();
  /** Records are taken one after the other, whichever reader they come from. */
  #turn: Promise<void> = Promise.resolve();
  #isUpToDate = false;
  #isRestoring = false;
  #living: Promise<void> = Promise.resolve();

  private constructor(options: DownlinkOptions) {
    this.#options = options;
    const { run, metrics, log } = options;
    const retain = async (topic: string, payload: Buffer): Promise<void> => {
      if (!this.#isStopped) await options.retain(topic, payload);
    };
    this.#modelsTopic = topicName('fleet.models', options.topicPrefix);
    this.#desires = new Desires({
      retain,
      isOut: (release) => this.#releases.isOut(release),
      mayTell: (edge) => options.mayTell?.(edge) ?? true,
      metrics,
      log,
    });
    this.#releases = new Releases({
      run,
      maxBytes: options.maxReleaseBytes,
      retain,
      isDesired: (release) => this.#desires.isDesired(release),
      onOut: async (release) => this.#desires.releaseOut(release),
      onWithdrawing: async (release) => this.#desires.releaseWithdrawn(release),
      metrics,
      log,
    });
  }

  /**
   * Resolves when both topics are being read; what they hold goes out from then on.
   * @throws UserError when Kafka cannot be reached or lacks one of them
   */
  static async open(options: DownlinkOptions): Promise<Downlink> {
    const downlink = new Downlink(options);
    try {
      await downlink.#open();
    } catch (error) {
      await downlink.stop();
      throw error;
    }
    return downlink;
  }

  /** Everything that Kafka held at the start is out. */
  get isUpToDate(): boolean {
    return this.#isUpToDate;
  }

  get releases(): number {
    return this.#releases.count;
  }

  get releaseBytes(): number {
    return this.#releases.bytes;
  }

  /** Edges whose desired release is not out. */
  get heldBack(): number {
    return this.#desires.heldBack;
  }

  /** From now on this bridge may tell the edge. Before both topics were read to their ends, that comes by itself. */
  async repeat(edge: string): Promise<void> {
    if (this.#isUpToDate) await this.#inTurn(async () => this.#desires.repeat(edge));
  }

  /** Publishes nothing more. What is retained stays with the broker. */
  async stop(): Promise<void> {
    this.#stopping.abort();
    this.#desiresRead.resolve();
    await Promise.all(this.#readers.map(async (reader) => reader.stop()));
    await this.#living;
    await this.#turn;
  }

  async #open(): Promise<void> {
    const { topicPrefix } = this.#options;
    const desired = await this.#read(topicName('fleet.desired', topicPrefix), async (records) =>
      this.#inTurn(async () => this.#takeDesired(records)),
    );
    const models = await this.#read(this.#modelsTopic, async (records) => {
      await this.#desiresRead.promise;
      await this.#inTurn(async () => this.#takeModels(records));
    });
    this.#living = this.#live(desired, models);
  }

  async #read(topic: string, onBatch: (records: ReadRecord[]) => Promise<void>): Promise<TopicReader> {
    const from = 'beginning';
    const { kafka } = this.#options;
    const reader = await readTopics(kafka, { topics: [topic], from, consumer: 'downlink', onBatch });
    this.#readers.push(reader);
    reader.failed.catch((error: unknown) => {
      if (this.#isStopped) return;
      this.#stopping.abort();
      this.#options.fail(error);
    });
    return reader;
  }

  async #live(desired: TopicReader, models: TopicReader): Promise<void> {
    await this.#reach(desired);
    this.#desiresRead.resolve();
    await this.#reach(models);
    if (this.#isStopped) return;
    await this.#inTurn(async () => this.#releases.open());
    this.#isUpToDate = true;
    const { releases, releaseBytes, heldBack } = this;
    this.#options.log.info({ releases, releaseBytes, heldBack }, 'gives edges what Kafka holds for them');
    this.#restoreWhatIsMissing();
  }

  /** For as long as it takes. */
  async #reach(reader: TopicReader): Promise<void> {
    while (!this.#isStopped) {
      try {
        await reader.reachEnd(reachTimeoutMs, 'stable');
        return;
      } catch (error) {
        if (this.#isStopped) return;
        this.#options.log.warn({ reason: kafkaInWords(error) }, 'edges wait for their releases');
        await this.#pause();
      }
    }
  }

  async #takeDesired(records: readonly ReadRecord[]): Promise<void> {
    for (const { key, value } of records) {
      const edge = nameInRun(this.#options.run, key);
      if (edge !== null) await this.#desires.take(edge, ownBytes(value));
    }
    this.#restoreWhatIsMissing();
  }

  async #takeModels(records: readonly ReadRecord[]): Promise<void> {
    for (const { key, value, partition, offset } of records) {
      const parsed = parseModelKey(key);
      if (parsed?.run === this.#options.run) await this.#releases.take(parsed, ownBytes(value));
      this.#takenTo.set(partition, Number(offset) + 1);
    }
    this.#restoreWhatIsMissing();
  }

  /** A release that was put aside and is desired again is read a second time, from the beginning of the topic. */
  #restoreWhatIsMissing(): void {
    if (!this.#isUpToDate || this.#isRestoring || this.#isStopped) return;
    const [release] = this.#releases.toRestore();
    if (release === undefined) return;
    this.#isRestoring = true;
    void this.#inTurn(async () => this.#releases.restore(release, async () => this.#readAgain(release)))
      .catch(async (error: unknown) => {
        if (this.#isStopped) return;
        this.#options.log.warn(
          { release, reason: kafkaInWords(error) },
          'a desired release cannot be read again',
        );
        await this.#pause();
      })
      .then(() => {
        this.#isRestoring = false;
        this.#restoreWhatIsMissing();
      });
  }

  /** Only what was taken before: the rest still comes by the reader. */
  async #readAgain(release: string): Promise<void> {
    const { kafka, run } = this.#options;
    await readToEnd(kafka, {
      topics: [this.#modelsTopic],
      timeoutMs: restoreTimeoutMs,
      signal: this.#stopping.signal,
      onBatch: async (records) => {
        for (const { key, value, partition, offset } of records) {
          const parsed = parseModelKey(key);
          if (parsed?.run !== run || parsed.release !== release) continue;
          if (Number(offset) < (this.#takenTo.get(partition) ?? 0)) {
            await this.#releases.take(parsed, ownBytes(value));
          }
        }
      },
    });
  }

  async #inTurn(work: () => Promise<void>): Promise<void> {
    const turn = this.#turn.then(async () => {
      if (!this.#isStopped) await work();
    });
    this.#turn = turn.catch(() => undefined);
    return turn;
  }

  async #pause(): Promise<void> {
    const { signal } = this.#stopping;
    await delay(tryAgainMs, undefined, { signal }).catch(() => undefined);
  }

  get #isStopped(): boolean {
    return this.#stopping.signal.aborted;
  }
}

/** A record is a slice of all that one fetch brought, which would be held with it. No bytes say the same as a tombstone. */
function ownBytes(value: Buffer | null): Buffer | null {
  return value === null || value.length === 0 ? null : Buffer.from(value);
}
