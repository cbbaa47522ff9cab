import { randomBytes } from 'node:crypto';
import { DatabaseSync } from 'node:sqlite';
import { decodeFrameHeader, FrameError } from '#contract/frame.ts';
import { UserError } from '#runtime/errors.ts';
import { passGaps, readGaps, type Gap } from './gaps.ts';
import { createWindowLog } from './window-log.ts';

/** The outbox's SQLite file: how it is opened, what it holds, how damage shows. */

/** A file of another version is refused, not guessed at. */
const fileVersion = 1;
/** What stands above this in the file's header is damage, not a version to come. */
const maxVersion = 1000;

/** https://www.sqlite.org/rescode.html */
const busy = 5;
const full = 13;
/** ERROR and SCHEMA: a table that must be there is not. MISMATCH, FORMAT: nor is what is in it. CORRUPT, NOTADB. */
const damageCodes = new Set([1, 11, 17, 20, 24, 26]);
/** The file ends in the middle of a page. */
const shortRead = 522;

/** What was read of the file cannot be what was written. */
export class DamageError extends Error {
  override name = 'DamageError';
}

export function newEpoch(): string {
  return randomBytes(8).toString('hex');
}

/** @throws UserError when another process has the file; SQLite's own errors, NOTADB for one */
export function openDatabase(file: string): DatabaseSync {
  const db = new DatabaseSync(file);
  try {
    // One process owns the file: two edges on one folder would give out the same numbers.
    db.exec('PRAGMA locking_mode = EXCLUSIVE; PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL');
    return db;
  } catch (error) {
    closeQuietly(db);
    if (sqliteCode(error) === busy) {
      throw new UserError('component', `another process has the outbox ${file} open`, { cause: error });
    }
    throw error;
  }
}

/** Did a fully created outbox stand here? A file whose creation was cut short holds nothing yet. */
export function isCreated(db: DatabaseSync): boolean {
  return db.prepare("SELECT 1 FROM sqlite_master WHERE name = 'meta'").get() !== undefined;
}

/** Tables and epoch in one transaction: a crash leaves all of it or nothing. */
export function createTables(db: DatabaseSync): void {
  db.exec('BEGIN IMMEDIATE');
  db.exec('CREATE TABLE meta (name TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID');
  db.exec('CREATE TABLE frames (position INTEGER PRIMARY KEY, bytes BLOB NOT NULL)');
  db.exec('CREATE TABLE windows (vin TEXT PRIMARY KEY, window BLOB NOT NULL) WITHOUT ROWID');
  createEvictionTables(db);
  createWindowLog(db);
  db.exec(`PRAGMA user_version = ${fileVersion}`);
  writeMeta(db, newEpoch(), 1);
  db.exec('COMMIT');
}

/** What was dropped and not told yet (evictions.ts). Files of before frames were ever dropped do not have them. */
export function createEvictionTables(db: DatabaseSync): void {
  db.exec(`CREATE TABLE IF NOT EXISTS evictions
    (epoch TEXT PRIMARY KEY, firstFrame INTEGER NOT NULL, lastFrame INTEGER NOT NULL,
     predictions INTEGER NOT NULL, unnamed INTEGER NOT NULL) WITHOUT ROWID`);
  db.exec(`CREATE TABLE IF NOT EXISTS evicted
    (epoch TEXT NOT NULL, vin TEXT NOT NULL, session INTEGER NOT NULL, fromSeq INTEGER NOT NULL,
     toSeq INTEGER NOT NULL, PRIMARY KEY (epoch, vin, session, fromSeq)) WITHOUT ROWID`);
}

export function writeMeta(db: DatabaseSync, epoch: string, nextNumber: number): void {
  const set = db.prepare('INSERT OR REPLACE INTO meta (name, value) VALUES (?, ?)');
  set.run('epoch', epoch);
  set.run('nextNumber', String(nextNumber));
}

/** @throws DamageError */
export function readMeta(db: DatabaseSync): { epoch: string; nextNumber: number } {
  const value = (name: string): string =>
    String(db.prepare('SELECT value FROM meta WHERE name = ?').get(name)?.['value']);
  const epoch = value('epoch');
  const nextNumber = Number(value('nextNumber'));
  if (!/^[0-9a-f]{16}$/.test(epoch) || !Number.isSafeInteger(nextNumber) || nextNumber < 1) {
    throw new DamageError(`it says epoch ${epoch}, next number ${nextNumber}`);
  }
  return { epoch, nextNumber };
}

/** Where frames were dropped behind others that stayed. @throws DamageError */
export function readKnownGaps(db: DatabaseSync): Gap[] {
  const text = String(db.prepare("SELECT value FROM meta WHERE name = 'gaps'").get()?.['value'] ?? '');
  const gaps = readGaps(text);
  if (!gaps) throw new DamageError(`it says that these frames were dropped: ${text}`);
  return gaps;
}

/**
 * Reads all of the file once, at its start: damage must be found before its numbers are built upon.
 * @throws DamageError or SQLite's own error of damage; UserError for a file of another version
 */
export function verify(db: DatabaseSync): void {
  const version = Number(db.prepare('PRAGMA user_version').get()?.['user_version']);
  if (version < 0 || version > maxVersion) throw new DamageError(`it says that it has version ${version}`);
  if (version !== fileVersion) {
    throw new UserError('component', `the outbox file has version ${version}, this is for ${fileVersion}`);
  }
  readMeta(db);
  const check = db.prepare('PRAGMA quick_check(1)').get()?.['quick_check'];
  if (check !== 'ok') throw new DamageError(String(check));
  const gaps = readKnownGaps(db);
  let expected: number | undefined;
  for (const row of db.prepare('SELECT position, bytes FROM frames ORDER BY position').iterate()) {
    const position = Number(row['position']);
    if (expected !== undefined && position !== expected) expected = passGaps(gaps, expected - 1) + 1;
    if (position !== (expected ?? position))
      throw new DamageError(`a frame is missing at position ${expected}`);
    if (!isWholeFrame(row['bytes'])) throw new DamageError(`the frame at position ${position} is damaged`);
    expected = position + 1;
  }
}

export function isWholeFrame(bytes: unknown): bytes is Uint8Array {
  if (!(bytes instanceof Uint8Array)) return false;
  try {
    decodeFrameHeader(Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength));
    return true;
  } catch (error) {
    if (error instanceof FrameError) return false;
    throw error;
  }
}

/** Is it damage of the file, that only a repair helps against? A full disk or a missing right is not. */
export function isDamage(error: unknown): boolean {
  if (error instanceof DamageError) return true;
  const code = sqliteCode(error);
  return code !== undefined && (damageCodes.has(code & 0xff) || code === shortRead);
}

export function isFull(error: unknown): boolean {
  return sqliteCode(error) === full;
}

/** What SQLite says of a file system without space (ENOSPC), as node:sqlite words it. */
export function fullError(): Error {
  const words = 'database or disk is full';
  return Object.assign(new Error(words), { code: 'ERR_SQLITE_ERROR', errcode: full, errstr: words });
}

export function closeQuietly(db: DatabaseSync): void {
  try {
    db.close();
  } catch {
    // A damaged file may fail to checkpoint; what matters was said by the error before.
  }
}

/** SQLite's result code, or undefined for other errors. */
function sqliteCode(error: unknown): number | undefined {
  if (!(error instanceof Error) || !('errcode' in error)) return undefined;
  return typeof error.errcode === 'number' ? error.errcode : undefined;
}
