import type { Gauge, Metrics } from '#runtime/metrics.ts';
import type { Progress } from './kafka-progress.ts';

/**
 * How far a reader is behind, as of its last fetch. What is counted are offsets: markers of transactions and records of
 * aborted ones have some as well, so that fewer records may come, and never more.
 */
export interface Lag {
  /** From the position to the last stable offset, or to where the reader is to stop. */
  records: number;
  /** How long the oldest record that is unread has waited, at most; 0 when none is. */
  waitedMs: number;
  /** From the last stable offset to the high watermark: what open transactions keep from every reader. */
  openTransactionRecords: number;
}

export interface ReaderLag extends Lag {
  /** The largest of each since the reader began. */
  peak: Lag;
  /** By the topics' names on the wire. */
  topics: ReadonlyMap<string, Lag>;
}

export const noLag: Lag = { records: 0, waitedMs: 0, openTransactionRecords: 0 };

/** The lag of one reader over all its partitions, and the largest that there was. */
export class LagWatch {
  #peak = noLag;

  /** To be called when the ends are known anew, before the positions move. */
  note(places: readonly Progress[]): void {
    this.#peak = largest(this.#peak, lagOf(places));
  }

  lag(places: readonly Progress[]): ReaderLag {
    const now = lagOf(places);
    this.#peak = largest(this.#peak, now);
    const byTopic = Map.groupBy(places, ({ topic }) => topic);
    return {
      ...now,
      peak: this.#peak,
      topics: new Map([...byTopic].map(([topic, its]) => [topic, lagOf(its)])),
    };
  }
}

function lagOf(places: readonly Progress[]): Lag {
  const now = Date.now();
  let { records, waitedMs, openTransactionRecords } = noLag;
  for (const { position, stable, written, end, unreadSince } of places) {
    const unread = Math.max(0, (end === Infinity ? stable : end) - position);
    records += unread;
    if (unread > 0) waitedMs = Math.max(waitedMs, now - (unreadSince ?? now));
    openTransactionRecords += written - stable;
  }
  return { records, waitedMs, openTransactionRecords };
}

function largest(one: Lag, other: Lag): Lag {
  return {
    records: Math.max(one.records, other.records),
    waitedMs: Math.max(one.waitedMs, other.waitedMs),
    openTransactionRecords: Math.max(one.openTransactionRecords, other.openTransactionRecords),
  };
}

interface Watched {
  consumer: string;
  lag: () => ReaderLag;
}

type ByTopic = Gauge<'consumer' | 'topic'>;

/** Shows the lag of a process's readers, by their names. */
export class LagGauges {
  readonly #watched = new Set<Watched>();
  readonly #peaks = new Map<string, number>();
  readonly #records: ByTopic;
  readonly #waitedMs: ByTopic;
  readonly #openTransactionRecords: ByTopic;
  readonly #recordsMax: Gauge<'consumer'>;

  constructor(metrics: Metrics) {
    this.#records = metrics.gauge(
      'fleetbed_consumer_lag_records',
      'Offsets between the reader and the last stable offset, transaction markers among them.',
      ['consumer', 'topic'],
    );
    this.#waitedMs = metrics.gauge(
      'fleetbed_consumer_lag_ms',
      'How long the oldest unread record has waited, at most.',
      ['consumer', 'topic'],
    );
    this.#openTransactionRecords = metrics.gauge(
      'fleetbed_open_transaction_lag_records',
      'Offsets between the last stable offset and the high watermark: what open transactions keep from readers.',
      ['consumer', 'topic'],
    );
    this.#recordsMax = metrics.gauge(
      'fleetbed_consumer_lag_records_max',
      'Largest lag since the process began, over all topics of the reader.',
      ['consumer'],
    );
    metrics.onRead(() => this.#show());
  }

  /** @returns to be called when it reads no more: only its largest lag is shown from then on */
  watch(consumer: string, lag: () => ReaderLag): () => void {
    const watched = { consumer, lag };
    this.#watched.add(watched);
    return () => {
      this.#keepPeak(consumer, lag().peak.records);
      this.#watched.delete(watched);
    };
  }

  #show(): void {
    for (const gauge of [this.#records, this.#waitedMs, this.#openTransactionRecords]) gauge.reset();
    for (const { consumer, lag } of this.#watched) {
      const { peak, topics } = lag();
      this.#keepPeak(consumer, peak.records);
      for (const [topic, { records, waitedMs, openTransactionRecords }] of topics) {
        this.#records.inc({ consumer, topic }, records);
        this.#waitedMs.inc({ consumer, topic }, waitedMs);
        this.#openTransactionRecords.inc({ consumer, topic }, openTransactionRecords);
      }
    }
    for (const [consumer, records] of this.#peaks) this.#recordsMax.set({ consumer }, records);
  }

  #keepPeak(consumer: string, records: number): void {
    this.#peaks.set(consumer, Math.max(records, this.#peaks.get(consumer) ?? 0));
  }
}
