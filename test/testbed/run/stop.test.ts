import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Stop } from '#testbed/run/stop.ts';

test('a request ends every wait at once, and its first reason stays', async () => {
  const stop = new Stop();
  const waits = Promise.all([stop.wait(3_600_000), stop.until(() => false, 3_600_000, 3_600_000)]);
  stop.request('user');
  stop.request(new Error('later'));
  const [, held] = await waits;
  assert.equal(held, false);
  assert.equal(stop.reason, 'user');
});

test('a condition that comes true ends the wait', async () => {
  let calls = 0;
  assert.equal(await new Stop().until(() => ++calls > 3, 60_000, 1), true);
});
