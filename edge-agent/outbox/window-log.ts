import type { DatabaseSync, StatementSync } from 'node:sqlite';
import { forEachRow, unpackRows, type Row } from './packed-rows.ts';

export interface WindowLogOptions {
  /** Bytes of the log at which it is folded; unless set some 23,000 cars' windows, more than once where a car sent more than once. */
  foldAt: number;
  /** Cars whose windows go into the table with one commit. */
  portion: number;
}

const usual = { foldAt: 2 ** 20, portion: 500 };
/** Edges that began together and have as many cars would fold together, again and again: each does so at a length of its own. */
const foldAtSpread = 0.5;

/** What the log held when the fold began, on its way into the table. */
interface Fold {
  /** Of the last row of the log that it is made of. */
  upTo: number;
  /** Of all these rows. */
  bytes: Buffer;
  /** In order, with the place in `bytes` where the last window of each begins; -1 where it is forgotten. */
  cars: [vin: string, from: number][];
  /** How many of them the file has in its table. */
  done: number;
}

/**
 * The cars' windows in the outbox file. What changed with a commit is one row at the end of a log: a row for each car, in the order of
 * VINs, would write a page of 4 KiB for 24 bytes of each message. When the log has become long, the last word of each car goes into the
 * table of windows, in order, a portion with each commit, so that no message waits for all of them. What was folded stays in the
 * log until the last portion: whoever reads the table and then the log meets the last word of each car at any time.
 */
export class WindowLog {
  readonly #db: DatabaseSync;
  readonly #append: StatementSync;
  readonly #set: StatementSync;
  readonly #drop: StatementSync;
  readonly #trim: StatementSync;
  readonly #foldAt: number;
  readonly #portion: number;
  /** Of the log, without what is being folded. */
  #bytes: number;
  #fold: Fold | undefined;

  constructor(db: DatabaseSync, options: Partial<WindowLogOptions> = {}) {
    this.#db = db;
    const spread = 1 - foldAtSpread / 2 + Math.random() * foldAtSpread;
    this.#foldAt = options.foldAt ?? usual.foldAt * spread;
    this.#portion = options.portion ?? usual.portion;
    createWindowLog(db);
    this.#append = db.prepare(appendToWindowLog);
    this.#set = db.prepare('INSERT OR REPLACE INTO windows (vin, window) VALUES (?, ?)');
    this.#drop = db.prepare('DELETE FROM windows WHERE vin = ?');
    this.#trim = db.prepare('DELETE FROM windowLog WHERE number <= ?');
    this.#bytes = Number(db.prepare('SELECT sum(length(rows)) n FROM windowLog').get()?.['n'] ?? 0);
  }

  /** In a transaction of the caller's. @param rows PackedRows */
  append(rows: Uint8Array): void {
    // Before the new rows: what is folded must be in the file, whatever becomes of this transaction.
    if (!this.#fold && this.#bytes >= this.#foldAt) this.#begin();
    if (this.#fold) this.#foldOn(this.#fold);
    if (rows.length === 0) return;
    this.#append.run(rows);
    // A transaction that fails leaves this wrong: the log is folded earlier or later for it, and no more.
    this.#bytes += rows.length;
  }

  /** The transaction of the last `append` is in the file. One that failed is not told: its portion comes again. */
  committed(): void {
    if (!this.#fold) return;
    this.#fold.done = this.#endOfPortion(this.#fold);
    if (this.#fold.done === this.#fold.cars.length) this.#fold = undefined;
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

  #begin(): void {
    const log = this.#db.prepare(readWindowLog).all();
    const bytes = Buffer.concat(log.map(({ rows }) => rows as Uint8Array));
    const last = new Map<string, number>();
    let start = 0;
    for (const { rows } of log) {
      const end = start + (rows as Uint8Array).length;
      const before = start;
      forEachRow(bytes.subarray(start, end), (vin, from) => last.set(vin, from < 0 ? -1 : before + from));
      start = end;
    }
    const cars = [...last].toSorted(([a], [b]) => (a < b ? -1 : 1));
    this.#fold = { upTo: Number(log.at(-1)?.['number'] ?? 0), bytes, cars, done: 0 };
    this.#bytes = 0;
  }

  #foldOn(fold: Fold): void {
    const { bytes, cars, done, upTo } = fold;
    const end = this.#endOfPortion(fold);
    for (const [vin, from] of cars.slice(done, end)) {
      if (from < 0) this.#drop.run(vin);
      else this.#set.run(vin, bytes.subarray(from, from + bytes.readUInt16BE(from - 2)));
    }
    if (end === cars.length) this.#trim.run(upTo);
  }

  #endOfPortion({ cars, done }: Fold): number {
    return Math.min(done + this.#portion, cars.length);
  }

  /** In the order in which they were appended. */
  #read(): Row[] {
    const packed = this.#db.prepare(readWindowLog).all();
    return packed.flatMap(({ rows }) => unpackRows(rows as Uint8Array));
  }
}

export const appendToWindowLog = 'INSERT INTO windowLog (rows) VALUES (?)';
export const readWindowLog = 'SELECT number, rows FROM windowLog ORDER BY number';

/** Files of before there was a log do not have it. */
export function createWindowLog(db: DatabaseSync): void {
  db.exec('CREATE TABLE IF NOT EXISTS windowLog (number INTEGER PRIMARY KEY, rows BLOB NOT NULL)');
}
