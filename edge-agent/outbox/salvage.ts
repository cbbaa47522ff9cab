import {
  copyFileSync,
  existsSync,
  fsyncSync,
  openSync,
  closeSync,
  readSync,
  renameSync,
  rmSync,
  statSync,
  writeSync,
} from 'node:fs';
import path from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { closeQuietly, createTables, isWholeFrame, openDatabase, readKnownGaps } from './database.ts';
import { appendToWindowLog, readWindowLog } from './window-log.ts';

/**
 * Repair of a damaged outbox file: every frame that can still be read whole goes, in order and unchanged, into a new
 * file, which goes on under a new epoch. The frames keep the epoch and number that they have: the bridge may have
 * committed some of them already, and knows them by these. The damaged file is kept aside.
 */
interface Salvaged {
  frames: number;
  /** Positions between the first and the last one known that gave no whole frame; null when nothing is known. */
  unreadable: number | null;
}

const pageBytes = 4096;
/** Bounds the search for single frames in a range that cannot be listed. */
const maxLookups = 200_000;

/** @returns what was saved and what was dropped, in words */
export function salvage(file: string, reason: string, now: number): string[] {
  const building = `${file}.repairing`;
  removeDatabase(building);
  const target = openDatabase(building);
  createTables(target);
  const saved = copyWhatIsReadable(file, target);
  target.close();
  renameSync(building, repaired(file));
  const aside = finishRepair(file, now);
  const dropped = saved.unreadable === null ? 'an unknown number was lost' : `${saved.unreadable} were lost`;
  return [
    `the outbox file was damaged (${reason}): ${saved.frames} frames were saved, ${dropped}; ` +
      `it goes on under a new epoch, the damaged file is kept as ${path.basename(aside ?? file)}`,
  ];
}

/**
 * Puts a finished repair in the place of the damaged file. Called at every start: a crash between the renames leaves
 * the repaired file waiting, never a hole.
 */
export function finishRepair(file: string, now: number): string | null {
  if (!existsSync(repaired(file))) return null;
  const aside = `${file}.damaged-${new Date(now).toISOString().replaceAll(/[:.]/g, '')}`;
  // The log first: left behind, it would be replayed into the new file.
  for (const suffix of ['-wal', '']) {
    if (existsSync(file + suffix)) renameSync(file + suffix, aside + suffix);
  }
  rmSync(`${file}-shm`, { force: true });
  renameSync(repaired(file), file);
  syncFolder(path.dirname(file));
  return aside;
}

function repaired(file: string): string {
  return `${file}.repaired`;
}

function copyWhatIsReadable(file: string, target: DatabaseSync): Salvaged {
  const source = openReadable(file);
  if (source === null) return { frames: 0, unreadable: null };
  const insertFrame = target.prepare('INSERT INTO frames (position, bytes) VALUES (?, ?)');
  let frames = 0;
  target.exec('BEGIN IMMEDIATE');
  const known = knownPositions(source.db);
  const readFrame = source.db.prepare('SELECT bytes FROM frames WHERE position = ?');
  for (let position = known.first; position <= known.last; position++) {
    const bytes = attempt(() => readFrame.get(position)?.['bytes']);
    if (!isWholeFrame(bytes)) continue;
    frames += 1;
    insertFrame.run(frames, bytes);
  }
  copyWindows(source.db, target);
  copyEvictions(source.db, target);
  target.exec('COMMIT');
  let dropped = 0;
  for (const { first, last } of attempt(() => readKnownGaps(source.db)) ?? [])
    if (first > known.first && last < known.last) dropped += last - first + 1;
  closeQuietly(source.db);
  source.remove();
  const expected = known.last - known.first + 1 - dropped;
  const unreadable = known.last < known.first ? null : Math.max(0, expected - frames);
  return { frames, unreadable };
}

/** As they stand, table and log: whoever opens the file finds of each car the last that could be read. */
function copyWindows(source: DatabaseSync, target: DatabaseSync): void {
  const insertWindow = target.prepare('INSERT OR REPLACE INTO windows (vin, window) VALUES (?, ?)');
  for (const { vin, window } of readWhilePossible(source, 'SELECT vin, window FROM windows'))
    if (typeof vin === 'string' && window instanceof Uint8Array) insertWindow.run(vin, window);
  const append = target.prepare(appendToWindowLog);
  for (const { rows } of readWhilePossible(source, readWindowLog))
    if (rows instanceof Uint8Array) append.run(rows);
}

/** What was dropped and is not told yet. Rows of a table that an older file does not have may be anything. */
function copyEvictions(source: DatabaseSync, target: DatabaseSync): void {
  for (const [table, texts] of [
    ['evictions', 1],
    ['evicted', 2],
  ] as const) {
    const insert = target.prepare(`INSERT OR REPLACE INTO ${table} VALUES (?, ?, ?, ?, ?)`);
    for (const row of readWhilePossible(source, `SELECT * FROM ${table}`)) {
      const values = Object.values(row);
      const isSound = values.every((value, index) => typeof value === (index < texts ? 'string' : 'number'));
      if (isSound && values.length === 5) insert.run(...(values as (string | number)[]));
    }
  }
}

/** The range of positions, from both ends: a broken page in the middle hides neither. */
function knownPositions(db: DatabaseSync): { first: number; last: number } {
  const end = (order: 'ASC' | 'DESC'): number | undefined =>
    attempt(
      () => db.prepare(`SELECT position FROM frames ORDER BY position ${order} LIMIT 1`).get()?.['position'],
    ) as number | undefined;
  const first = end('ASC');
  const last = end('DESC');
  if (first === undefined && last === undefined) return { first: 1, last: 0 };
  const low = first ?? Math.max(1, (last ?? 1) - maxLookups);
  return { first: low, last: Math.min(last ?? low + maxLookups, low + maxLookups) };
}

function readWhilePossible(db: DatabaseSync, query: string): Record<string, unknown>[] {
  const rows: Record<string, unknown>[] = [];
  attempt(() => {
    for (const row of db.prepare(query).iterate()) rows.push(row);
  });
  return rows;
}

/** Reading a damaged file throws in many ways; each only means that this piece cannot be had. */
function attempt<T>(read: () => T): T | undefined {
  try {
    return read();
  } catch {
    return undefined;
  }
}

interface Readable {
  db: DatabaseSync;
  remove(): void;
}

/** The file as it is or, when SQLite does not know it for one, a copy with a sound first page. null: neither helps. */
function openReadable(file: string): Readable | null {
  const asItIs = openForReading(file);
  if (asItIs) return { db: asItIs, remove: () => {} };
  const copy = `${file}.salvaging`;
  removeDatabase(copy);
  copyFileSync(file, copy);
  if (existsSync(`${file}-wal`)) copyFileSync(`${file}-wal`, `${copy}-wal`);
  replaceFirstPage(copy);
  const remove = (): void => removeDatabase(copy);
  const db = openForReading(copy);
  if (db) return { db, remove };
  remove();
  return null;
}

function openForReading(file: string): DatabaseSync | null {
  let db: DatabaseSync | undefined;
  try {
    db = new DatabaseSync(file, { readOnly: true });
    db.prepare('SELECT position FROM frames WHERE position = 0').get();
    return db;
  } catch {
    if (db) closeQuietly(db);
    return null;
  }
}

/**
 * The first page holds the file's header and where each table begins. The tables are always created in the same order,
 * so a fresh file's first page fits; only the file's length differs (https://www.sqlite.org/fileformat.html, 1.3).
 */
function replaceFirstPage(file: string): void {
  const fresh = `${file}-fresh`;
  removeDatabase(fresh);
  const db = openDatabase(fresh);
  createTables(db);
  db.close();
  const page = Buffer.alloc(pageBytes);
  const from = openSync(fresh, 'r');
  readSync(from, page, 0, pageBytes, 0);
  closeSync(from);
  removeDatabase(fresh);
  page.writeUInt32BE(Math.floor(statSync(file).size / pageBytes), 28);
  const to = openSync(file, 'r+');
  writeSync(to, page, 0, pageBytes, 0);
  closeSync(to);
}

function removeDatabase(file: string): void {
  for (const suffix of ['', '-wal', '-shm', '-journal']) rmSync(file + suffix, { force: true });
}

function syncFolder(folder: string): void {
  const handle = openSync(folder, 'r');
  fsyncSync(handle);
  closeSync(handle);
}
