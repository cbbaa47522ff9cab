import assert from 'node:assert/strict';
import { closeSync, openSync, writeSync } from 'node:fs';
import { DatabaseSync } from 'node:sqlite';
import { test } from 'node:test';
import { encodeFrame, type FrameEntry } from '#contract/frame.ts';
import type { Eviction } from '#contract/ledger-records.ts';
import { deadLetterCodec } from '#contract/records.ts';
import { encodeTelemetry } from '#contract/telemetry.ts';
import { noticeEntry } from '#edge-agent/outbox/evictions.ts';
import { noRows } from '#edge-agent/outbox/packed-rows.ts';
import { Store, type Committed } from '#edge-agent/outbox/store.ts';
import { telemetry, tempFolder, vin } from '../rig.ts';

const options = { timeout: 60_000 };

/** Commits frames as the outbox does, with room for `maxBytes`. */
class Writer {
  readonly store: Store;
  bytes: number;
  #number: number;
  #position: number;
  readonly #after: number;

  constructor(folder: string, after = 0) {
    this.#after = after;
    this.store = Store.open(folder);
    this.bytes = this.store.contents.bytes;
    this.#number = this.store.contents.nextNumber;
    this.#position = this.store.contents.nextPosition;
  }

  write(entries: FrameEntry[], maxBytes = Infinity, told?: Eviction): Committed {
    const number = this.#number++;
    const bytes = encodeFrame({ epoch: this.store.contents.epoch, number, createdAt: 1, entries });
    const committed = this.store.commit({
      frame: { position: this.#position++, number, bytes },
      rows: noRows,
      acknowledged: 0,
      room: maxBytes === Infinity ? undefined : { after: this.#after, bytes: this.bytes, maxBytes },
      told: told && { epoch: told.epoch, ranges: told.ranges.length },
    });
    this.bytes += bytes.length - (committed.dropped?.bytes ?? 0);
    return committed;
  }
}

function message(seq: number, car = vin): FrameEntry {
  return { destination: 'fleet.telemetry', key: car, value: encodeTelemetry(telemetry(car, 1, seq, 1)) };
}

function letter(key: string, bytes: Buffer): FrameEntry {
  const why = { source: 'edge-1', reason: 'not-telemetry', detail: '', topic: `vehicles/${key}/telemetry` };
  const value = deadLetterCodec.encode({ ...why, key, bytes, at: 1 });
  return { destination: 'fleet.deadletter', key: 'edge-1', value };
}

const ranges = (eviction: Eviction | null): string[] =>
  (eviction?.ranges ?? []).map(({ vin: car, fromSeq, toSeq }) => `${car} ${fromSeq}-${toSeq}`);

test('what was in dropped frames is told by its own bytes, refused messages as well', options, async (t) => {
  const writer = new Writer(await tempFolder(t));
  const score: FrameEntry = { destination: 'fleet.predictions', key: vin, value: Buffer.from('a score') };
  writer.write([message(1), score, message(1, 'VIN00002'), score, message(2)]);
  writer.write([letter(vin, Buffer.from('rubbish')), letter(vin, message(3).value)]);
  // Bytes that a car sent in the name of another say nothing of that other.
  writer.write([letter('VIN00002', message(9).value)]);
  const { dropped } = writer.write([message(4)], 1);
  assert.deepEqual([dropped?.first, dropped?.last, dropped?.frames, dropped?.messages], [1, 3, 3, 6]);
  const eviction = writer.store.eviction('edge-1', 5);
  assert.deepEqual(ranges(eviction), ['VIN00002 1-1', `${vin} 1-3`]);
  const { epoch } = writer.store.contents;
  const { edge, at, firstFrame, lastFrame, predictions, unnamed } = eviction ?? ({} as Eviction);
  assert.deepEqual(
    { edge, at, epoch: eviction?.epoch, firstFrame, lastFrame, predictions, unnamed },
    { edge: 'edge-1', at: 5, epoch, firstFrame: 1, lastFrame: 3, predictions: 2, unnamed: 2 },
  );
  writer.store.close();
});

test('a notice that is dropped itself is told again, as one with what goes along', options, async (t) => {
  const folder = await tempFolder(t);
  const writer = new Writer(folder);
  for (let seq = 1; seq <= 3; seq++) writer.write([message(seq)]);
  writer.write([message(4)], 1);
  const first = writer.store.eviction('edge-1', 1);
  assert.ok(first);
  assert.deepEqual(ranges(first), [`${vin} 1-3`]);
  assert.equal(writer.write([noticeEntry(first)], Infinity, first).untold, false);
  assert.equal(writer.store.eviction('edge-1', 1), null);
  // Frame 4, then the notice, leave.
  assert.equal(writer.write([message(5)], 1).untold, true);
  writer.store.close();
  const { store } = new Writer(folder);
  assert.equal(store.contents.untold, true);
  const again = store.eviction('edge-1', 1);
  assert.deepEqual(ranges(again), [`${vin} 1-4`]);
  assert.deepEqual([again?.firstFrame, again?.lastFrame], [1, 5]);
  store.close();
});

test('long notices are told in parts, each range once', options, async (t) => {
  const writer = new Writer(await tempFolder(t));
  const cars = Array.from({ length: 20_000 }, (_, n) => `VIN${String(n).padStart(14, '0')}`);
  writer.write(cars.map((car) => message(1, car)));
  writer.write([message(1)], 1);
  const told: string[] = [];
  for (let untold = true; untold;) {
    const part = writer.store.eviction('edge-1', 1);
    assert.ok(part);
    const entry = noticeEntry(part);
    assert.ok(entry.value.length < 500_000, `${entry.value.length} bytes`);
    told.push(...ranges(part));
    untold = writer.write([entry], Infinity, part).untold;
  }
  assert.deepEqual(
    told,
    cars.map((car) => `${car} 1-1`),
  );
  writer.store.close();
});

test('what does not fit even so changes nothing', options, async (t) => {
  const writer = new Writer(await tempFolder(t), 2);
  for (let seq = 1; seq <= 3; seq++) writer.write([message(seq)]);
  assert.throws(() => writer.write([message(4)], 100), /in flight/);
  assert.equal(writer.store.read(1, Infinity).length, 3);
  assert.equal(writer.store.eviction('edge-1', 1), null);
  writer.store.close();
});

test(
  'a gap behind frames in flight is no damage, and a repair keeps what is to be told',
  options,
  async (t) => {
    const folder = await tempFolder(t);
    const writer = new Writer(folder, 2);
    for (let seq = 1; seq <= 40; seq++) writer.write([message(seq)]);
    const { dropped } = writer.write([message(41)], writer.bytes - 3000);
    assert.ok(dropped && dropped.frames > 1);
    writer.store.close();
    const reopened = Store.open(folder);
    assert.deepEqual(reopened.contents.notes, []);
    const positions = reopened.read(1, Infinity).map(({ position }) => position);
    assert.equal(reopened.contents.firstPosition, 1 + dropped.frames);
    assert.deepEqual(
      positions,
      positions.map((_, index) => 1 + dropped.frames + index),
    );
    reopened.close();

    // The last page: frames of the end. Its first page and the small tables stay readable.
    const db = new DatabaseSync(`${folder}/outbox.db`);
    const pages = Number(db.prepare('PRAGMA page_count').get()?.['page_count']);
    db.close();
    const file = openSync(`${folder}/outbox.db`, 'r+');
    writeSync(file, Buffer.alloc(4096, 0xa5), 0, 4096, (pages - 1) * 4096);
    closeSync(file);
    const repaired = Store.open(folder);
    assert.match(repaired.contents.notes.join(), /was damaged/);
    assert.deepEqual(ranges(repaired.eviction('edge-1', 1)), [`${vin} 3-${2 + dropped.frames}`]);
    repaired.close();
  },
);

test('a file of before frames were ever dropped goes on', options, async (t) => {
  const folder = await tempFolder(t);
  const writer = new Writer(folder);
  writer.write([message(1)]);
  writer.store.close();
  const db = new DatabaseSync(`${folder}/outbox.db`);
  db.exec('DROP TABLE evicted; DROP TABLE evictions');
  db.close();
  const later = new Writer(folder);
  assert.deepEqual(later.store.contents.notes, []);
  later.write([message(2)], 1);
  assert.deepEqual(ranges(later.store.eviction('edge-1', 1)), [`${vin} 1-1`]);
  later.store.close();
});
