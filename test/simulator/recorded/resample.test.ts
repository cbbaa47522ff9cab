import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { signalIndex } from '#contract/signals.ts';
import { Resampler } from '#simulator/recorded/resample.ts';

const { speed } = signalIndex;

/** Readings of speed, one a second unless said otherwise. @param rows time in ms, value (null: the row has none) */
function resampled(
  rows: readonly (readonly [number, number | null])[],
  holdMs = 5000,
  intervalMs = 1000,
): number[] {
  const readings: number[] = [];
  const resampler = new Resampler(intervalMs, holdMs, (values) => readings.push(values[speed]!));
  for (const [index, [timeMs, value]] of rows.entries()) {
    if (index === 0) resampler.begin(timeMs);
    resampler.advance(timeMs);
    if (value !== null) resampler.set(speed, value);
  }
  if (rows.length > 0) resampler.end();
  return readings;
}

test('a reading has the last value up to its own time', () => {
  assert.deepEqual(
    resampled([
      [0, 1],
      [999, 2],
      [1000, 3],
      [1001, 4],
      [2000, 5],
    ]),
    [1, 3, 5],
  );
  assert.deepEqual(
    resampled([
      [500, 1],
      [1400, 2],
      [2600, 3],
    ]),
    [1, 2, 2],
    'from the first row on',
  );
  assert.deepEqual(
    resampled([
      [0, 1],
      [100, 2],
      [200, 3],
    ]),
    [1],
    'what comes faster is thinned out',
  );
});

test('a value stands for as long as it is held, and then it is absent', () => {
  const rows = [
    [0, 1],
    [8000, 2],
    [9000, null],
  ] as const;
  assert.deepEqual(resampled(rows, 5000), [1, 1, 1, 1, 1, 1, Number.NaN, Number.NaN, 2, 2]);
  assert.deepEqual(resampled(rows, 500).slice(0, 3), [1, Number.NaN, Number.NaN]);
});

test('as many readings as intervals, whatever the rows; each value is one of the rows', () => {
  const row = fc.tuple(fc.integer({ min: 0, max: 5000 }), fc.option(fc.integer({ min: 0, max: 200 })));
  fc.assert(
    fc.property(
      fc.array(row, { minLength: 1, maxLength: 40 }),
      fc.constantFrom(10, 250, 1000),
      (steps, intervalMs) => {
        let at = 1000;
        const rows = steps.map(([step, value]) => [(at += step), value] as const);
        const readings = resampled(rows, 3000, intervalMs);
        assert.equal(readings.length, Math.floor((at - rows[0]![0]) / intervalMs) + 1);
        for (const [n, value] of readings.entries()) {
          const time = rows[0]![0] + n * intervalMs;
          const seen = rows.findLast(([when, given]) => given !== null && when <= time);
          const expected = seen && time - seen[0] <= 3000 ? seen[1]! : Number.NaN;
          assert.equal(value, expected);
        }
      },
    ),
  );
});
