import assert from 'node:assert/strict';
import { test } from 'node:test';
import { connectingOf } from '#testbed/verdict/connecting.ts';

const ramp = { firstCars: 10_000, ratePerSecond: 1000, failures: {} };

test('a rate that is kept within 5 % is not worth a word, one that is not is told with what went wrong', () => {
  assert.deepEqual(connectingOf({ ...ramp, seconds: 10.5 }), { perSecond: 952.4, failures: {}, notes: [] });
  const failures = { timeout: 12, 'no-ports': 1 };
  const { notes, perSecond } = connectingOf({ ...ramp, seconds: 20, failures });
  assert.equal(perSecond, 500);
  assert.deepEqual(notes, [
    'the cars connected at 500/s, as fast as they could: connect.rate asks for 1,000/s; 13 attempts failed (timeout 12, no-ports 1)',
  ]);
});

test('a ramp of a moment is judged by nobody, and one that did not end has no rate', () => {
  assert.deepEqual(connectingOf({ ...ramp, firstCars: 500, seconds: 1.4 }).notes, []);
  assert.deepEqual(connectingOf({ ...ramp, seconds: null }), { perSecond: null, failures: {}, notes: [] });
});
