import type { TelemetryBatch } from '#contract/telemetry.ts';

import type { ReadRecord } from '#wire/kafka-reader.ts';
import { readSpans } from '#wire/kafka-spans.ts';
import type { Kafka } from '#wire/kafka.ts';
import { Seen } from './history/seen.ts';
import { Sieve } from './history/sieve.ts';
import { chooseHistory } from './history/spans.ts';
import { trainerTopic } from './topics.ts';

/** Offsets of one partition, `to` not included. */
export interface OffsetSpan {
  partition: number;
  from: number;
  to: number;
}

/** What of fleet.telemetry is wanted; what is given narrows together. Ends of spans are not included. */
export interface HistoryQuery {
  /** By the records' origin; null takes every run's, and records without an origin. */
  run: string | null;
  topicPrefix: string;
  /** Append time, ms since 1970: from the first record that is as new, to before the first one as new as `until`. */
  since?: number;
  until?: number;
  /** Partitions that are not named are not read. */
  offsets?: readonly OffsetSpan[];
  partitions?: readonly number[];
  /** On the cars' clock, ms since 1970; batches are cut at it. */
  simTime?: { from: number; to: number };
  vins?: ReadonlySet<string>;
}

export interface HistoryReport {
  /** Distinct messages inside the query. */
  records: number;
  /** Of them, as handed on. */
  readings: number;
  /** Records of messages, (vin, session, seq), that had been read before. */
  duplicates: number;
  /** Records of the run that are no telemetry, whatever car or time they are of. */
  undecodable: number;
  /** Readings whose clock stood still or went back, or without one finite signal: not handed on. */
  implausible: number;
  /** As read, by partition. */
  offsets: OffsetSpan[];
}

export interface HistoryOptions {
  /**
   * Batches in the order of each partition; waited for, so that nothing piles up. A batch is handed on in parts where
   * readings of it are left out.
   */
  onBatch: (
    batch: TelemetryBatch,
    at: { partition: number; offset: number; appendedAt: number },
  ) => void | Promise<void>;
  /** `share` of the offsets, 0 to 1. */
  onProgress?: (done: { readings: number; share: number }) => void;
  signal?: AbortSignal;
  /** An earlier report to the same query: what lies behind its offsets is read, and its figures are added to. */
  from?: HistoryReport;
}

/**
 * What is remembered of the messages behind a report, while it is in memory: with it a message that comes again, and a
 * clock that goes back, are known across reports. Behind a report that was written down both are judged anew.
 */
const seenBehind = new WeakMap<HistoryReport, Seen>();

/**
 * Reads telemetry that lies in Kafka, on the brokers' disks or in tiered storage, up to the last stable offsets at the
 * time of the call. Holds at most one fetch and a few numbers a car.
 * @throws UserError when Kafka cannot be reached, or lacks the topic or a partition; the signal's reason; what onBatch threw
 */
export async function readHistory(
  kafka: Kafka,
  query: HistoryQuery,
  options: HistoryOptions,
): Promise<HistoryReport> {
  const { onBatch, onProgress, signal, from } = options;
  const seen = (from && seenBehind.get(from)?.copy()) ?? new Seen();
  const sieve = new Sieve(query, seen, from);
  let spans: OffsetSpan[] = [];
  let turn: Promise<void> = Promise.resolve();

  const take = async (records: readonly ReadRecord[]): Promise<void> => {
    for (const record of records) {
      signal?.throwIfAborted();
      const { partition, timestamp: appendedAt } = record;
      for (const batch of sieve.take(record)) {
        const handled = onBatch(batch, { partition, offset: Number(record.offset), appendedAt });
        // Most handlers are done at once, and a turn of the event loop costs as much as a reading.
        if (handled) await handled;
      }
    }
  };

  await readSpans(kafka, {
    topic: trainerTopic('fleet.telemetry', query.topicPrefix),
    consumer: 'history',
    choose: async (places, offsetsAt) => {
      const chosen = await chooseHistory(query, from?.offsets ?? [], places, offsetsAt);
      spans = chosen.map(({ partition, position, end }) => ({ partition, from: position, to: end }));
      return chosen;
    },
    // Several brokers answer at once; onBatch is called by one of them at a time.
    onBatch: async (records) => (turn = turn.then(async () => take(records))),
    onMoved: (progress) => {
      const { readings } = sieve.counts;
      onProgress?.({ readings, share: shareOf(spans, progress) });
    },
    ...(signal && { signal }),
  });
  const report = { ...sieve.counts, offsets: joined(from?.offsets ?? [], spans) };
  seenBehind.set(report, seen);
  return report;
}

function shareOf(spans: readonly OffsetSpan[], progress: readonly { position: number }[]): number {
  const all = spans.reduce((sum, { from, to }) => sum + to - from, 0);
  // A position lies behind the end where retention was faster than the reading.
  const leftOf = ({ to }: OffsetSpan, index: number): number => to - (progress[index]?.position ?? to);
  const left = spans.reduce((sum, span, index) => sum + Math.max(0, leftOf(span, index)), 0);
  return all === 0 ? 1 : 1 - left / all;
}

/** Earlier spans, continued. */
function joined(earlier: readonly OffsetSpan[], spans: readonly OffsetSpan[]): OffsetSpan[] {
  const all = new Map(earlier.map((span) => [span.partition, span]));
  for (const span of spans) {
    all.set(span.partition, { ...span, from: all.get(span.partition)?.from ?? span.from });
  }
  return [...all.values()].sort((one, other) => one.partition - other.partition);
}
