import type { DatabaseSync, StatementSync } from 'node:sqlite';
import type { FrameEntry } from '#contract/frame.ts';
import { evictionCodec, type Eviction, type SeqSpan } from '#contract/ledger-records.ts';
import { createEvictionTables } from './database.ts';
import { DroppedContents } from './dropped-contents.ts';

/** Says how much has to leave so that a new frame fits. */
export interface RoomRequest {
  /** Frames up to this position are in flight, or the bridge has them: they stay. */
  after: number;
  /** Of the frames that the bridge has not acknowledged. */
  bytes: number;
  maxBytes: number;
}

/** Frames that were dropped, from one position to another. */
export interface Dropped {
  first: number;
  last: number;
  frames: number;
  bytes: number;
  messages: number;
}

export interface EvictionOptions {
  /** Who says what was dropped. */
  edge: string;
  /**
   * push-back: nothing is committed until the bridge has taken frames. drop-oldest: the oldest frames that are not in
   * flight leave for the new one, and fleet.ledger is told which messages were in them.
   */
  whenFull: 'push-back' | 'drop-oldest';
  /** Sends nothing new until `release`. @returns the first position that was never sent */
  hold(): number;
  /** Goes on behind the last frame that was dropped; null when none was. */
  release(lastDropped: number | null): void;
  onDropped(dropped: Dropped): void;
}

/** Which part of what was dropped a frame tells of. */
export interface Told {
  epoch: string;
  ranges: number;
}

/** Even when all that may leave has left there is no room. */
export class NoRoomError extends Error {
  override name = 'NoRoomError';
}

/** A range takes 45 bytes at most in an Eviction: one stays far below what a record of Kafka may have. */
const maxRanges = 8000;

/** Of one epoch, without the ranges. */
type Summary = Pick<Eviction, 'firstFrame' | 'lastFrame' | 'predictions' | 'unnamed'>;

/**
 * What was dropped and not told yet: rows of the outbox file, written in the transaction that deletes the frames. A car's
 * messages leave in their order, so they stay one row however long the bridge is away.
 */
export class Evictions {
  readonly #db: DatabaseSync;
  readonly #oldest: StatementSync;
  readonly #delete: StatementSync;
  readonly #takeBehind: StatementSync;
  readonly #extend: StatementSync;
  readonly #insert: StatementSync;
  readonly #ranges: StatementSync;
  readonly #deleteTold: StatementSync;
  readonly #hasRanges: StatementSync;
  readonly #summaries: StatementSync;
  readonly #setSummary: StatementSync;
  readonly #dropSummary: StatementSync;

  constructor(db: DatabaseSync) {
    createEvictionTables(db);
    this.#db = db;
    this.#oldest = db.prepare(
      'SELECT position, bytes FROM frames WHERE position > ? AND position < ? ORDER BY position',
    );
    this.#delete = db.prepare('DELETE FROM frames WHERE position BETWEEN ? AND ?');
    const key = 'epoch, vin, session, fromSeq';
    this.#takeBehind = db.prepare(
      'DELETE FROM evicted WHERE epoch = ? AND vin = ? AND session = ? AND fromSeq = ? RETURNING toSeq',
    );
    this.#extend = db.prepare(
      'UPDATE evicted SET toSeq = ? WHERE epoch = ? AND vin = ? AND session = ? AND toSeq = ?',
    );
    this.#insert = db.prepare(
      `INSERT INTO evicted (${key}, toSeq) VALUES (?, ?, ?, ?, ?)
       ON CONFLICT DO UPDATE SET toSeq = max(toSeq, excluded.toSeq)`,
    );
    const told = `FROM evicted WHERE epoch = ? ORDER BY ${key} LIMIT ?`;
    this.#ranges = db.prepare(`SELECT vin, session, fromSeq, toSeq ${told}`);
    this.#deleteTold = db.prepare(`DELETE FROM evicted WHERE (${key}) IN (SELECT ${key} ${told})`);
    this.#hasRanges = db.prepare('SELECT 1 FROM evicted WHERE epoch = ? LIMIT 1');
    this.#summaries = db.prepare('SELECT * FROM evictions ORDER BY epoch');
    this.#setSummary = db.prepare('INSERT OR REPLACE INTO evictions VALUES (?, ?, ?, ?, ?)');
    this.#dropSummary = db.prepare('DELETE FROM evictions WHERE epoch = ?');
  }

  /** Is there something to tell? */
  get pending(): boolean {
    return this.#summaries.get() !== undefined;
  }

  /**
   * Deletes the oldest frames until the newest, of `frameBytes`, fits, and notes what was in them. Within the caller's transaction.
   * @throws NoRoomError; DamageError when a frame cannot be read
   */
  dropOldest(room: RoomRequest, newest: number, frameBytes: number): Dropped {
    const dropped: Dropped = { first: 0, last: -1, frames: 0, bytes: 0, messages: 0 };
    const contents = new DroppedContents();
    const fits = (): boolean => {
      const left = room.bytes - dropped.bytes;
      return left <= 0 || left + frameBytes <= room.maxBytes;
    };
    for (const row of this.#oldest.iterate(room.after, newest)) {
      if (fits()) break;
      const position = row['position'] as number;
      const bytes = row['bytes'] as Uint8Array;
      contents.add(position, bytes);
      if (dropped.frames === 0) dropped.first = position;
      dropped.last = position;
      dropped.frames += 1;
      dropped.bytes += bytes.length;
    }
    if (!fits()) throw new NoRoomError('what is in flight fills the outbox');
    if (dropped.frames === 0) return dropped;
    dropped.messages = contents.messages;
    this.#delete.run(dropped.first, dropped.last);
    for (const eviction of contents.evictions()) this.#note(eviction);
    return dropped;
  }

  /** The next part of what is to be told; null when all was. */
  next(edge: string, at: number): Eviction | null {
    const summary = this.#summaries.get() as (Summary & { epoch: string }) | undefined;
    if (!summary) return null;
    const ranges = this.#ranges.all(summary.epoch, maxRanges) as unknown as SeqSpan[];
    return { edge, at, ...summary, ranges };
  }

  /** Forgets what a frame of the same transaction tells. */
  forget({ epoch, ranges }: Told): void {
    this.#deleteTold.run(epoch, ranges);
    if (this.#hasRanges.get(epoch)) {
      this.#db.prepare('UPDATE evictions SET predictions = 0, unnamed = 0 WHERE epoch = ?').run(epoch);
    } else this.#dropSummary.run(epoch);
  }

  #note({ epoch, ranges, ...fresh }: Omit<Eviction, 'edge' | 'at'>): void {
    for (const { vin, session, fromSeq, toSeq } of ranges) {
      // A notice that is dropped brings what lies before.
      const behind = this.#takeBehind.get(epoch, vin, session, toSeq + 1)?.['toSeq'] as number | undefined;
      const end = behind ?? toSeq;
      const { changes } = this.#extend.run(end, epoch, vin, session, fromSeq - 1);
      if (changes === 0) this.#insert.run(epoch, vin, session, fromSeq, end);
    }
    const known = this.#db.prepare('SELECT * FROM evictions WHERE epoch = ?').get(epoch);
    const before = (known as Summary | undefined) ?? fresh;
    this.#setSummary.run(
      epoch,
      Math.min(before.firstFrame, fresh.firstFrame),
      Math.max(before.lastFrame, fresh.lastFrame),
      fresh.predictions + (known ? before.predictions : 0),
      fresh.unnamed + (known ? before.unnamed : 0),
    );
  }
}

/** How a frame tells it. */
export function noticeEntry(eviction: Eviction): FrameEntry {
  return { destination: 'fleet.ledger', key: eviction.edge, value: evictionCodec.encode(eviction) };
}
