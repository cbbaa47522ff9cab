import assert from 'node:assert/strict';
import { setImmediate as turn } from 'node:timers/promises';
import { mock, test } from 'node:test';
import { ConnectRamp } from '#simulator/connection/connect-ramp.ts';

/**
 * A ramp under a clock in the hand; `times` says when each car was let in, ms. Edges answer at once unless `opening` says how many
 * cars still wait for one.
 */
function rig(
  t: { after(callback: () => void): void },
  ratePerSecond: number,
  more: { edges?: number; openingLimit?: number; opening?: (edge: number) => number } = {},
) {
  let now = 1000;
  const clock = mock.method(performance, 'now', () => now);
  mock.timers.enable({ apis: ['setInterval'] });
  const times = new Map<number, number>();
  let seed = 0.1;
  const { edges = 1, openingLimit = 1000, opening = () => 0 } = more;
  const ramp = new ConnectRamp({
    ratePerSecond,
    random: () => (seed = (seed * 7.13) % 1),
    edgeOf: Array.from({ length: 20_000 }, (_, slot) => slot % edges),
    openingLimit,
    opening,
    open: (slot) => times.set(slot, now - 1000),
  });
  t.after(() => {
    ramp.stop();
    mock.timers.reset();
    clock.mock.restore();
  });
  const pass = (ms: number): void => {
    for (let passed = 0; passed < ms; passed += 10) {
      now += 10;
      mock.timers.tick(10);
    }
  };
  const stall = (ms: number): void => void (now += ms);
  return { ramp, times, pass, stall };
}

test('cars connect at the rate, spread over each second', async (t) => {
  const { ramp, times, pass } = rig(t, 200);
  for (let slot = 0; slot < 400; slot++) ramp.add(slot);
  pass(1000);
  assert(times.size >= 195 && times.size <= 202, `${times.size} in the first second`);
  pass(1100);
  assert.equal(times.size, 400);
  const perTenth = Array.from({ length: 20 }, () => 0);
  for (const at of times.values()) perTenth[Math.min(19, Math.floor(at / 100))]!++;
  assert(Math.max(...perTenth) <= 30, `${Math.max(...perTenth)} in 100 ms`);
  await turn();
});

test('a stalled process does not make up for lost time in one burst', (t) => {
  const { ramp, times, pass, stall } = rig(t, 100);
  for (let slot = 0; slot < 500; slot++) ramp.add(slot);
  pass(100);
  const before = times.size;
  stall(2000);
  pass(10);
  assert(times.size - before <= 12, `${times.size - before} at once`);
});

test('a car that is not wanted any more is not let in, one that comes later is', (t) => {
  const { ramp, times, pass } = rig(t, 100);
  ramp.add(1);
  ramp.add(2);
  ramp.remove(2);
  pass(100);
  assert.deepEqual([...times.keys()], [1]);
  ramp.add(3);
  pass(100);
  assert.deepEqual([...times.keys()], [1, 3]);
});
