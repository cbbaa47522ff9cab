import { predictionCodec } from '#contract/records.ts';
import { SeqRanges } from './seq-ranges.ts';

/** What became of the edges' predictions. Each edge numbers its own, from 1 and without gaps. */
export interface PredictionTotals {
  /** Distinct ones in Kafka. */
  received: number;
  /** Numbers below an edge's highest that are found nowhere, and that no eviction explains. */
  missing: number;
  duplicated: number;
  /** Dropped by full outboxes, as these said. */
  evicted: number;
}

/**
 * An edge's numbers are spread over all partitions, so that they come with as many gaps as a fetch has records: 4 MB an
 * edge at most.
 */
const maxRanges = 262_144;

interface EdgeAccount {
  numbers: SeqRanges;
  duplicated: number;
  evicted: number;
}

/** Counts the predictions of every edge of a run. Records may come in any order. */
export class PredictionAccount {
  readonly #edges = new Map<string, EdgeAccount>();

  /** A record of fleet.predictions; what is none, or not from an edge, passes by. */
  take(value: Buffer, edge: string): void {
    if (!predictionCodec.matches(value)) return;
    const { scoredBy, predictionSeq } = predictionCodec.decode(value);
    if (scoredBy !== 'edge' || predictionSeq < 1) return;
    const account = this.#edge(edge);
    if (!account.numbers.add(predictionSeq)) account.duplicated++;
  }

  evict(edge: string, predictions: number): void {
    this.#edge(edge).evicted += predictions;
  }

  totals(): PredictionTotals {
    const totals: PredictionTotals = { received: 0, missing: 0, duplicated: 0, evicted: 0 };
    for (const { numbers, duplicated, evicted } of this.#edges.values()) {
      totals.received += numbers.count;
      totals.duplicated += duplicated;
      totals.evicted += evicted;
      // Those that were evicted last leave no gap: there is no later one to see it by.
      totals.missing += Math.max(0, numbers.max - numbers.count - evicted);
    }
    return totals;
  }

  #edge(name: string): EdgeAccount {
    let account = this.#edges.get(name);
    if (!account) {
      account = { numbers: new SeqRanges(maxRanges), duplicated: 0, evicted: 0 };
      this.#edges.set(name, account);
    }
    return account;
  }
}
