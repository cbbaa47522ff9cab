import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import type { DatabaseSync } from 'node:sqlite';
import { test, type TestContext } from 'node:test';
import fc from 'fast-check';
import { createTables, openDatabase } from '#edge-agent/outbox/database.ts';
import { salvage } from '#edge-agent/outbox/salvage.ts';
import { outboxFile, Store } from '#edge-agent/outbox/store.ts';
import { unpackRows, type Row } from '#edge-agent/outbox/packed-rows.ts';
import { WindowLog } from '#edge-agent/outbox/window-log.ts';
import { packed } from './packed.ts';

function folder(t: TestContext): string {
  const dir = mkdtempSync(path.join(tmpdir(), 'window-log-'));
  t.after(() => rmSync(dir, { recursive: true, force: true }));
  return dir;
}

function opened(file: string): DatabaseSync {
  const db = openDatabase(file);
  if (!db.prepare("SELECT 1 FROM sqlite_master WHERE name = 'meta'").get()) createTables(db);
  return db;
}

function count(db: DatabaseSync, table: 'windows' | 'windowLog'): number {
  return Number(db.prepare(`SELECT count(*) n FROM ${table}`).get()?.['n']);
}

const inOrder = (rows: Iterable<[string, Uint8Array]>): [string, string][] =>
  [...rows]
    .map(([vin, window]): [string, string] => [vin, Buffer.from(window).toString('hex')])
    .toSorted(([a], [b]) => (a < b ? -1 : 1));

const window = (byte: number): Uint8Array => new Uint8Array(24).fill(byte);

/** A transaction with these rows, as the store makes it. */
function commit(db: DatabaseSync, log: WindowLog, rows: Row[], fails = false): void {
  db.exec('BEGIN IMMEDIATE');
  log.append(packed(rows));
  db.exec(fails ? 'ROLLBACK' : 'COMMIT');
  if (!fails) log.committed();
}

test('what each car’s last window is survives folds, transactions that fail, and new starts', (t) => {
  const vins = fc.constantFrom('VIN1', 'VIN22', 'VIN333', 'ÄÖ');
  const row = fc.tuple(vins, fc.option(fc.uint8Array({ maxLength: 48 }), { nil: null }));
  const rows = fc.array(row, { maxLength: 6 });
  const commits = fc.array(fc.record({ rows, again: fc.boolean(), fails: fc.boolean() }), { maxLength: 20 });
  const options = fc.record({
    foldAt: fc.integer({ min: 1, max: 400 }),
    portion: fc.integer({ min: 1, max: 5 }),
  });
  let run = 0;
  fc.assert(
    fc.property(commits, options, (all, how) => {
      const file = path.join(folder(t), `${run++}.db`);
      const expected = new Map<string, Uint8Array>();
      let db = opened(file);
      let log = new WindowLog(db, how);
      for (const { rows: given, again, fails } of all) {
        commit(db, log, given, fails);
        for (const [vin, bytes] of fails ? [] : given) {
          if (bytes) expected.set(vin, bytes);
          else expected.delete(vin);
        }
        if (again) {
          db.close();
          db = opened(file);
          log = new WindowLog(db, how);
        }
        assert.deepEqual(inOrder(log.all()), inOrder(expected));
      }
      db.close();
    }),
    { numRuns: 100 },
  );
});

test('a commit writes one row, and a long log is folded into a row a car, a portion with each commit', (t) => {
  const db = opened(path.join(folder(t), 'outbox.db'));
  const cars = Array.from({ length: 33 }, (_, car): Row => [`VIN${car}`, window(car)]);
  const log = new WindowLog(db, { foldAt: 3 * packed(cars).length, portion: 10 });
  const there = (): number[] => [count(db, 'windowLog'), count(db, 'windows')];
  for (let commits = 1; commits <= 3; commits++) {
    commit(db, log, cars);
    assert.deepEqual(there(), [commits, 0]);
  }
  commit(db, log, [['VIN0', null]]);
  assert.deepEqual(there(), [4, 10]);
  commit(db, log, []);
  assert.deepEqual(there(), [4, 20]);
  commit(db, log, [], true);
  assert.deepEqual(there(), [4, 20], 'what failed comes again');
  commit(db, log, [['VIN1', window(99)]]);
  assert.deepEqual(there(), [5, 30]);
  commit(db, log, []);
  assert.deepEqual(there(), [2, 33], 'what came meanwhile stays in the log');
  assert.equal(log.all().length, 32);
  assert.equal(new Map(log.all()).get('VIN1')?.[0], 99);
  db.close();
});

test('logs of files that fill up alike are folded at lengths of their own', (t) => {
  const dir = folder(t);
  const rows = Array.from({ length: 1000 }, (_, car): Row => [`VIN${car}`, window(1)]);
  const lengths = Array.from({ length: 6 }, (_, file) => {
    const db = opened(path.join(dir, `${file}.db`));
    const log = new WindowLog(db);
    let commits = 0;
    while (count(db, 'windows') === 0) {
      commit(db, log, rows);
      commits++;
    }
    db.close();
    return commits;
  });
  assert.ok(new Set(lengths).size > 1, lengths.join(' '));
});

test('a file of before there was a log is read on', (t) => {
  const dir = folder(t);
  const file = path.join(dir, outboxFile);
  Store.open(dir).close();
  const older = openDatabase(file);
  older.exec('DROP TABLE windowLog');
  older.prepare('INSERT INTO windows (vin, window) VALUES (?, ?)').run('VIN1', window(1));
  older.close();
  const store = Store.open(dir);
  assert.deepEqual(store.contents.notes, []);
  assert.deepEqual(inOrder(store.windows()), inOrder([['VIN1', window(1)]]));
  store.close();
});

test('what can be read of a damaged file has the last windows, those in the log too', (t) => {
  const dir = folder(t);
  const file = path.join(dir, outboxFile);
  const db = opened(file);
  const log = new WindowLog(db, { foldAt: 4 * 32, portion: 3 });
  const vins = ['VIN1', 'VIN2', 'VIN3', 'VIN4'];
  commit(
    db,
    log,
    vins.map((vin) => [vin, window(1)]),
  );
  commit(db, log, [
    ['VIN1', window(2)],
    ['VIN2', null],
  ]);
  assert.equal(count(db, 'windows'), 3, 'in the middle of a fold');
  db.close();
  salvage(file, 'a test says so', 0);
  const repaired = opened(file);
  const expected: [string, Uint8Array][] = [
    ['VIN1', window(2)],
    ['VIN3', window(1)],
    ['VIN4', window(1)],
  ];
  assert.deepEqual(inOrder(new WindowLog(repaired).all()), inOrder(expected));
  repaired.close();
});

test('of a row that was cut off anywhere what is whole is read', (t) => {
  const db = opened(path.join(folder(t), 'outbox.db'));
  const expected: Row[] = [
    ['VIN1', window(1)],
    ['VIN2', null],
    ['VIN3', window(3)],
  ];
  new WindowLog(db).append(packed(expected));
  const written = db.prepare('SELECT rows FROM windowLog').get()?.['rows'] as Uint8Array;
  db.close();
  const whole = unpackRows(written);
  assert.deepEqual(
    whole.map(([vin, bytes]) => [vin, bytes && new Uint8Array(bytes)]),
    expected,
  );
  for (let length = 0; length < written.length; length++) {
    const rows = unpackRows(written.subarray(0, length));
    assert.deepEqual(rows, whole.slice(0, rows.length));
    assert.ok(rows.length < 3);
  }
});
