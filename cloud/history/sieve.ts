import { decodeOrigin, originHeader } from '#contract/origin.ts';
import {
  decodeTelemetry,
  decodeTelemetryIdentity,
  readingsOf,
  TelemetryError,
  type TelemetryBatch,
} from '#contract/telemetry.ts';
import type { ReadRecord } from '#wire/kafka-reader.ts';
import type { HistoryQuery, HistoryReport } from '../history.ts';
import { lastAtOf, within, withSignals } from './cuts.ts';
import type { Seen } from './seen.ts';

export type HistoryCounts = Omit<HistoryReport, 'offsets'>;

const nothing: readonly TelemetryBatch[] = [];

/** Takes record after record, and says what of it is handed on; counts what is not. */
export class Sieve {
  readonly counts: HistoryCounts;
  readonly #query: HistoryQuery;
  readonly #seen: Seen;
  #lastOrigin = '';
  #lastRun: string | undefined;

  constructor(query: HistoryQuery, seen: Seen, earlier?: HistoryCounts) {
    const { records = 0, readings = 0, duplicates = 0, undecodable = 0, implausible = 0 } = earlier ?? {};
    this.counts = { records, readings, duplicates, undecodable, implausible };
    this.#query = query;
    this.#seen = seen;
  }

  /** @returns the batch, parts of it, or nothing */
  take({ value, headers }: Pick<ReadRecord, 'value' | 'headers'>): readonly TelemetryBatch[] {
    const { run, simTime } = this.#query;
    if (run !== null && this.#runOf(headers) !== run) return nothing;
    const batch = this.#decode(value);
    if (!batch) return nothing;
    const { vin, session, seq, simTime: firstAt } = batch;
    // Also of what lies outside the span: whether a clock stands still does not depend on the query.
    const judgement = this.#seen.judge({ vin, session, seq, firstAt, lastAt: lastAtOf(batch) });
    const wanted = simTime ? within(batch, simTime) : batch;
    if (!wanted) return nothing;
    const readings = readingsOf(wanted);
    if (judgement === 'duplicate') {
      this.counts.duplicates++;
      return nothing;
    }
    this.counts.records++;
    const isClockRunning = judgement === 'new' && (batch.intervalMs > 0 || readingsOf(batch) < 2);
    const kept = isClockRunning ? withSignals(wanted) : nothing;
    const keptReadings = kept.reduce((sum, each) => sum + readingsOf(each), 0);
    this.counts.readings += keptReadings;
    this.counts.implausible += readings - keptReadings;
    return kept;
  }

  /** null for what is no telemetry, or of a car that nobody asked for. */
  #decode(value: Buffer | null): TelemetryBatch | null {
    const { vins } = this.#query;
    try {
      if (value === null) throw new TelemetryError('not-telemetry', 'a record without a value');
      if (vins && !vins.has(decodeTelemetryIdentity(value).vin)) return null;
      return decodeTelemetry(value);
    } catch (error) {
      if (!(error instanceof TelemetryError)) throw error;
      this.counts.undecodable++;
      return null;
    }
  }

  /** Records of one frame carry the same origin, one after the other: it is taken apart once. */
  #runOf(headers: ReadRecord['headers']): string | undefined {
    const header = headers[originHeader];
    if (header === undefined) return undefined;
    const text = String(Array.isArray(header) ? header[0] : header);
    if (text !== this.#lastOrigin) {
      this.#lastOrigin = text;
      this.#lastRun = decodeOrigin(text)?.run;
    }
    return this.#lastRun;
  }
}
