import assert from 'node:assert/strict';
import { test } from 'node:test';
import { GeneratorWatch } from '#testbed/verdict/validity.ts';

const calm = {};

function watched(
  change: (t: number) => { late?: number; delayMs?: number; cpu?: number },
  faults: readonly { from: number; to: number }[] = [],
) {
  const watch = new GeneratorWatch();
  for (let t = 1; t <= 60; t++) {
    const { late = 0, delayMs = 3, cpu = 0.5 } = change(t);
    const eventLoopDelayP99Ms = new Map([['simulator-1', delayMs]]);
    watch.second({ t, sent: 500, lateByGenerator: late, eventLoopDelayP99Ms, cpuBusyRatio: cpu }, faults);
  }
  return watch;
}

test('a run whose generator kept its schedule is valid', () => {
  assert.deepEqual(watched(() => ({})).verdict(calm), { valid: true, invalidReasons: [], warnings: [] });
});

test('more than one late message in a thousand makes it invalid; exactly one does not', () => {
  const atLimit = watched((t) => ({ late: t <= 30 ? 1 : 0 })).verdict(calm);
  assert.equal(atLimit.valid, true);
  const above = watched((t) => ({ late: t <= 31 ? 1 : 0 })).verdict(calm);
  assert.equal(above.valid, false);
  assert.match(above.invalidReasons[0] ?? '', /0\.10 % of the messages left more than 1 s after/);
});

test('a simulator whose event loop stood still makes it invalid, by name', () => {
  const { valid, invalidReasons } = watched((t) => ({ delayMs: t === 40 ? 1800 : 3 })).verdict(calm);
  assert.equal(valid, false);
  assert.match(invalidReasons[0] ?? '', /simulator-1 was starved.*1800 ms/);
});

test('what the timeline did to a simulator, and connecting the fleet, is not held against it', () => {
  const faults = [{ from: 30, to: 33 }];
  const disturbed = watched((t) => (t >= 30 && t <= 42 ? { late: 400, delayMs: 5000 } : {}), faults);
  assert.equal(disturbed.verdict(calm).valid, true);
  assert.equal(watched((t) => ({ delayMs: t < 10 ? 4000 : 3 })).verdict(calm).valid, true);
  const lasting = watched(
    (t) => (t >= 30 ? { late: 400 } : {}),
    [{ from: 30, to: Number.POSITIVE_INFINITY }],
  );
  assert.equal(lasting.verdict(calm).valid, true);
});

test('a machine that is busy for more than a tenth of the time is a warning, not a verdict', () => {
  const busyFor = (seconds: number, faults?: { from: number; to: number }[]) =>
    watched((t) => ({ cpu: t <= seconds ? 0.99 : 0.9 }), faults).verdict(calm);
  assert.deepEqual(busyFor(6).warnings, []);
  assert.equal(busyFor(7).valid, true);
  assert.match(busyFor(7).warnings[0] ?? '', /CPU above 95 % in 7 of 60 s/);
  // Latencies include what goes on while a simulator is broken, too.
  assert.equal(busyFor(7, [{ from: 0, to: 60 }]).warnings.length, 1);
});

test('swapping is a warning, a little of it is not worth one', () => {
  const swap = (swappedBytes: number) => watched(() => ({})).verdict({ ...calm, swappedBytes });
  assert.deepEqual(swap(10e6).warnings, []);
  assert.equal(swap(3e9).valid, true);
  assert.match(swap(3e9).warnings[0] ?? '', /swapped 3 GB in and out/);
});

test('CPU time that the host gave to others is a warning, a little of it is not worth one', () => {
  const steal = (stolenRatio: number) => watched(() => ({})).verdict({ ...calm, stolenRatio });
  assert.deepEqual(steal(0.002).warnings, []);
  assert.equal(steal(0.12).valid, true);
  assert.match(steal(0.12).warnings[0] ?? '', /gave 12 % of its CPU time to others/);
});

test('a simulator that never came to the end of its schedule makes it invalid: its late messages are counted nowhere', () => {
  const { valid, invalidReasons } = watched(() => ({})).verdict({ ...calm, unfinished: ['simulator-2'] });
  assert.equal(valid, false);
  assert.match(invalidReasons[0] ?? '', /simulator-2 did not come to the end of its schedule/);
});
