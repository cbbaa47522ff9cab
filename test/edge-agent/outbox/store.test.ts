import assert from 'node:assert/strict';
import {
  copyFileSync,
  existsSync,
  mkdirSync,
  openSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  truncateSync,
  closeSync,
  writeFileSync,
  writeSync,
} from 'node:fs';
import path from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { test } from 'node:test';
import fc from 'fast-check';
import { decodeFrame, encodeFrame, type Frame } from '#contract/frame.ts';
import { fullError, isFull } from '#edge-agent/outbox/database.ts';
import { Store, type StoreContents } from '#edge-agent/outbox/store.ts';
import { packed } from './packed.ts';
import { tempFolder } from '../rig.ts';

const options = { timeout: 60_000 };

/** Writes frames as the outbox does; every frame's one entry says its number and a word. */
class Writer {
  readonly store: Store;
  readonly contents: StoreContents;
  #number: number;
  #position: number;

  constructor(folder: string) {
    this.store = Store.open(folder);
    this.contents = this.store.contents;
    this.#number = this.contents.nextNumber;
    this.#position = this.contents.nextPosition;
  }

  write(word: string, size = 1000): void {
    const number = this.#number++;
    const value = Buffer.alloc(size, `${word} ${number} `);
    const entries = [{ destination: 'fleet.telemetry', key: word, value } as const];
    const bytes = encodeFrame({ epoch: this.contents.epoch, number, createdAt: 1, entries });
    this.store.commit({
      frame: { position: this.#position++, number, bytes },
      rows: packed([[word, new Uint8Array(24).fill(number)]]),
      acknowledged: 0,
    });
  }

  /** The last one once more, as after a commit that failed. */
  again(word: string): void {
    this.#number -= 1;
    this.#position -= 1;
    this.write(word);
  }

  frames(): Frame[] {
    return this.store.read(0, Number.MAX_SAFE_INTEGER).map(({ bytes }) => decodeFrame(Buffer.from(bytes)));
  }
}

function written(folder: string, frames: number, size?: number): Writer {
  const writer = new Writer(folder);
  for (let n = 0; n < frames; n++) writer.write('first', size);
  return writer;
}

/** As kill -9 leaves it: the files while the store is open. */
function copyOpen(from: string, to: string): void {
  mkdirSync(to, { recursive: true });
  for (const name of readdirSync(from)) copyFileSync(path.join(from, name), path.join(to, name));
}

const names = (frames: readonly Frame[]): string[] =>
  frames.map((frame) => `${frame.epoch}/${frame.number} ${frame.entries[0]?.key}`);

test(
  'a restart keeps the epoch and goes on numbering, also when every frame was acknowledged',
  options,
  async (t) => {
    const folder = await tempFolder(t);
    const first = written(folder, 5);
    first.store.forget(5);
    first.store.close();
    const second = new Writer(folder);
    assert.equal(second.contents.epoch, first.contents.epoch);
    assert.equal(second.contents.nextNumber, 6);
    assert.equal(second.contents.frames, 0);
    second.write('second');
    assert.deepEqual(names(second.frames()), [`${first.contents.epoch}/6 second`]);
    second.store.close();
  },
);

test('after a crash everything that was committed is there, under the same epoch', options, async (t) => {
  const folder = await tempFolder(t);
  const first = written(`${folder}/a`, 20);
  copyOpen(`${folder}/a`, `${folder}/b`);
  first.store.close();
  const second = new Writer(`${folder}/b`);
  assert.deepEqual(second.contents.notes, []);
  assert.equal(second.contents.epoch, first.contents.epoch);
  assert.equal(second.contents.nextNumber, 21);
  assert.equal(second.contents.frames, 20);
  assert.equal(second.store.windows().length, 1);
  second.store.close();
});

test('a file that is created again has a new epoch and begins with 1', options, async (t) => {
  const folder = await tempFolder(t);
  const first = written(folder, 5);
  first.store.close();
  rmSync(path.join(folder, 'outbox.db'));
  const second = new Writer(folder);
  assert.notEqual(second.contents.epoch, first.contents.epoch);
  assert.equal(second.contents.nextNumber, 1);
  second.store.close();
});

test(
  'a disk that is said to be full takes nothing, and goes on with the same number when it has room',
  options,
  async (t) => {
    const folder = await tempFolder(t);
    const writer = written(`${folder}/a`, 3);
    writer.store.setDiskFull(true);
    assert.throws(() => writer.write('refused'), isFull);
    assert.throws(() => writer.store.forget(2), isFull);
    assert.equal(writer.frames().length, 3);
    copyOpen(`${folder}/a`, `${folder}/killed`);
    writer.store.setDiskFull(false);
    writer.again('taken');
    writer.store.close();
    const killed = new Writer(`${folder}/killed`);
    assert.deepEqual(killed.contents.notes, []);
    assert.deepEqual(
      [killed.contents.nextNumber, killed.frames().length, killed.store.windows().length],
      [4, 3, 1],
    );
    killed.store.close();
    const after = new Writer(`${folder}/a`);
    assert.deepEqual(
      after.frames().map(({ number, entries }) => `${number} ${entries[0]?.key}`),
      ['1 first', '2 first', '3 first', '4 taken'],
    );
    after.store.close();
  },
);

test('what is said of a full disk is what SQLite says', () => {
  const db = new DatabaseSync(':memory:');
  const full = (): void => db.exec('PRAGMA max_page_count = 1; CREATE TABLE one (more)');
  const { code, errcode, errstr } = fullError() as Error & Record<string, unknown>;
  assert.throws(full, { message: fullError().message, code, errcode, errstr });
  assert.throws(full, isFull);
  db.close();
});

test('two edges cannot use one folder at once', options, async (t) => {
  const folder = await tempFolder(t);
  const first = written(folder, 1);
  assert.throws(() => Store.open(folder), /another process has the outbox .* open/);
  first.store.close();
});

test('whatever is cut off the write-ahead log, no number ever stands for two frames', options, async (t) => {
  const folder = await tempFolder(t);
  const first = written(`${folder}/a`, 30);
  const before = new Map(
    first.frames().map((frame) => [`${frame.epoch}/${frame.number}`, frame.entries[0]?.key]),
  );
  const walBytes = statSync(`${folder}/a/outbox.db-wal`).size;
  let kept = 0;
  let runs = 0;
  fc.assert(
    fc.property(fc.integer({ min: 0, max: walBytes }), (length) => {
      const copy = `${folder}/${++runs}`;
      copyOpen(`${folder}/a`, copy);
      truncateSync(`${copy}/outbox.db-wal`, length);
      const second = new Writer(copy);
      const survived = second.frames();
      assert.deepEqual(
        names(survived),
        names(first.frames()).slice(0, survived.length),
        'the oldest ones are left',
      );
      for (let n = 0; n < 3; n++) second.write('second');
      for (const frame of second.frames().slice(survived.length)) {
        assert.equal(before.get(`${frame.epoch}/${frame.number}`), undefined, 'a number was given out again');
      }
      if (survived.length === 30) assert.equal(second.contents.epoch, first.contents.epoch);
      else assert.equal(second.contents.notes.length, 1);
      kept += survived.length;
      second.store.close();
      rmSync(copy, { recursive: true });
    }),
    { numRuns: 60 },
  );
  assert.ok(kept > 0);
  first.store.close();
});

test('an outbox that was put back from a copy goes on under a new epoch', options, async (t) => {
  const folder = await tempFolder(t);
  const first = written(folder, 5);
  const kept = names(first.frames());
  first.store.close();
  copyFileSync(`${folder}/outbox.db`, `${folder}/copy`);
  const second = new Writer(folder);
  second.write('second');
  second.store.close();
  renameSync(`${folder}/copy`, `${folder}/outbox.db`);
  const third = new Writer(folder);
  assert.notEqual(third.contents.epoch, first.contents.epoch);
  assert.match(third.contents.notes.join(), /last 1 frames are missing/);
  assert.deepEqual(names(third.frames()), kept, 'what it holds is unchanged');
  third.store.close();
});

/** Overwrites part of a file with rubbish. */
function damage(file: string, at: number, length: number): void {
  const handle = openSync(file, 'r+');
  writeSync(handle, Buffer.alloc(length, 0xa5), 0, length, at);
  closeSync(handle);
}

test(
  'a damaged file is repaired: what can be read goes on unchanged, the damaged file is kept',
  options,
  async (t) => {
    const folder = await tempFolder(t);
    const first = written(`${folder}/a`, 40);
    const all = names(first.frames());
    first.store.close();
    const size = statSync(`${folder}/a/outbox.db`).size;
    let saved = 0;
    for (let page = 0; page * 4096 < size; page++) {
      const copy = `${folder}/page-${page}`;
      copyOpen(`${folder}/a`, copy);
      damage(`${copy}/outbox.db`, page * 4096, 4096);
      const second = new Writer(copy);
      const survived = second.frames();
      saved += survived.length;
      assert.deepEqual(
        names(survived),
        all.filter((name) => names(survived).includes(name)),
        'in order, with the numbers they had',
      );
      assert.notEqual(second.contents.epoch, first.contents.epoch);
      assert.equal(second.contents.nextNumber, 1);
      assert.match(second.contents.notes.join(), new RegExp(`${survived.length} frames were saved`));
      assert.equal(readdirSync(copy).filter((name) => /\.damaged-.*Z$/.test(name)).length, 1);
      second.write('second');
      second.store.close();
      const third = new Writer(copy);
      assert.deepEqual(third.contents.notes, [], 'once repaired it is sound');
      assert.equal(third.contents.frames, survived.length + 1);
      third.store.close();
    }
    const pages = Math.ceil(size / 4096);
    assert.ok(saved > (pages - 4) * 30, `${saved} of ${pages * 40} frames were saved`);
  },
);

test('a file with its first page lost still gives its frames', options, async (t) => {
  const folder = await tempFolder(t);
  const first = written(folder, 10, 20_000);
  first.store.close();
  damage(`${folder}/outbox.db`, 0, 4096);
  const second = new Writer(folder);
  assert.equal(second.contents.frames, 10);
  second.store.close();
});

test('bytes that are no database at all, or none, are put aside', options, async (t) => {
  const folder = await tempFolder(t);
  for (const [index, bytes] of [Buffer.from('hello'), Buffer.alloc(50_000, 7)].entries()) {
    const sub = `${folder}/${index}`;
    written(sub, 3).store.close();
    writeFileSync(`${sub}/outbox.db`, bytes);
    const writer = new Writer(sub);
    assert.equal(writer.contents.frames, 0);
    assert.match(writer.contents.notes.join(), /damaged/);
    const aside = readdirSync(sub).find((name) => name.includes('.damaged-'));
    assert.ok(aside && existsSync(path.join(sub, aside)));
    assert.deepEqual(readFileSync(path.join(sub, aside)), bytes);
    writer.store.close();
  }
});
