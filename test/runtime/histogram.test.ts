import assert from 'node:assert/strict';
import test from 'node:test';
import * as fc from 'fast-check';
import { LogHistogram } from '#runtime/histogram.ts';

/** One bucket is 2^(1/16) wide. */
const widest = 2 ** (1 / 16);
const latency = fc.double({ min: 0.02, max: 80_000_000, noNaN: true });

function histogramOf(values: readonly number[]): LogHistogram {
  const histogram = new LogHistogram();
  for (const value of values) histogram.record(value);
  return histogram;
}

function state(histogram: LogHistogram): unknown {
  return { buckets: [...histogram.cumulativeBuckets()], count: histogram.count, max: histogram.max };
}

test('a quantile lies within one bucket of the true one, and never above the maximum', () => {
  fc.assert(
    fc.property(
      fc.array(latency, { minLength: 1, maxLength: 200 }),
      fc.double({ min: 0, max: 1, noNaN: true }),
      (values, q) => {
        const quantile = histogramOf(values).quantile(q);
        const sorted = values.toSorted((a, b) => a - b);
        const exact = sorted[Math.max(0, Math.ceil(q * values.length) - 1)] ?? Number.NaN;
        assert.ok(quantile >= exact / widest / (1 + 1e-9), `${quantile} under ${exact}`);
        assert.ok(quantile <= exact * widest * (1 + 1e-9), `${quantile} over ${exact}`);
        assert.ok(quantile <= (sorted.at(-1) ?? 0));
      },
    ),
  );
});

test('quantiles rise with the share', () => {
  fc.assert(
    fc.property(fc.array(latency, { minLength: 1 }), (values) => {
      const histogram = histogramOf(values);
      const quantiles = [0, 0.25, 0.5, 0.9, 0.99, 0.999, 1].map((q) => histogram.quantile(q));
      assert.deepEqual(
        quantiles,
        quantiles.toSorted((a, b) => a - b),
      );
      assert.equal(quantiles.at(-1), histogram.max);
    }),
  );
});

test('merged histograms are the histogram of all values', () => {
  fc.assert(
    fc.property(fc.array(latency), fc.array(latency), (one, other) => {
      const merged = histogramOf(one);
      merged.merge(histogramOf(other));
      const together = histogramOf([...one, ...other]);
      assert.deepEqual(state(merged), state(together));
      assert.ok(Math.abs(merged.sum - together.sum) <= together.sum * 1e-12);
    }),
  );
});

test('what cumulative buckets say makes the same histogram again', () => {
  fc.assert(
    fc.property(fc.array(fc.double({ min: -5, max: 1e12, noNaN: true })), (values) => {
      const histogram = histogramOf(values);
      const again = LogHistogram.fromBuckets(histogram.cumulativeBuckets(), histogram.sum, histogram.max);
      assert.deepEqual(state(again), state(histogram));
      assert.equal(again.sum, histogram.sum);
    }),
  );
});

test('a value on a bound belongs to the bucket below it', () => {
  for (const bound of LogHistogram.bucketUpperBounds) {
    assert.deepEqual([...histogramOf([bound]).cumulativeBuckets()], [[bound, 1]]);
  }
});

test('bounds reach from 0.01 ms to more than a day', () => {
  assert.equal(LogHistogram.bucketUpperBounds[0], 0.01);
  assert.ok((LogHistogram.bucketUpperBounds.at(-1) ?? 0) > 86_400_000);
});

test('beyond the last bound the maximum is the quantile', () => {
  const histogram = histogramOf([1, 1e13]);
  assert.equal(histogram.quantile(1), 1e13);
  assert.deepEqual([...histogram.cumulativeBuckets()].at(-1), [Infinity, 2]);
});

test('a clock that runs ahead gives no negative time', () => {
  const histogram = histogramOf([-40]);
  assert.deepEqual([histogram.count, histogram.sum, histogram.max, histogram.quantile(0.5)], [1, 0, 0, 0]);
});

test('nothing recorded is no number', () => {
  assert.equal(new LogHistogram().quantile(0.5), Number.NaN);
  const emptied = histogramOf([3]);
  emptied.reset();
  assert.deepEqual(state(emptied), state(new LogHistogram()));
});

test('a count records as many', () => {
  const histogram = new LogHistogram();
  histogram.record(10, 99);
  histogram.record(1000);
  assert.equal(histogram.count, 100);
  assert.equal(histogram.sum, 1990);
  assert.ok(histogram.quantile(0.5) < 11);
});

test('NaN, foreign bounds and falling counts are refused', () => {
  assert.throws(() => new LogHistogram().record(Number.NaN), RangeError);
  assert.throws(() => LogHistogram.fromBuckets([[0.7, 1]], 1, 1), RangeError);
  assert.throws(
    () =>
      LogHistogram.fromBuckets(
        [
          [0.01, 5],
          [Infinity, 4],
        ],
        1,
        1,
      ),
    RangeError,
  );
});
