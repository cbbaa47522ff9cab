import { nameInRun } from '#contract/identity.ts';
import { decodeOrigin, originHeader, type Origin } from '#contract/origin.ts';
import { evictionCodec } from '#contract/ledger-records.ts';
import { deadLetterCodec, type DeadLetter } from '#contract/records.ts';
import { topicName } from '#contract/topics.ts';
import { LogHistogram } from '#runtime/histogram.ts';
import type { Kafka } from '#wire/kafka.ts';
import { readTopics, type ReaderLag, type ReadRecord } from '#wire/kafka-reader.ts';
import type { AlarmLog } from './detection/alarms.ts';
import type { EdgeModels } from './detection/edge-models.ts';
import type { Ledger } from './ledger.ts';

/** What Kafka showed since the last time that it was asked. */
export interface FeedSecond {
  /** Messages found for the first time. */
  stored: number;
  carToKafkaMs: LogHistogram;
  backfillMs: LogHistogram;
}

export interface RunFeed {
  /**
   * Resolves when the ledger knows all that was written to Kafka before this call; transactions that are open by then
   * are waited for. Rejects after `timeoutMs`.
   */
  reachEnd(timeoutMs: number): Promise<void>;
  /** Rejects when Kafka cannot be read any more. Else never settles. */
  readonly failed: Promise<never>;
  /** Takes the counters of the second that has passed; the next one begins at zero. */
  perSecond(): FeedSecond;
  /** How far it is behind what lies in Kafka, other runs' records included. */
  lag(): ReaderLag;
  /** Reads nothing more until it is resumed. */
  pause(): void;
  resume(): void;
  stop(): Promise<void>;
}

/** Who is told of what Kafka shows. */
export interface FeedTakers {
  ledger: Ledger;
  alarms: AlarmLog;
  models: EdgeModels;
}

/**
 * Reads what this run writes to Kafka (read_committed) while it arrives, from now on: telemetry, dead letters, evictions,
 * predictions and truth for the ledger; predictions and states of edges for the score of the detection. To be called before the run's first message. What lies in Kafka from other runs is not read again.
 * @throws UserError when Kafka cannot be reached or lacks a topic
 */
export async function followRun(options: {
  kafka: Kafka;
  run: string;
  /** Before every topic's name. */
  prefix: string;
  takers: FeedTakers;
}): Promise<RunFeed> {
  const { kafka, run, prefix, takers } = options;
  const { ledger, alarms, models } = takers;
  const telemetry = topicName('fleet.telemetry', prefix);
  const deadLetters = topicName('fleet.deadletter', prefix);
  const predictions = topicName('fleet.predictions', prefix);
  const edges = topicName('fleet.edges', prefix);
  const evictions = topicName('fleet.ledger', prefix);
  const truth = topicName('fleet.truth', prefix);
  const readOriginOf = originReader(run);
  let second = emptySecond();

  const take = (record: ReadRecord, topic: string): void => {
    const { key, value } = record;
    if (!value) return;
    // A state comes by no frame: its key says whose it is.
    if (topic === edges) {
      if (nameInRun(run, key) !== null) models.take(value);
      return;
    }
    const origin = readOriginOf(record);
    if (!origin) return;
    if (topic === deadLetters) return ledger.deadLetter(readLetter(value), origin);
    if (topic === predictions) {
      ledger.prediction(value, origin);
      return alarms.take(value);
    }
    if (topic === truth) return ledger.truth(origin);
    if (topic === evictions) {
      if (evictionCodec.matches(value)) ledger.evict(evictionCodec.decode(value), origin);
      return;
    }
    const seen = ledger.record({ value, origin, appendedAt: record.timestamp });
    if (!seen || seen.kind === 'duplicated') return;
    second.stored++;
    (seen.backfill ? second.backfillMs : second.carToKafkaMs).record(seen.latencyMs);
  };

  const reader = await readTopics(kafka, {
    topics: [telemetry, deadLetters, predictions, edges, evictions, truth],
    from: 'end',
    // Latencies come from Kafka's own clock: the ledger itself need not be quick.
    minBytes: 1024 * 1024,
    onBatch: (records, { topic }) => {
      for (const record of records) take(record, topic);
    },
  });

  return {
    reachEnd: (timeoutMs) => reader.reachEnd(timeoutMs, 'written'),
    failed: reader.failed,
    lag: () => reader.lag(),
    pause: () => reader.pause(),
    resume: () => reader.resume(),
    stop: () => reader.stop(),
    perSecond: () => {
      const taken = second;
      second = emptySecond();
      return taken;
    },
  };
}

/** Records of one frame carry the same origin, one after the other: it is taken apart once. */
function originReader(run: string): (record: ReadRecord) => Origin | null {
  let lastText = '';
  let last: Origin | null = null;
  return (record) => {
    const header = record.headers[originHeader];
    if (header === undefined) return null;
    const text = String(Array.isArray(header) ? header[0] : header);
    if (text !== lastText) {
      lastText = text;
      last = decodeOrigin(text);
    }
    return last?.run === run ? last : null;
  };
}

/** An edge may have written what is no letter: then that itself is one. */
function readLetter(value: Buffer): DeadLetter {
  try {
    return deadLetterCodec.decode(value);
  } catch (error) {
    const detail = error instanceof Error ? error.message : String(error);
    return { source: '', reason: 'unreadable-letter', detail, topic: '', key: '', bytes: value, at: 0 };
  }
}

function emptySecond(): FeedSecond {
  return { stored: 0, carToKafkaMs: new LogHistogram(), backfillMs: new LogHistogram() };
}
