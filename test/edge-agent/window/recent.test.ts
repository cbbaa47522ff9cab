import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { noRows, unpackRows } from '#edge-agent/outbox/packed-rows.ts';
import { RecentWindow } from '#edge-agent/window/recent.ts';

const stored = { isStored: true };

const isNew = (window: RecentWindow, session: number, seq: number, vin = 'A'): boolean =>
  window.remember(vin, session, seq, stored) !== null;

test('within 64 of the highest a seq is new exactly once; further back it counts as seen', () => {
  const seqs = fc.array(fc.integer({ min: 1, max: 300 }), { maxLength: 200 });
  fc.assert(
    fc.property(seqs, (sent) => {
      const window = new RecentWindow({ maxCars: 10 });
      const seen = new Set<number>();
      let highest = 0;
      for (const seq of sent) {
        const expected = !seen.has(seq) && seq >= highest - 64;
        assert.equal(isNew(window, 1, seq), expected, `seq ${seq} below ${highest}`);
        seen.add(seq);
        highest = Math.max(highest, seq);
      }
    }),
  );
});

test('what is written with each message restores the same window', () => {
  const message = fc.record({
    vin: fc.constantFrom('A', 'B', 'C'),
    session: fc.constantFrom(1, 2 ** 53 - 1, 7),
    seq: fc.integer({ min: 1, max: 150 }),
  });
  fc.assert(
    fc.property(fc.array(message, { maxLength: 100 }), fc.array(message), (before, after) => {
      const window = new RecentWindow({ maxCars: 10 });
      const rows = new Map<string, Uint8Array>();
      for (const { vin, session, seq } of before) {
        for (const [car, bytes] of unpackRows(window.remember(vin, session, seq, stored) ?? noRows))
          if (bytes) rows.set(car, bytes);
      }
      const restored = new RecentWindow({ maxCars: 10 });
      restored.load(rows);
      for (const { vin, session, seq } of after) {
        assert.deepEqual(
          restored.remember(vin, session, seq, stored),
          window.remember(vin, session, seq, stored),
        );
      }
    }),
  );
});

test('the last two sessions of a car are remembered', () => {
  const window = new RecentWindow({ maxCars: 10 });
  assert.ok(isNew(window, 1, 5));
  assert.ok(isNew(window, 2, 1));
  assert.ok(!isNew(window, 1, 5));
  assert.ok(isNew(window, 1, 6));
  assert.ok(isNew(window, 3, 1));
  assert.ok(!isNew(window, 2, 1));
});

test('the car that was silent longest is forgotten first, and its row with it', () => {
  const window = new RecentWindow({ maxCars: 2 });
  window.remember('A', 1, 1, stored);
  window.remember('B', 1, 1, stored);
  window.remember('A', 1, 2, stored);
  const rows = unpackRows(window.remember('C', 1, 1, stored) ?? noRows);
  assert.equal(window.cars, 2);
  assert.deepEqual(
    rows.map(([vin, bytes]) => [vin, bytes === null]),
    [
      ['C', false],
      ['B', true],
    ],
  );
});

test('what is not stored is remembered, and in the row of the next message that is', () => {
  const window = new RecentWindow({ maxCars: 2 });
  assert.deepEqual(window.remember('A', 1, 1, { isStored: false }), noRows);
  assert.equal(window.remember('A', 1, 1, { isStored: false }), null);
  const restored = new RecentWindow({ maxCars: 2 });
  restored.load(unpackRows(window.remember('A', 1, 2, stored) ?? noRows) as [string, Uint8Array][]);
  assert.ok(!isNew(restored, 1, 1) && !isNew(restored, 1, 2) && isNew(restored, 1, 3));
});
