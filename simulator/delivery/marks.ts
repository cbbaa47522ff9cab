import assert from 'node:assert/strict';
import { ledgerMarksCodec, type CarMark } from '#contract/ledger-marks.ts';

/** Cars of one record: with 17,000 cars in it, it would be more than a Kafka message may have by default (1 MB). */
export const carsPerRecord = 5000;

/**
 * What each car of a shard has sent, had acknowledged and dropped: the simulator's side of the ledger. Marks are
 * cumulative, so the last mark of a session says all, and a mark that comes twice does no harm.
 */
export class Marks {
  readonly #vins: readonly string[];
  readonly #sessions: Float64Array;
  readonly #sent: Float64Array;
  readonly #acked: Float64Array;
  /** Bit n: seq acked + 2 + n is acknowledged, though acked + 1 is not. */
  readonly #ackedAhead: Uint32Array;
  readonly #dropped: Float64Array;
  /** Cars whose last message has its seq, and has not left. */
  readonly #holdingBack = new Set<number>();
  readonly #isChanged: Uint8Array;
  #changed: number[] = [];
  #unacked = 0;

  constructor(vins: readonly string[], sessions: Float64Array) {
    this.#vins = vins;
    this.#sessions = sessions;
    this.#sent = new Float64Array(vins.length);
    this.#acked = new Float64Array(vins.length);
    this.#ackedAhead = new Uint32Array(vins.length);
    this.#dropped = new Float64Array(vins.length);
    this.#isChanged = new Uint8Array(vins.length);
  }

  /** Seq of the car's next message. */
  nextSeq(slot: number): number {
    return this.#sent[slot]! + 1;
  }

  /** The message with `nextSeq` is handed to the network. */
  sent(slot: number, qos: 0 | 1): void {
    this.#sent[slot]!++;
    if (qos === 1) this.#unacked++;
    this.#change(slot);
  }

  /** The car's next message takes its seq, and does not count as sent before it is let go. */
  holdBack(slot: number): void {
    this.#holdingBack.add(slot);
  }

  letGo(slot: number): void {
    if (this.#holdingBack.delete(slot)) this.#change(slot);
  }

  /** QoS 1 messages of all cars that are sent and not acknowledged. */
  get unacked(): number {
    return this.#unacked;
  }

  /** Nobody waits for it any more: it is acknowledged, or given up on purpose. */
  acked(slot: number, seq: number): void {
    const ahead = seq - this.#acked[slot]! - 1;
    if (!(ahead >= 0 && ahead <= 32 && seq <= this.#sent[slot]!)) assert.fail(`ack of ${seq}`);
    this.#unacked--;
    if (ahead > 0) {
      this.#ackedAhead[slot]! |= 1 << (ahead - 1);
      return;
    }
    let gap = this.#ackedAhead[slot]!;
    this.#acked[slot]!++;
    for (; gap & 1; gap >>>= 1) this.#acked[slot]!++;
    this.#ackedAhead[slot] = gap >>> 1;
    this.#change(slot);
  }

  /** The car has nothing on its way. */
  isQuiet(slot: number): boolean {
    return this.#acked[slot] === this.#sent[slot];
  }

  dropped(slot: number): void {
    this.#dropped[slot]!++;
    this.#change(slot);
  }

  of(slot: number): CarMark {
    return {
      vin: this.#vins[slot]!,
      session: this.#sessions[slot]!,
      sent: this.#sent[slot]! - (this.#holdingBack.has(slot) ? 1 : 0),
      acked: this.#acked[slot]!,
      dropped: this.#dropped[slot]!,
    };
  }

  /** LedgerMarks records of the cars that changed since the last call; none when none did. */
  take(shard: string, qos: 0 | 1, at: number): Buffer[] {
    const changed = this.#changed;
    this.#changed = [];
    const records: Buffer[] = [];
    for (let from = 0; from < changed.length; from += carsPerRecord) {
      const marks = changed.slice(from, from + carsPerRecord).map((slot) => {
        this.#isChanged[slot] = 0;
        return this.of(slot);
      });
      records.push(ledgerMarksCodec.encode({ shard, qos, at, marks }));
    }
    return records;
  }

  #change(slot: number): void {
    if (this.#isChanged[slot]) return;
    this.#isChanged[slot] = 1;
    this.#changed.push(slot);
  }
}
