import type { FrameEntry } from '#contract/frame.ts';
import { predictionCodec, type Prediction } from '#contract/records.ts';
import type { TelemetryHead } from '#contract/telemetry.ts';
import type { Transition } from '#model/detector.ts';
import { openRow, type PackedRows } from '../outbox/packed-rows.ts';

/** A row beside the cars' windows, under a name that is no VIN: the number of the last prediction. */
export const predictionRow = '#predictions';

/** What is said of one batch. */
export interface Verdict {
  release: string;
  /** One score a reading. */
  scores: Float32Array;
  news: readonly Transition[];
  at: number;
}

/**
 * Writes predictions and numbers them, from 1 on and without gaps. The number is committed with the predictions that
 * carry it: after kill -9 the next one is one more than the last that is durable.
 */
export class PredictionLog {
  readonly #edge: string;
  readonly #sampleEvery: number;
  #last: number;

  constructor(options: { edge: string; sampleEvery: number; last: number }) {
    this.#edge = options.edge;
    this.#sampleEvery = options.sampleEvery;
    this.#last = options.last;
  }

  /** Alarms, and the scores of every reading when the batch belongs to the sample. */
  write(batch: TelemetryHead, verdict: Verdict): { alarms: FrameEntry[]; sample: FrameEntry[] } {
    const alarms = verdict.news.map((transition) => this.#entry(batch, verdict, transition));
    if (!isSampled(batch.vin, batch.seq, this.#sampleEvery)) return { alarms, sample: [] };
    const sample = Array.from(verdict.scores, (score, reading) =>
      this.#entry(batch, verdict, { reading, score, alarm: 'none', signal: null, dtc: null, cause: null }),
    );
    return { alarms, sample };
  }

  /** To be stored with what was written last. */
  get row(): PackedRows {
    const row = openRow(predictionRow, 8);
    row.writeBigUInt64BE(BigInt(this.#last), row.length - 8);
    return row;
  }

  #entry(
    batch: TelemetryHead,
    { release, at }: Verdict,
    said: Pick<Prediction, 'reading' | 'score' | 'alarm' | 'signal' | 'dtc' | 'cause'>,
  ): FrameEntry {
    this.#last += 1;
    const { vin, session, seq } = batch;
    const value = predictionCodec.encode({
      ...said,
      vin,
      session: asLong(session),
      seq: asLong(seq),
      simTime: asLong(batch.simTime + said.reading * batch.intervalMs),
      at,
      scoredBy: 'edge',
      edge: this.#edge,
      release,
      predictionSeq: this.#last,
    });
    return { destination: 'fleet.predictions', key: vin, value };
  }
}

/** What avsc writes and reads unchanged. A car may send what lies beyond, and none may end the edge. */
const longs = { min: -(2 ** 52), max: 2 ** 53 - 2 };

function asLong(value: number): number {
  return Math.max(longs.min, Math.min(longs.max, value));
}

/** Rows of the outbox file: the number of the last prediction (0: there was none), and the windows of cars. */
export function splitRows(rows: readonly [name: string, value: Uint8Array][]): {
  lastPrediction: number;
  windows: [vin: string, window: Uint8Array][];
} {
  const number = rows.find(([name]) => name === predictionRow)?.[1];
  return {
    lastPrediction: number ? Number(Buffer.from(number).readBigUInt64BE()) : 0,
    windows: rows.filter(([name]) => name !== predictionRow),
  };
}

/** FNV-1a over the VIN, then the seq mixed in (MurmurHash3's finish): the same messages on every machine, one in `every`. */
export function isSampled(vin: string, seq: number, every: number): boolean {
  let hash = 0x811c9dc5;
  for (let i = 0; i < vin.length; i++) hash = Math.imul(hash ^ vin.charCodeAt(i), 0x01000193);
  hash ^= Math.imul(seq % 2 ** 32, 0x9e3779b1);
  hash = Math.imul(hash ^ (hash >>> 16), 0x85ebca6b);
  hash = Math.imul(hash ^ (hash >>> 13), 0xc2b2ae35);
  return ((hash ^ (hash >>> 16)) >>> 0) % every === 0;
}
