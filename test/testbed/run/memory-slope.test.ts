import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { MemorySlopes } from '#testbed/run/memory-slope.ts';

const mebibyte = 2 ** 20;

/** A sample a second from just before zero to some seconds behind the schedule's end. */
function watched(
  seconds: number,
  rssBytes: (t: number) => number,
  pidAt = (_t: number): number => 7,
): MemorySlopes {
  const slopes = new MemorySlopes(seconds);
  for (let t = -5; t <= seconds + 20; t++) slopes.take(t + 0.3, 'edge-1', pidAt(t), rssBytes(t));
  return slopes;
}

describe('the slope of a process’s memory', () => {
  test('is that of the second half: what fills at the beginning and goes at the end is not growth', () => {
    const flat = (t: number): number =>
      t < 800 ? 100 * mebibyte + t * 50_000 : t > 1800 ? 0 : 140 * mebibyte;
    assert.equal(watched(1800, flat).perHour('edge-1'), 0);
  });

  test('of a leak is what leaks in an hour, with a garbage collector’s saw teeth above it', () => {
    const leak = (t: number): number => 200 * mebibyte + t * 1000 + (t % 40) * 100_000;
    const perHour = watched(1800, leak).perHour('edge-1') ?? 0;
    assert.ok(Math.abs(perHour - 3_600_000) < 1_000_000, `${perHour}`);
    const exact = watched(1800, (t) => 5e9 + t * 1000).perHour('edge-1');
    assert.equal(exact, 3_600_000);
    assert.equal(watched(86_400, (t) => 5e9 - t * 10).perHour('edge-1'), -36_000);
  });

  test('a large collection just before it begins, and what fills up again behind that, is not taken for a leak', () => {
    const collected = (t: number): number => {
      const since = t - 840;
      return since < 0 ? 300e6 : Math.min(357e6, 249e6 + since * 0.36e6) + (t % 7) * 500_000;
    };
    const perHour = watched(1800, collected).perHour('edge-1') ?? Infinity;
    // A line of least squares would say some 300 MB.
    assert.ok(Math.abs(perHour) < 120e6, `${perHour}`);
  });

  test('begins anew with a process that was started again', () => {
    const twice = (t: number): number => (t < 1300 ? 400 * mebibyte : 50 * mebibyte + t * 10);
    assert.equal(watched(1800, twice, (t) => (t < 1300 ? 7 : 8)).perHour('edge-1'), 36_000);
  });

  test('is not known of a short run, a short life, or a process that never was', () => {
    const level = (): number => mebibyte;
    assert.equal(watched(590, level).perHour('edge-1'), null);
    assert.equal(watched(620, level).perHour('edge-1'), 0);
    assert.equal(watched(1800, level, (t) => (t < 1600 ? 7 : 8)).perHour('edge-1'), null);
    assert.equal(watched(1800, level).perHour('edge-2'), null);
  });
});
