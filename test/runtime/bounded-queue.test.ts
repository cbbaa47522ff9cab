import assert from 'node:assert/strict';
import test from 'node:test';
import * as fc from 'fast-check';
import { BoundedQueue } from '#runtime/bounded-queue.ts';
import { Metrics, parseMetrics } from '#runtime/metrics.ts';

const bySize = { name: 'test', sizeOf: (size: number) => size };

test('it never holds more than its limits, and what goes in comes out in order or is counted as dropped', () => {
  const step = fc.oneof(
    fc.record({ offer: fc.integer({ min: 1, max: 40 }) }),
    fc.record({ takeItems: fc.integer({ min: 1, max: 5 }), takeBytes: fc.integer({ min: 1, max: 60 }) }),
  );
  const policy = fc.constantFrom('push-back' as const, 'drop-oldest' as const);
  fc.assert(
    fc.property(policy, fc.array(step, { maxLength: 200 }), (chosen, steps) => {
      const queue = new BoundedQueue({ ...bySize, policy: chosen, limitBytes: 100, limitItems: 6 });
      let model: number[] = [];
      let dropped = 0;
      for (const one of steps) {
        if ('offer' in one) {
          const isTaken = queue.offer(one.offer);
          const fits = (): boolean => model.length < 6 && sum(model) + one.offer <= 100;
          if (chosen === 'push-back') assert.equal(isTaken, fits());
          else assert.ok(isTaken);
          if (isTaken) {
            for (; !fits(); dropped += 1) model.shift();
            model.push(one.offer);
          }
        } else {
          const taken = queue.take(one.takeItems, one.takeBytes);
          assert.deepEqual(taken, model.slice(0, taken.length));
          assert.ok(taken.length <= one.takeItems);
          assert.ok(taken.length <= 1 || sum(taken) <= one.takeBytes);
          assert.equal(taken.length === 0, model.length === 0);
          model = model.slice(taken.length);
        }
        assert.equal(queue.length, model.length);
        assert.equal(queue.bytes, sum(model));
        assert.equal(queue.dropped, dropped);
      }
    }),
  );
});

test('a long queue comes out in order', () => {
  const queue = new BoundedQueue({ ...bySize, sizeOf: () => 1, policy: 'push-back', limitBytes: 1e6 });
  let next = 0;
  for (let i = 0; i < 20_000; i++) {
    queue.offer(i);
    if (i % 3 === 0) for (const item of queue.take(2)) assert.equal(item, next++);
  }
  for (const item of queue.take()) assert.equal(item, next++);
  assert.equal(next, 20_000);
});

test('room is told when half of the limit is free, once, and at once where there is room', async () => {
  const queue = new BoundedQueue({ ...bySize, policy: 'push-back', limitBytes: 100 });
  let told = 0;
  queue.onRoom(() => told++);
  assert.equal(told, 1);
  for (let i = 0; i < 10; i++) queue.offer(10);
  queue.onRoom(() => told++);
  const room = queue.waitForRoom();
  queue.take(4);
  assert.equal(told, 1, 'more than half is still in use');
  queue.take(1);
  assert.equal(told, 2);
  await room;
  queue.take(1);
  assert.equal(told, 2, 'told once');
});

test('room is room for items, too', () => {
  const queue = new BoundedQueue({ ...bySize, policy: 'push-back', limitBytes: 100, limitItems: 4 });
  for (let i = 0; i < 4; i++) queue.offer(1);
  assert.equal(queue.offer(1), false);
  let isTold = false;
  queue.onRoom(() => (isTold = true));
  queue.take(1);
  assert.equal(isTold, false);
  queue.take(1);
  assert.equal(isTold, true);
});

test('an item that can never fit is an error of ours when senders wait, and dropped otherwise', () => {
  const pushBack = new BoundedQueue({ ...bySize, policy: 'push-back', limitBytes: 10 });
  assert.throws(() => pushBack.offer(11), /11 bytes never fit in queue test/);
  const dropping = new BoundedQueue({ ...bySize, policy: 'drop-oldest', limitBytes: 10 });
  dropping.offer(4);
  assert.equal(dropping.offer(11), false);
  assert.deepEqual([dropping.length, dropping.dropped], [1, 1]);
});

test('its metrics show each queue by name', async (t) => {
  const metrics = new Metrics({ component: 'edge', name: 'edge-1' });
  t.after(() => metrics.close());
  const one = new BoundedQueue({ ...bySize, name: 'one', policy: 'drop-oldest', limitBytes: 100, metrics });
  const two = new BoundedQueue({ ...bySize, name: 'two', policy: 'push-back', limitBytes: 50, metrics });
  one.offer(70);
  one.offer(60);
  two.offer(20);
  two.offer(20);
  const shown = parseMetrics(await metrics.text());
  assert.equal(shown.value('fleetbed_queue_bytes', { queue: 'one' }), 60);
  assert.equal(shown.value('fleetbed_queue_bytes', { queue: 'two' }), 40);
  assert.equal(shown.value('fleetbed_queue_items', { queue: 'two' }), 2);
  assert.equal(shown.value('fleetbed_queue_limit_bytes', { queue: 'two' }), 50);
  assert.equal(shown.value('fleetbed_queue_dropped_total', { queue: 'one' }), 1);
  assert.equal(shown.value('fleetbed_queue_dropped_total', { queue: 'two' }), 0);
});

function sum(sizes: readonly number[]): number {
  return sizes.reduce((all, size) => all + size, 0);
}
