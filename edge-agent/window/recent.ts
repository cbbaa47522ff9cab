import assert from 'node:assert/strict';

/**
 * What each car sent lately: its last two sessions, of each the highest seq and a bitmap of the 64 below it. A car sends
 * again what it saw no acknowledgement for, and that must be acknowledged but not stored twice.
 */
export interface RecentWindowOptions {
  /** Cars that are remembered; the one that was silent longest is forgotten first. */
  maxCars: number;
}

/** A row of the outbox file: a car's window, or null when it is forgotten. */
export type WindowRow = [vin: string, window: Uint8Array | null];

interface SessionWindow {
  session: number;
  highest: number;
  /** Bit n: was highest - 1 - n seen? */
  below: bigint;
}

const bitmapBits = 64;
const sessionsPerCar = 2;
const sessionBytes = 24;

export class RecentWindow {
  readonly #maxCars: number;
  /** In the order of their last message, the most recent last; of each car the newest session first. */
  readonly #cars = new Map<string, SessionWindow[]>();

  constructor(options: RecentWindowOptions) {
    assert(options.maxCars > 0);
    this.#maxCars = options.maxCars;
  }

  get cars(): number {
    return this.#cars.size;
  }

  /** Takes what the outbox file held. */
  load(rows: Iterable<readonly [vin: string, window: Uint8Array]>): void {
    for (const [vin, window] of rows) this.#cars.set(vin, decodeWindow(window));
  }

  /**
   * @returns the rows to store together with the message, or null when it was seen before. A seq further back than the
   * bitmap reaches counts as seen: a client's in-flight window is far smaller.
   */
  remember(vin: string, session: number, seq: number): WindowRow[] | null {
    const sessions = this.#cars.get(vin) ?? [];
    const known = sessions.find((one) => one.session === session);
    if (known) {
      if (!advance(known, seq)) return null;
    } else {
      sessions.unshift({ session, highest: seq, below: 0n });
      sessions.length = Math.min(sessions.length, sessionsPerCar);
    }
    this.#cars.delete(vin);
    this.#cars.set(vin, sessions);
    const rows: WindowRow[] = [[vin, encodeWindow(sessions)]];
    if (this.#cars.size > this.#maxCars) rows.push(this.#forgetOldest());
    return rows;
  }

  #forgetOldest(): WindowRow {
    const [vin] = this.#cars.keys();
    assert(vin !== undefined);
    this.#cars.delete(vin);
    return [vin, null];
  }
}

/** @returns false when the seq was seen before */
function advance(window: SessionWindow, seq: number): boolean {
  const ahead = seq - window.highest;
  if (ahead > 0) {
    // Beyond the bitmap's width nothing of the old one remains, and a huge shift would cost memory.
    const shifted = ahead > bitmapBits ? 0n : ((window.below << 1n) | 1n) << BigInt(ahead - 1);
    window.below = BigInt.asUintN(bitmapBits, shifted);
    window.highest = seq;
    return true;
  }
  if (ahead === 0 || -ahead > bitmapBits) return false;
  const bit = 1n << BigInt(-ahead - 1);
  if ((window.below & bit) !== 0n) return false;
  window.below |= bit;
  return true;
}

/** 24 bytes a session: session, highest seq, bitmap. */
function encodeWindow(sessions: readonly SessionWindow[]): Uint8Array {
  const bytes = new Uint8Array(sessions.length * sessionBytes);
  const view = new DataView(bytes.buffer);
  for (const [index, one] of sessions.entries()) {
    const at = index * sessionBytes;
    view.setBigUint64(at, BigInt(one.session));
    view.setBigUint64(at + 8, BigInt(one.highest));
    view.setBigUint64(at + 16, one.below);
  }
  return bytes;
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
      below: view.getBigUint64(at + 16),
    });
  }
  return sessions;
}
