import type { DatabaseSync, StatementSync } from 'node:sqlite';
import type { WindowRow } from '../window/recent.ts';

/**
 * The cars' windows in the outbox file. What changed with a commit is one row at the end of a log: a row for each car, in the order of
 * VINs, would write a page of 4 KiB for 24 bytes of each message. When the log has become long, the last word of each car goes
 * into the table of windows, in one go and in order.
 */
export class WindowLog {
  readonly #db: DatabaseSync;
  readonly #append: StatementSync;
  readonly #set: StatementSync;
  readonly #drop: StatementSync;
  readonly #foldAt: number;
  #entries: number;

  /** @param options.foldAt cars' windows in the log, more than once where a car sent more than once */
  constructor(db: DatabaseSync, options: { foldAt: number } = { foldAt: 8_192 }) {
    this.#db = db;
    this.#foldAt = options.foldAt;
    createWindowLog(db);
    this.#append = db.prepare(appendToWindowLog);
    this.#set = db.prepare('INSERT OR REPLACE INTO windows (vin, window) VALUES (?, ?)');
    this.#drop = db.prepare('DELETE FROM windows WHERE vin = ?');
    this.#entries = [...this.#read()].length;
  }

  /** In a transaction of the caller's. */
  append(rows: readonly WindowRow[]): void {
    if (rows.length === 0) return;
    this.#append.run(packWindows(rows));
    // A transaction that fails leaves this wrong: the log is folded earlier or later for it, and no more.
    this.#entries += rows.length;
    if (this.#entries >= this.#foldAt) this.#fold();
  }

  /** The last of each car. */
  all(): [vin: string, window: Uint8Array][] {
    const latest = new Map<string, Uint8Array>();
    for (const row of this.#db.prepare('SELECT vin, window FROM windows').iterate())
      latest.set(row['vin'] as string, row['window'] as Uint8Array);
    for (const [vin, window] of this.#read()) {
      if (window) latest.set(vin, window);
      else latest.delete(vin);
    }
    return [...latest];
  }

  #fold(): void {
    const latest = new Map(this.#read());
    for (const vin of [...latest.keys()].toSorted()) {
      const window = latest.get(vin);
      if (window) this.#set.run(vin, window);
      else this.#drop.run(vin);
    }
    this.#db.exec('DELETE FROM windowLog');
    this.#entries = 0;
  }

  /** In the order in which they were appended. */
  *#read(): Generator<WindowRow> {
    for (const row of this.#db.prepare(readWindowLog).iterate())
      yield* unpackWindows(row['rows'] as Uint8Array);
  }
}

export const appendToWindowLog = 'INSERT INTO windowLog (rows) VALUES (?)';
export const readWindowLog = 'SELECT rows FROM windowLog ORDER BY number';

/** Files of before there was a log do not have it. */
export function createWindowLog(db: DatabaseSync): void {
  db.exec('CREATE TABLE IF NOT EXISTS windowLog (number INTEGER PRIMARY KEY, rows BLOB NOT NULL)');
}

/** In the place of a window's length: there is none any more. */
const forgotten = 0xffff;

/** Of each the length of its VIN, its VIN, the length of its window, its window; lengths in two bytes. */
function packWindows(rows: readonly WindowRow[]): Buffer {
  const parts: Uint8Array[] = [];
  for (const [vin, window] of rows) {
    const name = Buffer.from(vin);
    parts.push(lengthOf(name.length), name, lengthOf(window?.length ?? forgotten));
    if (window) parts.push(window);
  }
  return Buffer.concat(parts);
}

function lengthOf(bytes: number): Buffer {
  const two = Buffer.allocUnsafe(2);
  two.writeUInt16BE(bytes);
  return two;
}

/** As far as it is whole: what is not was never written so. Windows are parts of `packed`. */
export function unpackWindows(packed: Uint8Array): WindowRow[] {
  const bytes = Buffer.from(packed.buffer, packed.byteOffset, packed.byteLength);
  const rows: WindowRow[] = [];
  for (let at = 0; at + 2 <= bytes.length;) {
    const window = at + 4 + bytes.readUInt16BE(at);
    if (window > bytes.length) break;
    const length = bytes.readUInt16BE(window - 2);
    const end = length === forgotten ? window : window + length;
    if (end > bytes.length) break;
    const vin = bytes.toString('utf8', at + 2, window - 2);
    rows.push([vin, length === forgotten ? null : bytes.subarray(window, end)]);
    at = end;
  }
  return rows;
}
