import { existsSync, mkdirSync } from 'node:fs';
import path from 'node:path';
import type { DatabaseSync, StatementSync } from 'node:sqlite';
import type { Eviction } from '#contract/ledger-records.ts';
import {
  closeQuietly,
  createTables,
  fullError,
  isCreated,
  isDamage,
  newEpoch,
  openDatabase,
  readKnownGaps,
  readMeta,
  verify,
  writeMeta,
} from './database.ts';
import { Evictions, type Dropped, type RoomRequest, type Told } from './evictions.ts';
import { addGap, passGaps, writeGaps, type Gap } from './gaps.ts';
import { finishRepair, salvage } from './salvage.ts';
import { TideMark } from './tide-mark.ts';
import { WindowLog } from './window-log.ts';

/**
 * The outbox file: frames that the bridge has not acknowledged yet, and the windows of recent messages that belong to
 * them. One SQLite file in WAL mode with synchronous=FULL: when `commit` returns, its rows have been through fsync.
 * A frame keeps the epoch and number that it was given, whatever happens to the file around it.
 */
export interface StoredFrame {
  /** Where it stands in the order of sending; not a part of the frame. */
  position: number;
  bytes: Uint8Array;
}

export interface CommitRequest {
  frame: { position: number; number: number; bytes: Uint8Array };
  /** PackedRows. */
  rows: Uint8Array;
  /** The bridge has every frame up to this position. */
  acknowledged: number;
  /** Given when frames have to be dropped for this one. */
  room?: RoomRequest | undefined;
  /** What this frame says of frames that were dropped before. */
  told?: Told | undefined;
}

export interface Committed {
  dropped: Dropped | null;
  /** Is there more to tell of what was dropped? */
  untold: boolean;
}

/** What a file held when it was opened. */
export interface StoreContents {
  epoch: string;
  /** Number of the next frame to be written. */
  nextNumber: number;
  /** Positions of the oldest frame that is kept, and of the next one to be written; equal when nothing is kept. */
  firstPosition: number;
  nextPosition: number;
  frames: number;
  bytes: number;
  /** Were frames dropped, and no frame says so yet? */
  untold: boolean;
  /** What was found broken and what became of it, in words. */
  notes: string[];
}

export const outboxFile = 'outbox.db';

export class Store {
  readonly contents: StoreContents;
  readonly #db: DatabaseSync;
  readonly #tide: TideMark;
  readonly #insert: StatementSync;
  readonly #delete: StatementSync;
  readonly #read: StatementSync;
  readonly #setNext: StatementSync;
  readonly #windows: WindowLog;
  readonly #setGaps: StatementSync;
  readonly #evictions: Evictions;
  /** Where frames are missing behind older ones; in the file, too, so that this is not taken for damage. */
  readonly #gaps: Gap[] = [];
  #diskFull = false;

  /**
   * Opens the outbox of a folder; creates it when it is not there, repairs it when it is damaged.
   * @throws UserError, or SQLite's own errors: the folder cannot be written, the disk is full
   */
  static open(dataDir: string, now: number = Date.now()): Store {
    mkdirSync(dataDir, { recursive: true });
    const file = path.join(dataDir, outboxFile);
    const notes: string[] = [];
    finishRepair(file, now);
    let db = tryOpen(file, (damage) => notes.push(...salvage(file, damage, now)));
    db ??= openDatabase(file);
    const tide = new TideMark(dataDir);
    try {
      return new Store(db, tide, notes);
    } catch (error) {
      closeQuietly(db);
      tide.close();
      throw error;
    }
  }

  private constructor(db: DatabaseSync, tide: TideMark, notes: string[]) {
    this.#db = db;
    this.#tide = tide;
    const { epoch, nextNumber } = this.#settleEpoch(notes);
    this.#evictions = new Evictions(db);
    this.#windows = new WindowLog(db);
    this.#closeGaps();
    const untold = this.#evictions.pending;
    this.contents = { epoch, nextNumber, ...this.#countFrames(), untold, notes };
    // OR REPLACE: a commit whose tide mark failed is tried again.
    this.#insert = db.prepare('INSERT OR REPLACE INTO frames (position, bytes) VALUES (?, ?)');
    this.#delete = db.prepare('DELETE FROM frames WHERE position <= ?');
    this.#read = db.prepare('SELECT position, bytes FROM frames WHERE position >= ? ORDER BY position');
    this.#setNext = db.prepare("UPDATE meta SET value = ? WHERE name = 'nextNumber'");
    this.#setGaps = db.prepare("INSERT OR REPLACE INTO meta (name, value) VALUES ('gaps', ?)");
  }

  /**
   * One transaction, durable when it returns: the frame, its windows, and what has to leave for it.
   * @throws SQLite's errors, NoRoomError; nothing of the request is in the file then
   */
  commit(request: CommitRequest): Committed {
    const { position, number, bytes } = request.frame;
    const dropped = this.#transaction(() => {
      this.#insert.run(position, bytes);
      this.#setNext.run(String(number + 1));
      this.#windows.append(request.rows);
      this.#delete.run(request.acknowledged);
      if (request.told) this.#evictions.forget(request.told);
      return request.room ? this.#makeRoom(request.room, request.frame) : null;
    });
    this.#windows.committed();
    passGaps(this.#gaps, request.acknowledged);
    if (dropped) addGap(this.#gaps, dropped);
    this.#markTide(number, dropped === null);
    return { dropped, untold: this.#evictions.pending };
  }

  /** Forgets frames that the bridge has. */
  forget(acknowledged: number): void {
    this.#transaction(() => this.#delete.run(acknowledged));
  }

  /** A fault of the testbed: every transaction fails as on a disk without space, until there is said to be room again. */
  setDiskFull(full: boolean): void {
    this.#diskFull = full;
  }

  /** The next part of what was dropped and is not told yet. */
  eviction(edge: string, at: number): Eviction | null {
    return this.#evictions.next(edge, at);
  }

  /** Frames from a position on until `maxBytes` are reached; at least one, if there is one. */
  read(from: number, maxBytes: number): StoredFrame[] {
    const found: StoredFrame[] = [];
    let total = 0;
    for (const row of this.#read.iterate(from)) {
      const bytes = row['bytes'] as Uint8Array;
      if (found.length > 0 && total + bytes.length > maxBytes) break;
      found.push({ position: row['position'] as number, bytes });
      total += bytes.length;
    }
    return found;
  }

  windows(): [vin: string, window: Uint8Array][] {
    return this.#windows.all();
  }

  close(): void {
    this.#db.close();
    this.#tide.close();
  }

  /** The new frame itself never leaves for its own sake. */
  #makeRoom(room: RoomRequest, frame: CommitRequest['frame']): Dropped | null {
    const dropped = this.#evictions.dropOldest(room, frame.position, frame.bytes.length);
    if (dropped.frames === 0) return null;
    const gaps = this.#gaps.map((gap) => ({ ...gap }));
    addGap(gaps, dropped);
    this.#setGaps.run(writeGaps(gaps));
    return dropped;
  }

  /** @param isNeeded where frames were dropped the commit cannot be tried again: the mark may lag behind by one */
  #markTide(number: number, isNeeded: boolean): void {
    try {
      this.#tide.write(this.contents.epoch, number);
    } catch (error) {
      if (isNeeded) throw error;
    }
  }

  /** Frames in front of a gap move up to it: when a file is opened none is in flight, and they are few. */
  #closeGaps(): void {
    const last = readKnownGaps(this.#db).at(-1);
    if (!last) return;
    this.#transaction(() => {
      const before = 'SELECT position FROM frames WHERE position < ? ORDER BY position DESC';
      const move = this.#db.prepare('UPDATE frames SET position = ? WHERE position = ?');
      let to = last.last;
      for (const row of this.#db.prepare(before).all(last.first)) move.run(to--, row['position'] as number);
      this.#db.exec("DELETE FROM meta WHERE name = 'gaps'");
    });
  }

  /** Goes on with the file's epoch only where it is certain that none of its numbers is given out again. */
  #settleEpoch(notes: string[]): { epoch: string; nextNumber: number } {
    const tide = this.#tide.read();
    const repaired = notes.length > 0;
    const created = !isCreated(this.#db);
    if (created) createTables(this.#db);
    if (created && tide && !repaired)
      notes.push('the outbox file is gone: a new one begins, under a new epoch');
    const { epoch, nextNumber } = readMeta(this.#db);
    if (created || repaired) {
      this.#tide.write(epoch, 0);
      return { epoch, nextNumber };
    }
    if (tide?.epoch === epoch && tide.number < nextNumber) return { epoch, nextNumber };
    const renewed = newEpoch();
    this.#transaction(() => writeMeta(this.#db, renewed, 1));
    this.#tide.write(renewed, 0);
    const missing =
      tide?.epoch === epoch
        ? `its last ${tide.number + 1 - nextNumber} frames are missing`
        : 'its tide mark does not fit';
    notes.push(`the outbox file is not the one last written (${missing}): it goes on under a new epoch`);
    return { epoch: renewed, nextNumber: 1 };
  }

  #countFrames(): Pick<StoreContents, 'firstPosition' | 'nextPosition' | 'frames' | 'bytes'> {
    const row = this.#db
      .prepare(
        'SELECT count(*) n, min(position) low, max(position) high, sum(length(bytes)) total FROM frames',
      )
      .get();
    const nextPosition = Number(row?.['high'] ?? 0) + 1;
    return {
      nextPosition,
      firstPosition: Number(row?.['low'] ?? nextPosition),
      frames: Number(row?.['n']),
      bytes: Number(row?.['total'] ?? 0),
    };
  }

  #transaction<T>(work: () => T): T {
    this.#db.exec('BEGIN IMMEDIATE');
    try {
      const result = work();
      if (this.#diskFull) throw fullError();
      this.#db.exec('COMMIT');
      return result;
    } catch (error) {
      // After a full disk SQLite has rolled back by itself.
      if (this.#db.isTransaction) this.#db.exec('ROLLBACK');
      throw error;
    }
  }
}

/** A sound file, opened; undefined when there was damage, which `repair` was then told of. */
function tryOpen(file: string, repair: (damage: string) => void): DatabaseSync | undefined {
  const existed = existsSync(file);
  let db: DatabaseSync | undefined;
  try {
    db = openDatabase(file);
    if (existed && isCreated(db)) verify(db);
    return db;
  } catch (error) {
    if (db) closeQuietly(db);
    if (!isDamage(error)) throw error;
    repair((error as Error).message);
    return undefined;
  }
}
