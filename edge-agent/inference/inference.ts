import type { FrameEntry } from '#contract/frame.ts';
import type { EncodedTelemetry } from '#contract/telemetry.ts';
import { createScorer, type BatchScores, type Scorer } from '#model/detector.ts';
import type { Settle } from '#wire/guarded-broker.ts';
import type { InferenceMetrics } from '../edge-metrics.ts';
import type { Model } from '../models/models.ts';
import type { Outbox } from '../outbox/outbox.ts';
import type { PackedRows } from '../outbox/packed-rows.ts';
import { CarSlots } from './car-slots.ts';
import { Pace } from './pace.ts';
import { PredictionLog } from './prediction-log.ts';
import { StandingAlarms } from './standing-alarms.ts';

export interface InferenceOptions {
  edge: string;
  outbox: Pick<Outbox, 'append' | 'appendTogether' | 'afterEarlier'>;
  /** Of one in so many messages all scores are kept. */
  sampleEvery: number;
  /** A micro-batch is scored at this many readings, or when its first one has waited this long. */
  maxBatchReadings: number;
  maxWaitMs: number;
  /** Cars whose state is kept; the one that was silent longest is forgotten first. */
  maxCars: number;
  /** Number of the last prediction that is durable; 0 when there was none. */
  lastPrediction: number;
  isOnline(): boolean;
  /** The bytes of a Prediction record, for the car. */
  publishAlarm(vin: string, bytes: Buffer): void;
  metrics: InferenceMetrics;
}

interface Waiting {
  batch: EncodedTelemetry;
  windows: PackedRows;
  settle: Settle;
}

/**
 * Scores every reading between its arrival and the outbox, offline too. What arrived within `maxWaitMs` is scored in one
 * go, and then appended in the order of arrival: a message, and what the model says of it, in one frame. So a reading has
 * one verdict, of one model: a message whose verdict is not durable is not either, and its car sends it again.
 */
export class Inference {
  readonly #options: InferenceOptions;
  readonly #slots: CarSlots;
  readonly #alarms = new StandingAlarms();
  readonly #log: PredictionLog;
  readonly #pace = new Pace();
  #model: { id: string; scorer: Scorer } | null = null;
  #waiting: Waiting[] = [];
  #waitingReadings = 0;
  /** Duplicates of what waits, or of what came before that. */
  #duplicates: Settle[] = [];
  #timer: NodeJS.Timeout | undefined;
  #closed = false;

  constructor(options: InferenceOptions) {
    this.#options = options;
    const { edge, sampleEvery, lastPrediction, maxCars, maxBatchReadings } = options;
    this.#log = new PredictionLog({ edge, sampleEvery, last: lastPrediction });
    // All cars of one micro-batch must have slots of their own.
    this.#slots = new CarSlots(Math.max(maxCars, maxBatchReadings), (slot) => {
      this.#model?.scorer.forget(slot);
      this.#alarms.forget(slot);
    });
  }

  /** Id of the release that scores. */
  get running(): string | null {
    return this.#model?.id ?? null;
  }

  get waitingReadings(): number {
    return this.#waitingReadings;
  }

  /** Of micro-batches of the last 5 to 10 s. */
  get p99Us(): number {
    return this.#pace.p99Us;
  }

  get alarmsPerSecond(): number {
    return this.#pace.alarmsPerSecond;
  }

  /** @param settle called when the message, and what is said of it, is durable */
  take(batch: EncodedTelemetry, windows: PackedRows, settle: Settle): void {
    if (!this.#model) {
      this.#options.outbox.append(telemetryEntry(batch), windows, settle);
      return;
    }
    const { maxBatchReadings, maxWaitMs } = this.#options;
    // One without a reading is work, too.
    const readings = Math.max(1, batch.readings);
    if (this.#waitingReadings + readings > maxBatchReadings) this.flush();
    this.#waiting.push({ batch, windows, settle });
    this.#waitingReadings += readings;
    if (this.#waitingReadings >= maxBatchReadings || this.#closed) this.flush();
    else this.#timer ??= setTimeout(() => this.flush(), maxWaitMs);
  }

  /** Calls `settle` once everything that was taken before is durable. */
  afterEarlier(settle: Settle): void {
    if (this.#waiting.length > 0) this.#duplicates.push(settle);
    else this.#options.outbox.afterEarlier(settle);
  }

  /**
   * Swaps between two micro-batches: what waits is scored by the model that it met. The new one begins all cars anew;
   * alarms that stand go on standing (standing-alarms.ts). null: readings go on without scores.
   */
  use(model: Model | null): void {
    this.flush();
    this.#model = model && { id: model.id, scorer: createScorer(model.artefact) };
    this.#alarms.inherit();
  }

  /** Scores what waits and hands it to the outbox. */
  flush(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    const waiting = this.#waiting.splice(0);
    this.#waitingReadings = 0;
    if (!this.#model || waiting.length === 0) return;
    const { id, scorer } = this.#model;
    const items = waiting.map(({ batch }) => ({ slot: this.#slots.of(batch.vin), batch }));
    const startedAt = performance.now();
    const scores = scorer.score(items);
    const us = (performance.now() - startedAt) * 1000;
    const now = Date.now();
    let readings = 0;
    let raised = 0;
    for (const [index, one] of waiting.entries()) {
      const slot = items[index]?.slot;
      const verdict = scores[index];
      if (slot === undefined || !verdict) throw new RangeError(`no scores for message ${index}`);
      readings += verdict.scores.length;
      raised += this.#append(one, slot, { release: id, verdict, now });
    }
    for (const settle of this.#duplicates.splice(0)) this.#options.outbox.afterEarlier(settle);
    const { metrics } = this.#options;
    metrics.us.record(us);
    metrics.scored.inc({ link: this.#options.isOnline() ? 'online' : 'offline' }, readings);
    this.#pace.record(us, raised);
  }

  /** Scores what waits, and from now on everything at once. */
  close(): void {
    this.#closed = true;
    this.flush();
  }

  /** @returns how many alarms were raised */
  #append(
    { batch, windows, settle }: Waiting,
    slot: number,
    { release, verdict, now }: { release: string; verdict: BatchScores; now: number },
  ): number {
    const { outbox, metrics } = this.#options;
    const news = this.#alarms.news(slot, batch, verdict);
    const { alarms, sample } = this.#log.write(batch, { release, scores: verdict.scores, news, at: now });
    if (alarms.length + sample.length === 0) {
      outbox.append(telemetryEntry(batch), windows, settle);
      return 0;
    }
    const entries = [telemetryEntry(batch), ...alarms, ...sample];
    outbox.appendTogether(entries, Buffer.concat([windows, this.#log.row]), settle);
    for (const alarm of alarms) this.#options.publishAlarm(batch.vin, alarm.value);
    const raised = news.filter(({ alarm }) => alarm === 'raised').length;
    if (raised > 0) metrics.alarmMs.record(Math.max(0, now - batch.scheduledAt), raised);
    metrics.raised.inc(raised);
    metrics.cleared.inc(news.length - raised);
    return raised;
  }
}

function telemetryEntry({ vin, bytes }: EncodedTelemetry): FrameEntry {
  return { destination: 'fleet.telemetry', key: vin, value: bytes };
}
