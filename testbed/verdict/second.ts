import { z } from 'zod';
import type { LogHistogram } from '#runtime/histogram.ts';

const quantiles = z.object({ p50: z.number(), p99: z.number(), max: z.number() }).nullable();

/** One line of metrics.ndjson: a second of the run. null where nothing happened that could be measured. */
export const secondSampleSchema = z.object({
  /** Seconds since the schedule's zero; negative while the first stage connects. */
  t: z.number(),
  cars: z.number(),
  sentPerSecond: z.number(),
  ackedPerSecond: z.number(),
  storedPerSecond: z.number(),
  carToKafkaMs: quantiles,
  backfillMs: quantiles,
  carToEdgeMs: quantiles,
  scheduleToSendMs: quantiles,
  /** On the edges' disks, not yet acknowledged by the bridge. */
  outboxFrames: z.number(),
  outboxBytes: z.number(),
  bridgePendingBytes: z.number(),
  /** What lies in Kafka and the ledger has not read yet, in offsets; how long the oldest of it has waited, at most. */
  ledgerLagRecords: z.number(),
  ledgerLagMs: z.number(),
  /** What open transactions keep from readers at this moment, in offsets. */
  openTransactionRecords: z.number(),
  rssBytes: z.number(),
  /** Of each process that is up. */
  rssBytesByProcess: z.record(z.string(), z.number()),
  /** Of the whole machine, 0 to 1. */
  cpuBusyRatio: z.number(),
  /** Of each process since the run began, all its lives together. */
  cpuSeconds: z.record(z.string(), z.number()),
});

export type SecondSample = z.output<typeof secondSampleSchema>;
export type SecondQuantiles = z.output<typeof quantiles>;

/** A reader is always one fetch behind. From here on it has fallen behind, and a person is told. */
export const fellBehindMs = 5000;

/** Quantiles of what a second's histogram holds; null while it is empty. */
export function secondQuantiles(histogram: LogHistogram): SecondQuantiles {
  if (histogram.count === 0) return null;
  const [p50, p99] = [histogram.quantile(0.5), histogram.quantile(0.99)];
  return { p50: hundredths(p50), p99: hundredths(p99), max: hundredths(histogram.max) };
}

function hundredths(ms: number): number {
  return Math.round(ms * 100) / 100;
}
