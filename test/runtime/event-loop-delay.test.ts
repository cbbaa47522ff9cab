import assert from 'node:assert/strict';
import test from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { EventLoopDelay } from '#runtime/event-loop-delay.ts';

test('a loop that is blocked shows the time it was blocked', { timeout: 60_000 }, async (t) => {
  const delay = new EventLoopDelay();
  t.after(() => delay.stop());
  await sleep(75);
  const start = performance.now();
  while (performance.now() - start < 500);
  await sleep(75);
  // The tick that comes late was due within 50 ms.
  assert.ok(delay.p99Ms() >= 440, `${delay.p99Ms()} ms`);
});
