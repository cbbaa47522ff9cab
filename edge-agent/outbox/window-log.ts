import type { DatabaseSync, StatementSync } from 'node:sqlite';
import { unpackRows, type Row } from './packed-rows.ts';

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
  #bytes: number;

  /** @param options.foldAt bytes of the log; the default is some 23,000 cars' windows, more than once where a car sent more than once */
  constructor(db: DatabaseSync, options: { foldAt: number } = { foldAt: 2 ** 20 }) {
    this.#db = db;
    this.#foldAt = options.foldAt;
    createWindowLog(db);
    this.#append = db.prepare(appendToWindowLog);
    this.#set = db.prepare('INSERT OR REPLACE INTO windows (vin, window) VALUES (?, ?)');
    this.#drop = db.prepare('DELETE FROM windows WHERE vin = ?');
    this.#bytes = Number(db.prepare('SELECT sum(length(rows)) n FROM windowLog').get()?.['n'] ?? 0);
  }

  /** In a transaction of the caller's. @param rows PackedRows */
  append(rows: Uint8Array): void {
    if (rows.length === 0) return;
    this.#append.run(rows);
    // A transaction that fails leaves this wrong: the log is folded earlier or later for it, and no more.
    this.#bytes += rows.length;
    if (this.#bytes >= this.#foldAt) this.#fold();
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
    this.#bytes = 0;
  }

  /** In the order in which they were appended. */
  #read(): Row[] {
    const packed = this.#db.prepare(readWindowLog).all();
    return packed.flatMap(({ rows }) => unpackRows(rows as Uint8Array));
  }
}

export const appendToWindowLog = 'INSERT INTO windowLog (rows) VALUES (?)';
export const readWindowLog = 'SELECT rows FROM windowLog ORDER BY number';

/** Files of before there was a log do not have it. */
export function createWindowLog(db: DatabaseSync): void {
  db.exec('CREATE TABLE IF NOT EXISTS windowLog (number INTEGER PRIMARY KEY, rows BLOB NOT NULL)');
}
