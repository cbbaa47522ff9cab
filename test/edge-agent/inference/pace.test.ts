import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Pace } from '#edge-agent/inference/pace.ts';

test('alarms per second and the p99 are those of the last 5 to 10 s', () => {
  let now = 0;
  const pace = new Pace(() => now);
  assert.deepEqual([pace.p99Us, pace.alarmsPerSecond], [0, 0]);
  pace.record(1000, 3);
  assert.equal(pace.alarmsPerSecond, 3, 'at the start it counts as a second');
  for (now = 1000; now < 6000; now += 50) pace.record(100, 0);
  assert.equal(pace.alarmsPerSecond, 3 / 6, 'two windows are seen together');
  assert.ok(pace.p99Us < 200, `${pace.p99Us}`);
  now = 9900;
  pace.record(500, 10);
  assert.equal(pace.alarmsPerSecond, 13 / 9.9);
  now = 10_000;
  assert.equal(pace.alarmsPerSecond, 2, 'the first window is gone');
  now = 60_000;
  assert.deepEqual([pace.p99Us, pace.alarmsPerSecond], [0, 0]);
});
