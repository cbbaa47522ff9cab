import assert from 'node:assert/strict';
import test from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { EventLoopDelay } from '#runtime/event-loop-delay.ts';

test('a loop that is blocked shows the time it was blocked', { timeout: 60_000 }, async (t) => {
  const delay = new EventLoopDelay();
  t.after(() => delay.stop());
  await sleep(30);
  const start = performance.now();
  while (performance.now() - start < 300);
  await sleep(30);
  assert.ok(delay.p99Ms() >= 280, `${delay.p99Ms()} ms`);
});
