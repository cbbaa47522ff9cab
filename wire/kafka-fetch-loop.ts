import { setTimeout as sleep } from 'node:timers/promises';
import { UserError } from '#runtime/errors.ts';
import type { Log } from '#runtime/log.ts';
import {
  isolation,
  openCluster,
  type Cluster,
  type FetchedPartition,
  type RawRecord,
} from './kafka-cluster.ts';
import { committedOnly } from './kafka-committed.ts';
import { LagWatch, type ReaderLag } from './kafka-lag.ts';
import { byLeader, offsetsOf, type Mark, type Place } from './kafka-offsets.ts';
import { beginning, fetchedFrom, readTo, toldEnds, type Progress, type Span } from './kafka-progress.ts';
import { kafkaInWords, madeWith, type Kafka } from './kafka.ts';

export type { Progress, Span } from './kafka-progress.ts';

/** A committed record, as it lies in Kafka. */
export interface ReadRecord {
  /** On the wire: with its prefix. */
  topic: string;
  partition: number;
  offset: string;
  /** ms since 1970: the broker's own clock where the topic says LogAppendTime. */
  timestamp: number;
  key: Buffer | null;
  value: Buffer | null;
  headers: RawRecord['headers'];
}

export type OnBatch = (records: ReadRecord[], place: Place) => void | Promise<void>;

/** Picks what is to be read; `offsetsAt` says where a mark stands in each of the places. Asked again when Kafka fails. */
export type ChooseSpans = (
  places: readonly Place[],
  offsetsAt: (mark: Mark) => Promise<number[]>,
) => Promise<Span[]>;

export interface FetchLoopOptions {
  topics: string[];
  from: 'beginning' | 'end' | ChooseSpans;
  onBatch: OnBatch;
  /** Its name in the gauges of its lag; without one it is not shown. */
  consumer?: string | undefined;
  maxBytesPerPartition?: number;
  /** The broker holds a fetch until it finds so much; 1 unless set. */
  minBytes?: number;
  /** How long the broker may hold a fetch that finds less. */
  maxWaitMs: number;
}

/** From one broker at a time, and not fetched again before all of it was handed on: what bounds a reader's memory. */
const maxBytesPerFetch = 32 * 1024 * 1024;
const defaultMaxBytesPerPartition = 4 * 1024 * 1024;
const openTimeoutMs = 10_000;
/** A topic that was just created is not known to every broker at once. */
const missingTopicMs = 2000;
const backOff = { minMs: 50, maxMs: 1000 };
/** A position behind the end is waited for this long: a broker that has just started may not know its end yet. */
const cutOffAfterMs = 10_000;
/** How often a reader that is paused asks how far it has fallen behind. */
const lookMs = 1000;

/** Fetches partitions, one fetch per leader at a time, and alone moves their positions. */
export class FetchLoop {
  readonly failed: Promise<never>;
  readonly #kafka: Kafka;
  readonly #options: FetchLoopOptions;
  readonly #log: Log;
  readonly #stopped = new AbortController();
  readonly #fail: (error: unknown) => void;
  #cluster: Cluster;
  #places: Progress[] = [];
  readonly #watchers = new Set<() => void>();
  readonly #lag = new LagWatch();
  readonly #hide: (() => void) | undefined;
  #pause: AbortController | undefined;
  #trouble: unknown;
  #beyondEndSince: number | undefined;

  private constructor(kafka: Kafka, options: FetchLoopOptions) {
    this.#kafka = kafka;
    this.#options = options;
    const { log, lags } = madeWith(kafka);
    this.#log = log;
    this.#cluster = openCluster(kafka);
    const { consumer } = options;
    this.#hide = consumer === undefined ? undefined : lags?.watch(consumer, () => this.lag());
    const { promise, reject } = Promise.withResolvers<never>();
    this.failed = promise;
    this.#fail = reject;
    promise.catch(() => undefined);
  }

  /** @throws UserError when Kafka cannot be reached or lacks a topic */
  static async open(kafka: Kafka, options: FetchLoopOptions): Promise<FetchLoop> {
    const loop = new FetchLoop(kafka, options);
    const startedAt = performance.now();
    for (;;) {
      try {
        await loop.#findPlaces();
        return loop;
      } catch (error) {
        if (error instanceof UserError) {
          await loop.close();
          throw error;
        }
        if (performance.now() - startedAt >= (isMissingTopic(error) ? missingTopicMs : openTimeoutMs)) {
          await loop.close();
          const { brokers } = madeWith(kafka).config;
          const what = `Kafka at ${brokers.join(', ')}: ${options.topics.join(', ')} cannot be read`;
          throw new UserError('component', `${what}: ${kafkaInWords(error)}`, { cause: error });
        }
        await loop.#reconnect(0);
      }
    }
  }

  /** Reads until stop() or until it has failed. Never rejects: see `failed`. */
  async run(): Promise<void> {
    let failures = 0;
    while (!this.#stopped.signal.aborted) {
      try {
        await this.#turn();
        failures = 0;
        this.#trouble = undefined;
        this.#beyondEndSince = undefined;
      } catch (error) {
        if (error instanceof HandlerError) return this.#end(error.cause);
        try {
          if (!isOutOfRange(error)) throw error;
          await this.#comeIntoRange();
        } catch (trouble) {
          if (trouble instanceof LogCutError) return this.#end(trouble);
          if (this.#trouble === undefined)
            this.#log.warn({ reason: kafkaInWords(trouble) }, 'Kafka cannot be read: trying again');
          this.#trouble = trouble;
          await this.#reconnect(failures++);
        }
      }
    }
  }

  /** Where a mark stands now in each of `progress()`; asks again while Kafka is away. */
  async endsAt(mark: Mark, deadline: AbortSignal): Promise<number[]> {
    for (;;) {
      try {
        return await offsetsOf(this.#cluster, this.#places, mark);
      } catch (error) {
        if (deadline.aborted || this.#stopped.signal.aborted) {
          throw new Error(`Kafka does not say where its ends are: ${kafkaInWords(error)}`, { cause: error });
        }
        await sleep(100);
      }
    }
  }

  /** Called whenever a position has moved. @returns to be called no more */
  onMoved(look: () => void): () => void {
    this.#watchers.add(look);
    return () => this.#watchers.delete(look);
  }

  /** What keeps it from reading at the moment; undefined when nothing does. */
  get trouble(): unknown {
    return this.#trouble;
  }

  /** Aborted by stop() and by failing. */
  get stopped(): AbortSignal {
    return this.#stopped.signal;
  }

  progress(): Progress[] {
    return this.#places.map((place) => ({ ...place }));
  }

  lag(): ReaderLag {
    return this.#lag.lag(this.#places);
  }

  /** Fetches nothing more until resume(); what was fetched is still handed on. Its lag is known meanwhile, too. */
  pause(): void {
    this.#pause ??= new AbortController();
  }

  resume(): void {
    this.#pause?.abort();
    this.#pause = undefined;
  }

  stop(): void {
    this.#stopped.abort();
  }

  async close(): Promise<void> {
    this.stop();
    this.#hide?.();
    await this.#cluster.disconnect().catch(() => undefined);
  }

  async #findPlaces(): Promise<void> {
    const { topics, from } = this.#options;
    await this.#cluster.connect();
    await this.#cluster.addMultipleTargetTopics(topics);
    const places = topics.flatMap((topic) => {
      const partitions = this.#cluster.findTopicPartitionMetadata(topic);
      if (partitions.length === 0) throw new Error(`there is no topic ${topic}`);
      return partitions.map(({ partitionId }) => ({ topic, partition: partitionId }));
    });
    const offsetsAt = async (mark: Mark): Promise<number[]> => offsetsOf(this.#cluster, places, mark);
    const spans =
      typeof from === 'function'
        ? await from(places, offsetsAt)
        : endless(places, await offsetsAt(from === 'beginning' ? 'start' : 'stable'));
    this.#places = spans.map(beginning);
    this.#lag.note(this.#places);
  }

  /** One fetch from every leader; what each brings is handed on before the next turn. */
  async #turn(): Promise<void> {
    await this.#cluster.refreshMetadataIfNecessary();
    if (this.#pause) return this.#standStill(this.#pause.signal);
    const maxBytes = this.#options.maxBytesPerPartition ?? defaultMaxBytesPerPartition;
    const unread = this.#places.filter(({ position, end }) => position < end);
    const requests = byLeader(this.#cluster, unread, ({ position }) => ({
      fetchOffset: String(position),
      maxBytes,
    }));
    // All of them end before the turn does: a position has one owner.
    const ends = await Promise.allSettled(
      [...requests].map(async ([nodeId, topics]) => this.#fetch(nodeId, topics)),
    );
    const failed = ends.filter((end) => end.status === 'rejected').map((end) => end.reason as unknown);
    const worst = failed.find((error) => error instanceof HandlerError) ?? failed[0];
    if (worst !== undefined) throw worst;
  }

  async #fetch(
    nodeId: number,
    topics: Parameters<Awaited<ReturnType<Cluster['findBroker']>>['fetch']>[0]['topics'],
  ): Promise<void> {
    const broker = await this.#cluster.findBroker({ nodeId });
    const { responses } = await broker.fetch({
      isolationLevel: isolation.readCommitted,
      maxWaitTime: this.#options.maxWaitMs,
      minBytes: this.#options.minBytes ?? 1,
      maxBytes: maxBytesPerFetch,
      topics,
    });
    const brought = responses.flatMap(({ topicName, partitions }) =>
      partitions.flatMap((fetched) => {
        const place = this.#places.find(
          ({ topic, partition }) => topic === topicName && partition === fetched.partition,
        );
        return place ? [{ place, fetched }] : [];
      }),
    );
    for (const { place, fetched } of brought) {
      toldEnds(place, Number(fetched.lastStableOffset), Number(fetched.highWatermark));
      fetchedFrom(place, fetched);
    }
    this.#lag.note(this.#places);
    for (const { place, fetched } of brought) {
      if (this.#stopped.signal.aborted) return;
      await this.#take(place, fetched);
    }
  }

  async #take(place: Progress, fetched: FetchedPartition): Promise<void> {
    const { topic, partition } = place;
    const { records, next } = committedOnly(fetched, place.position, place.end);
    if (records.length > 0) {
      try {
        await this.#options.onBatch(
          records.map((record) => readRecord(place, record)),
          { topic, partition },
        );
      } catch (error) {
        throw new HandlerError(error);
      }
    }
    if (next === place.position) return;
    const last = records.at(-1);
    readTo(place, next, last && Number(last.timestamp));
    for (const look of this.#watchers) look();
  }

  /** A reader that stands still falls behind, and is to know how far. */
  async #standStill(resumed: AbortSignal): Promise<void> {
    const written = await offsetsOf(this.#cluster, this.#places, 'written');
    const stable = await offsetsOf(this.#cluster, this.#places, 'stable');
    for (const [index, place] of this.#places.entries()) {
      toldEnds(place, stable[index] ?? 0, written[index] ?? 0);
    }
    this.#lag.note(this.#places);
    const signal = AbortSignal.any([resumed, this.#stopped.signal]);
    await sleep(lookMs, undefined, { signal }).catch(() => undefined);
  }

  /** Kafka has deleted what we had not read yet (retention), or has lost what we had read. */
  async #comeIntoRange(): Promise<void> {
    const starts = await offsetsOf(this.#cluster, this.#places, 'start');
    const ends = await offsetsOf(this.#cluster, this.#places, 'written');
    let moved = false;
    for (const [index, place] of this.#places.entries()) {
      const start = starts[index] ?? 0;
      const end = ends[index] ?? 0;
      if (place.position < start) {
        const { topic, partition, position } = place;
        this.#log.warn({ topic, partition, position, start }, 'Kafka deleted records before they were read');
        place.position = start;
        moved = true;
      } else if (place.position > end) {
        this.#beyondEndSince ??= performance.now();
        if (performance.now() - this.#beyondEndSince > cutOffAfterMs) throw new LogCutError(place, end);
        throw new Error(
          `${place.topic}/${place.partition} ends at ${end}, before our position ${place.position}`,
        );
      }
    }
    if (!moved) throw new Error('offset out of range');
    for (const look of this.#watchers) look();
  }

  /** A new cluster: connections, metadata and whatever state the old one got into are gone with it. */
  async #reconnect(failures: number): Promise<void> {
    const pauseMs = Math.min(backOff.minMs * 2 ** failures, backOff.maxMs);
    const { signal } = this.#stopped;
    await sleep(pauseMs, undefined, { signal }).catch(() => undefined);
    if (signal.aborted) return;
    const old = this.#cluster;
    this.#cluster = openCluster(this.#kafka);
    await old.disconnect().catch(() => undefined);
    try {
      await this.#cluster.connect();
      await this.#cluster.addMultipleTargetTopics(this.#options.topics);
    } catch (error) {
      this.#log.debug({ reason: kafkaInWords(error) }, 'Kafka cannot be reached');
    }
  }

  #end(error: unknown): void {
    this.#fail(error);
    this.#stopped.abort();
  }
}

function endless(places: readonly Place[], positions: readonly number[]): Span[] {
  return places.map((place, index) => ({ ...place, position: positions[index] ?? 0, end: Infinity }));
}

/** What onBatch threw. */
class HandlerError extends Error {
  constructor(cause: unknown) {
    super('onBatch failed', { cause });
  }
}

/** The topic was created anew, or a broker came back without what it had acknowledged. */
class LogCutError extends Error {
  override name = 'LogCutError';
  constructor({ topic, partition, position }: Progress, end: number) {
    super(
      `${topic}/${partition} ends at ${end}, but was read up to ${position} before: Kafka has lost records`,
    );
  }
}

function isMissingTopic(error: unknown): boolean {
  return error instanceof Error && 'type' in error && error.type === 'UNKNOWN_TOPIC_OR_PARTITION';
}

function isOutOfRange(error: unknown): boolean {
  return error instanceof Error && error.name === 'KafkaJSOffsetOutOfRange';
}

function readRecord({ topic, partition }: Place, raw: RawRecord): ReadRecord {
  const { offset, key, value, headers } = raw;
  return { topic, partition, offset, timestamp: Number(raw.timestamp), key, value, headers };
}
