import type { SpoiledMessage } from '#contract/ledger-records.ts';
import type { Marks } from '../delivery/marks.ts';
import type { Carrier } from '../delivery/outgoing.ts';
import type { ShardCounts } from '../shard/counts.ts';
import { LoneMessages, type LoneCarrier } from './lone-messages.ts';
import type { MessageSpoilKind } from './modes.ts';
import type { SpoiledCars } from './spoiled-cars.ts';
import type { SpoiledLog } from './spoiled-log.ts';

/** In place of a seq: the acknowledgement of what was sent a second time says nothing new. */
export const secondTime = 0;

export interface SpoilingCarrierOptions {
  carrier: LoneCarrier;
  cars: SpoiledCars;
  marks: Marks;
  counts: ShardCounts;
  log: SpoiledLog;
  vins: readonly string[];
  sessions: Float64Array;
  qos: 0 | 1;
  /** The car may send again. */
  onRoom(slot: number): void;
  /** QoS 1: the message is neither acknowledged nor sent again. */
  onGivenUp(slot: number, seq: number): void;
}

interface Waiting {
  payload: Buffer;
  seq: number;
  dueMs: number;
}

/**
 * Stands between a shard's messages and its cars' connections where a scenario spoils what cars send. Of each car it keeps at
 * most one message that is held back, and two that go next: that one, and a second copy.
 */
export class SpoilingCarrier implements Carrier {
  readonly #options: SpoilingCarrierOptions;
  readonly #lone: LoneMessages;
  /** Until their successors are sent, by car. */
  readonly #held = new Map<number, Waiting>();
  /** To be sent before anything else, by car. */
  readonly #owed = new Map<number, Waiting[]>();

  constructor(options: SpoilingCarrierOptions) {
    this.#options = options;
    this.#lone = new LoneMessages(options);
  }

  hasRoom(slot: number): boolean {
    return !this.#owed.has(slot) && !this.#lone.blocks(slot) && this.#options.carrier.hasRoom(slot);
  }

  publish(slot: number, payload: Buffer, seq: number, dueMs: number): boolean {
    const { cars, carrier } = this.#options;
    const hit = cars.hit(slot, dueMs);
    const held = this.#held.get(slot);
    if (hit?.mode.sending === 'after-successor' && !held) {
      this.#spoiled(hit.kind, slot, seq, payload);
      this.#options.marks.holdBack(slot);
      this.#held.set(slot, { payload, seq, dueMs });
      return true;
    }
    const bytes = hit?.mode.damage?.(payload, hit.random()) ?? payload;
    const by = hit?.mode.sending === 'alone' ? this.#lone : carrier;
    if (!by.publish(slot, bytes, seq, dueMs)) return false;
    if (hit && hit.mode.sending !== 'after-successor') this.#spoiled(hit.kind, slot, seq, bytes);
    if (hit?.mode.sending === 'twice') this.#owe(slot, { payload: bytes, seq: secondTime, dueMs });
    this.release(slot);
    this.sendOwed(slot);
    return true;
  }

  /** Something of the car's waits in here, or its connection is about to end. */
  isBusy(slot: number): boolean {
    return this.#held.has(slot) || this.#owed.has(slot) || this.#lone.blocks(slot);
  }

  /** Messages that wait in here. */
  get waiting(): number {
    let owed = 0;
    for (const messages of this.#owed.values()) owed += messages.length;
    return this.#held.size + owed;
  }

  /** What is held back of this car is sent now, whatever follows. */
  release(slot: number): void {
    const held = this.#held.get(slot);
    if (!held) return;
    this.#held.delete(slot);
    this.#owe(slot, held);
    this.sendOwed(slot);
  }

  releaseAll(): void {
    for (const slot of [...this.#held.keys()]) this.release(slot);
  }

  /** What is to be sent before anything else, as far as there is room. */
  sendOwed(slot: number): void {
    const { carrier, marks } = this.#options;
    const owed = this.#owed.get(slot);
    if (!owed || this.#lone.blocks(slot)) return;
    for (let first = owed[0]; first; first = owed[0]) {
      if (!carrier.publish(slot, first.payload, first.seq, first.dueMs)) return;
      if (first.seq !== secondTime) marks.letGo(slot);
      owed.shift();
    }
    this.#owed.delete(slot);
  }

  acked(slot: number, seq: number): void {
    this.#lone.acked(slot, seq);
  }

  /** The car's connection has ended. */
  closed(slot: number): void {
    this.#lone.closed(slot);
  }

  /** What still waits will not be sent. */
  giveUp(): void {
    const { counts, marks } = this.#options;
    this.releaseAll();
    for (const [slot, owed] of this.#owed) {
      if (owed.every(({ seq }) => seq === secondTime)) continue;
      marks.dropped(slot);
      counts.dropped++;
    }
    this.#owed.clear();
  }

  #owe(slot: number, message: Waiting): void {
    const owed = this.#owed.get(slot);
    if (owed) owed.push(message);
    else this.#owed.set(slot, [message]);
  }

  #spoiled(kind: MessageSpoilKind, slot: number, seq: number, bytes: Buffer): void {
    const { counts, log, sessions, vins } = this.#options;
    counts.spoil(kind);
    if (isTold(kind)) log.add({ vin: vins[slot]!, session: sessions[slot]!, seq, kind }, bytes);
  }
}

/** The edge recognises what comes twice, so the ledger need not know. */
function isTold(kind: MessageSpoilKind): kind is SpoiledMessage['kind'] {
  return kind !== 'duplicate';
}
