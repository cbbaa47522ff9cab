import { FetchLoop, type ChooseSpans, type OnBatch, type Progress } from './kafka-fetch-loop.ts';
import type { Kafka } from './kafka.ts';

export type { ChooseSpans, Span } from './kafka-fetch-loop.ts';

export interface ReadSpansOptions {
  topic: string;
  /** Which offsets of which partitions; their ends have to be at most the last stable offsets. */
  choose: ChooseSpans;
  /** Its name in the gauges of its lag, where the client has metrics; without one it is not shown. */
  consumer?: string;
  /** Waited for: nothing more is fetched until it has returned. When it throws, the reading ends with what it threw. */
  onBatch: OnBatch;
  /** After every step, and once before the first. */
  onMoved?: (progress: Progress[]) => void;
  signal?: AbortSignal;
}

/** Of each partition and fetch: enough that a fetch from the remote tier is worth its way. */
const maxBytesPerPartition = 2 * 1024 * 1024;

/**
 * Reads the committed records of offsets that are there already, each once, in the order of each partition, wherever
 * Kafka keeps them. Lost connections and restarts of brokers are waited for.
 * @throws UserError when Kafka cannot be reached or lacks the topic; the signal's reason; what onBatch threw
 */
export async function readSpans(kafka: Kafka, options: ReadSpansOptions): Promise<void> {
  const { topic, choose, onBatch, onMoved, signal, consumer } = options;
  signal?.throwIfAborted();
  const loop = await FetchLoop.open(kafka, {
    topics: [topic],
    from: choose,
    onBatch,
    consumer,
    maxBytesPerPartition,
    maxWaitMs: 100,
  });
  const stop = (): void => loop.stop();
  const look = (): void => {
    const progress = loop.progress();
    onMoved?.(progress);
    if (progress.every(({ position, end }) => position >= end)) stop();
  };
  signal?.addEventListener('abort', stop);
  try {
    loop.onMoved(look);
    look();
    if (signal?.aborted) stop();
    // The reason of a failure comes before the end that it makes.
    await Promise.race([loop.failed, loop.run()]);
    signal?.throwIfAborted();
  } finally {
    signal?.removeEventListener('abort', stop);
    await loop.close();
  }
}
