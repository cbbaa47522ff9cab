import assert from 'node:assert/strict';
import { RecentlyUsed } from '#runtime/recently-used.ts';
import { forgetting, noRows, openRow, type PackedRows } from '../outbox/packed-rows.ts';

/**
 * What each car sent lately: its last two sessions, of each the highest seq and a bitmap of the 64 below it. A car sends
 * again what it saw no acknowledgement for, and that must be acknowledged but not stored twice.
 */
export interface RecentWindowOptions {
  /** Cars that are remembered; the one that was silent longest is forgotten first. */
  maxCars: number;
}

interface SessionWindow {
  session: number;
  highest: number;
  /** Bit n: was highest - 1 - n seen? Its lower and upper half, because a bigint would be a new object a message. */
  belowLow: number;
  belowHigh: number;
}

const bitmapBits = 64;
const halfBits = 32;
const sessionsPerCar = 2;
const sessionBytes = 24;

export class RecentWindow {
  readonly #maxCars: number;
  /** Of each car the newest session first. */
  readonly #cars = new RecentlyUsed<SessionWindow[]>();

  constructor(options: RecentWindowOptions) {
    assert(options.maxCars > 0);
    this.#maxCars = options.maxCars;
  }

  get cars(): number {
    return this.#cars.size;
  }

  /** Takes what the outbox file held. */
  load(rows: Iterable<readonly [vin: string, window: Uint8Array]>): void {
    for (const [vin, window] of rows) this.#cars.add(vin, decodeWindow(window));
  }

  /**
   * @param options.isStored false: nobody sends it again, so the file need not know of it
   * @returns the rows to store together with the message, or null when it was seen before. A seq further back than the
   * bitmap reaches counts as seen: a client's in-flight window is far smaller.
   */
  remember(vin: string, session: number, seq: number, options: { isStored: boolean }): PackedRows | null {
    const sessions = this.#cars.use(vin) ?? this.#cars.add(vin, []);
    const known = sessions.find((one) => one.session === session);
    if (known) {
      if (!advance(known, seq)) return null;
    } else {
      sessions.unshift({ session, highest: seq, belowLow: 0, belowHigh: 0 });
      sessions.length = Math.min(sessions.length, sessionsPerCar);
    }
    const row = options.isStored ? windowRow(vin, sessions) : noRows;
    return this.#cars.size > this.#maxCars ? Buffer.concat([row, this.#forgetOldest()]) : row;
  }

  #forgetOldest(): PackedRows {
    const oldest = this.#cars.takeOldest();
    assert(oldest);
    return forgetting(oldest.key);
  }
}

/** @returns false when the seq was seen before */
function advance(window: SessionWindow, seq: number): boolean {
  const ahead = seq - window.highest;
  if (ahead > 0) {
    shift(window, ahead);
    window.highest = seq;
    return true;
  }
  if (ahead === 0 || -ahead > bitmapBits) return false;
  const at = -ahead - 1;
  const bit = (1 << (at % halfBits)) >>> 0;
  const half = at < halfBits ? 'belowLow' : 'belowHigh';
  if ((window[half] & bit) !== 0) return false;
  window[half] = (window[half] | bit) >>> 0;
  return true;
}

/** Moves the bitmap up; what was the highest seq becomes a bit of it. */
function shift(window: SessionWindow, ahead: number): void {
  if (ahead > bitmapBits) {
    window.belowLow = window.belowHigh = 0;
    return;
  }
  let seen = 1;
  for (let n = 0; n < ahead; n++) {
    window.belowHigh = ((window.belowHigh << 1) | (window.belowLow >>> (halfBits - 1))) >>> 0;
    window.belowLow = ((window.belowLow << 1) | seen) >>> 0;
    seen = 0;
  }
}

/** 24 bytes a session: session, highest seq, bitmap. */
function windowRow(vin: string, sessions: readonly SessionWindow[]): PackedRows {
  const valueBytes = sessions.length * sessionBytes;
  const row = openRow(vin, valueBytes);
  let at = row.length - valueBytes;
  for (const { session, highest, belowHigh, belowLow } of sessions) {
    // 64 bits of a number below 2^53 in two halves: a bigint would be an object.
    at = row.writeUInt32BE(Math.floor(session / 2 ** 32), at);
    at = row.writeUInt32BE(session >>> 0, at);
    at = row.writeUInt32BE(Math.floor(highest / 2 ** 32), at);
    at = row.writeUInt32BE(highest >>> 0, at);
    at = row.writeUInt32BE(belowHigh, at);
    at = row.writeUInt32BE(belowLow, at);
  }
  return row;
}

function decodeWindow(bytes: Uint8Array): SessionWindow[] {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const sessions: SessionWindow[] = [];
  for (
    let at = 0;
    at + sessionBytes <= bytes.length && sessions.length < sessionsPerCar;
    at += sessionBytes
  ) {
    sessions.push({
      session: Number(view.getBigUint64(at)),
      highest: Number(view.getBigUint64(at + 8)),
      belowHigh: view.getUint32(at + 16),
      belowLow: view.getUint32(at + 20),
    });
  }
  return sessions;
}
