import { encodeTelemetry, type TelemetryBatch } from '#contract/telemetry.ts';
import type { ShardCounts } from '../shard/counts.ts';
import type { Marks } from './marks.ts';
import { PendingMessages } from './pending.ts';

/** A message sent more than this after it was due is late. */
export const lateMs = 1000;

/** What carries a car's messages: its MQTT connection, or what spoils them before. */
export interface Carrier {
  /** Connected, and room in its window. */
  hasRoom(slot: number): boolean;
  /** false: not now; it will say when. @param dueMs from the schedule's zero */
  publish(slot: number, payload: Buffer, seq: number, dueMs: number): boolean;
}

export interface OutgoingOptions {
  carrier: Carrier;
  marks: Marks;
  counts: ShardCounts;
  vins: readonly string[];
  sessions: Float64Array;
  qos: 0 | 1;
  intervalMs: number;
  pendingLimit: number;
  /** ms from the schedule's zero. */
  nowMs(): number;
  /** ms since 1970 of the schedule's zero. */
  startedAt(): number;
}

/**
 * From a message that is due to one that is sent: in the order of the schedule, with the next seq, at once where the
 * connection allows it and else as soon as it does. Counts what is late, and through whom.
 */
export class Outgoing {
  readonly #options: OutgoingOptions;
  readonly #batch: TelemetryBatch;
  readonly #pending: PendingMessages;

  /** @param columns where each offered message's readings lie; also its working memory */
  constructor(options: OutgoingOptions, columns: Float32Array[]) {
    this.#options = options;
    const { intervalMs } = options;
    this.#batch = { vin: '', session: 0, seq: 0, scheduledAt: 0, simTime: 0, intervalMs, columns };
    this.#pending = new PendingMessages(options.pendingLimit, (slot) => {
      options.marks.dropped(slot);
      options.counts.dropped++;
    });
  }

  /** Messages that wait to be sent. */
  get pending(): number {
    return this.#pending.length;
  }

  hasPending(slot: number): boolean {
    return this.#pending.has(slot);
  }

  /** A message whose readings lie in the columns. */
  offer(slot: number, dueMs: number, simTime: number): void {
    const isBehind = this.#options.nowMs() - dueMs > lateMs;
    if (!this.#pending.has(slot) && this.#send(slot, dueMs, simTime, isBehind)) return;
    this.#pending.push(slot, { dueMs, simTime, isBehind, readings: joined(this.#batch.columns) });
  }

  /** The car's connection has room again: sends what waits, the oldest first. */
  drain(slot: number): void {
    for (let first = this.#pending.first(slot); first; first = this.#pending.first(slot)) {
      if (!this.#options.carrier.hasRoom(slot)) return;
      spread(first.readings, this.#batch.columns);
      if (!this.#send(slot, first.dueMs, first.simTime, first.isBehind)) return;
      this.#pending.shift(slot);
    }
  }

  /** What waits now will not be sent. */
  giveUp(): void {
    this.#pending.dropAll();
  }

  #send(slot: number, dueMs: number, simTime: number, isBehind: boolean): boolean {
    const { carrier, counts, marks, qos, sessions, vins } = this.#options;
    if (!carrier.hasRoom(slot)) return false;
    const batch = this.#batch;
    batch.vin = vins[slot]!;
    batch.session = sessions[slot]!;
    batch.seq = marks.nextSeq(slot);
    batch.scheduledAt = Math.round(this.#options.startedAt() + dueMs);
    batch.simTime = simTime;
    if (!carrier.publish(slot, encodeTelemetry(batch), batch.seq, dueMs)) return false;
    marks.sent(slot, qos);
    counts.sent++;
    const waitedMs = this.#options.nowMs() - dueMs;
    counts.scheduleToSendMs.record(waitedMs);
    if (waitedMs > lateMs) {
      if (isBehind) counts.lateByGenerator++;
      else counts.lateByWaiting++;
    }
    return true;
  }
}

function joined(columns: readonly Float32Array[]): Float32Array {
  const length = columns[0]?.length ?? 0;
  const all = new Float32Array(columns.length * length);
  for (const [index, column] of columns.entries()) all.set(column, index * length);
  return all;
}

function spread(all: Float32Array, columns: readonly Float32Array[]): void {
  const length = columns[0]?.length ?? 0;
  for (const [index, column] of columns.entries())
    column.set(all.subarray(index * length, (index + 1) * length));
}
