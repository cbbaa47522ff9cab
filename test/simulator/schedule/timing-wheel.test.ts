import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { TimingWheel } from '#simulator/schedule/timing-wheel.ts';

test('everything is fired once, never early and at most a tick late, whatever the steps of time', () => {
  fc.assert(
    fc.property(
      fc.array(fc.double({ min: 0, max: 9999, noNaN: true }), { minLength: 1, maxLength: 60 }),
      fc.array(fc.double({ min: 0.1, max: 700, noNaN: true }), { minLength: 40, maxLength: 60 }),
      (dues, steps) => {
        const wheel = new TimingWheel(dues.length, 10_000);
        for (const [id, due] of dues.entries()) wheel.add(id, due);
        const fired = new Map<number, number>();
        let now = 0;
        let before = 0;
        for (const step of [...steps, 20_000]) {
          before = now;
          now += step;
          wheel.advance(now, Infinity, (id, due) => {
            assert(!fired.has(id));
            assert(due <= now, 'early');
            assert(due + wheel.tickMs > before - wheel.tickMs, 'late');
            fired.set(id, due);
          });
        }
        assert.deepEqual(
          dues.map((_, id) => fired.get(id)),
          dues,
        );
        assert.equal(wheel.waiting, 0);
      },
    ),
  );
});

test('cars that are added again as they fire keep their period for a long time', () => {
  const periodMs = 333.3;
  const wheel = new TimingWheel(3, periodMs);
  const counts = [0, 0, 0];
  for (let id = 0; id < 3; id++) wheel.add(id, id * 100);
  for (let now = 0; now < 100_000; now += 17) {
    wheel.advance(now, Infinity, (id, due) => {
      assert(Math.abs(due - (id * 100 + counts[id]! * periodMs)) < 1e-6);
      counts[id]!++;
      wheel.add(id, id * 100 + counts[id]! * periodMs);
    });
  }
  for (const count of counts) assert(count >= 299, `${count} of 300`);
});

test('a limit stops within a tick and the rest follows', () => {
  const wheel = new TimingWheel(100, 1000);
  for (let id = 0; id < 100; id++) wheel.add(id, 5);
  const fired: number[] = [];
  assert.equal(
    wheel.advance(10, 30, (id) => fired.push(id)),
    false,
  );
  assert.equal(fired.length, 30);
  assert.equal(
    wheel.advance(10, 1000, (id) => fired.push(id)),
    true,
  );
  assert.equal(new Set(fired).size, 100);
});

test('letting time pass costs by what is due, not by what waits', () => {
  const size = 100_000;
  const wheel = new TimingWheel(size, 60_000);
  for (let id = 0; id < size; id++) wheel.add(id, 1000 + (id / size) * 58_000);
  let touched = 0;
  wheel.advance(1500, Infinity, () => touched++);
  // 500 ms of 58 s.
  assert(touched > 800 && touched < 900, `${touched} of ${size}`);
  assert.equal(wheel.waiting, size - touched);
});
