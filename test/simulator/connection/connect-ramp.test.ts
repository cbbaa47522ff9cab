import assert from 'node:assert/strict';
import { setImmediate as turn } from 'node:timers/promises';
import { mock, test } from 'node:test';
import fc from 'fast-check';
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

/** Lets time pass in turns of any length, as an event loop with other work does. */
function passUnevenly(rigged: ReturnType<typeof rig>, turns: readonly number[]): number {
  let passed = 0;
  for (const ms of turns) {
    rigged.stall(ms - 10);
    rigged.pass(10);
    passed += ms;
  }
  return passed;
}

test('the rate is kept within 5 %, whatever the event loop’s turns up to 90 ms', () => {
  fc.assert(
    fc.property(
      fc.integer({ min: 50, max: 3000 }),
      fc.array(fc.integer({ min: 10, max: 90 }), { minLength: 80, maxLength: 120 }),
      (ratePerSecond, turns) => {
        const cleanUp: (() => void)[] = [];
        const rigged = rig({ after: (callback) => cleanUp.push(callback) }, ratePerSecond);
        try {
          for (let slot = 0; slot < 20_000; slot++) rigged.ramp.add(slot);
          const passed = passUnevenly(rigged, turns);
          const expected = (passed / 1000) * ratePerSecond;
          // What is due since the last turn is not in yet.
          const open = ratePerSecond * 0.09 + 2;
          assert.ok(rigged.times.size <= expected * 1.05 + 2, `${rigged.times.size} of ${expected}`);
          assert.ok(rigged.times.size >= expected * 0.95 - open, `${rigged.times.size} of ${expected}`);
        } finally {
          for (const callback of cleanUp) callback();
        }
      },
    ),
    { numRuns: 40 },
  );
});

test('an edge that does not answer holds up its own cars only, and beyond its limit they wait', (t) => {
  const waiting = [0, 0, 0];
  const { ramp, times, pass } = rig(t, 1000, {
    edges: 3,
    openingLimit: 50,
    // Edge 1 never answers, the others at once.
    opening: (edge) => (edge === 1 ? waiting[1]! : 0),
  });
  for (let slot = 0; slot < 900; slot++) ramp.add(slot);
  for (let n = 0; n < 200; n++) {
    pass(10);
    waiting[1] = [...times.keys()].filter((slot) => slot % 3 === 1).length;
  }
  // A turn opens several before it is looked at again.
  assert.ok(waiting[1]! >= 50 && waiting[1]! < 70, `${waiting[1]} cars were let in`);
  for (const edge of [0, 2])
    assert.equal([...times.keys()].filter((slot) => slot % 3 === edge).length, 300, `edge ${edge}`);
});
