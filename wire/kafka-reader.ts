import { FetchLoop, type OnBatch, type Progress } from './kafka-fetch-loop.ts';
import type { ReaderLag } from './kafka-lag.ts';
import { reach } from './kafka-reach.ts';
import type { Kafka } from './kafka.ts';

export type { Progress, ReadRecord } from './kafka-fetch-loop.ts';
export type { Lag, ReaderLag } from './kafka-lag.ts';

/**
 * - written: behind all that was written when it was asked for. Waits until the transactions before it are decided; those
 *   of a dead producer until Kafka gives them up.
 * - stable: the last stable offset. A commit's answer comes before its markers are in the log, so what was committed a
 *   moment ago may lie behind it: it proves nothing, but needs no waiting.
 */
export type End = 'stable' | 'written';

export interface TopicReader {
  /**
   * Resolves when every partition's position has reached the end as of this call (`written` unless said otherwise), markers
   * and aborted records included, and onBatch has returned for all before it.
   * @throws Error saying which partitions are behind, when that takes longer, or why the reader has failed
   */
  reachEnd(timeoutMs: number, end?: End): Promise<void>;
  /** How far it is behind, as of the last fetch, and while it is paused as of the last second. */
  lag(): ReaderLag;
  /** Fetches nothing more until it is resumed; what was fetched is still handed on. */
  pause(): void;
  resume(): void;
  /** Where the reader stands, as of the last fetch. */
  progress(): Progress[];
  /** Rejects when the reader has failed: onBatch threw, or the log was cut off behind its position. Else never settles. */
  readonly failed: Promise<never>;
  /** Resolves when onBatch will not be called any more. */
  stop(): Promise<void>;
}

export interface ReadTopicsOptions {
  topics: string[];
  from: 'beginning' | 'end';
  /** Waited for: the next batch of the partition comes after it. When it throws, the reader has failed. */
  onBatch: OnBatch;
  /** Its name in the gauges of its lag, where the client has metrics; without one it is not shown. */
  consumer?: string;
  /** In one fetch. A larger record still comes, alone. */
  maxBytesPerPartition?: number;
  /** The broker gathers so much before it answers, for 250 ms at most: fewer fetches. 1 unless set. */
  minBytes?: number;
}

/**
 * Reads committed records of topics and knows its position in each partition.
 *
 * Promise: within one reader every committed record comes once, in the order of its partition, over lost connections,
 * restarts of brokers and moves of leaders: the position is kept here (there is no consumer group that could set it
 * back) and moves only forward, after onBatch has returned. Another reader begins where it is told to. One that has
 * fallen behind catches up from wherever Kafka keeps the records, and holds no more than one fetch of each broker.
 * @throws UserError when Kafka cannot be reached or lacks one of the topics
 */
export async function readTopics(kafka: Kafka, options: ReadTopicsOptions): Promise<TopicReader> {
  const loop = await FetchLoop.open(kafka, { ...options, maxWaitMs: 250 });
  const running = loop.run();
  return {
    reachEnd: async (timeoutMs, end = 'written') => reach(loop, end, timeoutMs),
    lag: () => loop.lag(),
    pause: () => loop.pause(),
    resume: () => loop.resume(),
    progress: () => loop.progress(),
    failed: loop.failed,
    stop: async () => {
      loop.stop();
      await running;
      await loop.close();
    },
  };
}

/**
 * Reads topics from the beginning to the end of all that was written before this call, and closes: how a bridge learns
 * what is committed. It waits for other producers' open transactions to be decided, for a record behind them may be
 * committed already.
 * @throws Error when that takes longer than `timeoutMs`, or what onBatch threw
 */
export async function readToEnd(
  kafka: Kafka,
  options: { topics: string[]; onBatch: OnBatch; timeoutMs: number; signal?: AbortSignal },
): Promise<void> {
  const loop = await FetchLoop.open(kafka, { ...options, from: 'beginning', maxWaitMs: 100 });
  const stop = (): void => loop.stop();
  options.signal?.addEventListener('abort', stop);
  const reached = reach(loop, 'written', options.timeoutMs).finally(stop);
  try {
    await Promise.all([reached, loop.run()]);
    options.signal?.throwIfAborted();
  } finally {
    options.signal?.removeEventListener('abort', stop);
    await loop.close();
  }
}
