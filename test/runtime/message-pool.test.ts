import assert from 'node:assert/strict';
import test from 'node:test';
import { poolMessages } from '#runtime/message-pool.ts';

test('twenty messages of a car are slices of two pools at most', () => {
  poolMessages();
  // The pool that was begun before it is used up first.
  Buffer.allocUnsafe(8 * 1024);
  const pools = new Set(Array.from({ length: 20 }, () => Buffer.allocUnsafe(1000).buffer));
  assert.ok(pools.size <= 2, `${pools.size} pools`);
});
