import assert from 'node:assert/strict';
import { test } from 'node:test';
import * as fc from 'fast-check';
import { backoffMs } from '#wire/mqtt-backoff.ts';

const backoffs = fc
  .tuple(fc.integer({ min: 1, max: 5000 }), fc.integer({ min: 2, max: 100 }))
  .map(([minMs, factor]) => ({ minMs, maxMs: minMs * factor }));
const chance = fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true });

test('waits never less than the shortest and never more than the longest wait', () => {
  fc.assert(
    fc.property(backoffs, fc.nat(1000), chance, (backoff, failures, random) => {
      const waitMs = backoffMs(backoff, failures, random);
      assert.ok(waitMs >= backoff.minMs && waitMs <= backoff.maxMs, String(waitMs));
    }),
  );
});

test('waits twice as long after each failure, up to the longest wait', () => {
  const waits = [0, 1, 2, 3, 4].map((failures) => backoffMs({ minMs: 100, maxMs: 1000 }, failures, 0));
  assert.deepEqual(waits, [100, 200, 400, 500, 500]);
});

test('spreads the clients over half of the wait', () => {
  const waits = [0, 0.5, 0.999].map((random) => backoffMs({ minMs: 100, maxMs: 1000 }, 0, random));
  assert.deepEqual(
    waits.map((waitMs) => Math.round(waitMs)),
    [100, 150, 200],
  );
});
