import assert from 'node:assert/strict';
import { test } from 'node:test';
import { featureCount } from '#model/features.ts';
import { inputLimit, normaliseRows } from '#model/rows.ts';

test('inputs are picked in their order, normalised, limited, and 0 where they are absent', () => {
  const mean = new Float32Array(featureCount).map((_, feature) => feature);
  const scale = new Float32Array(featureCount).fill(2);
  const rows = new Float32Array(3 * featureCount).fill(Number.NaN);
  rows.set([1, 2, 3], 0);
  rows.set([1000, -1000, Number.NaN], featureCount);
  rows.set([Infinity, -Infinity, 1e-30], 2 * featureCount);
  const into = new Float32Array(12).fill(7);
  normaliseRows(rows, 3, [2, 0, 1], { mean, scale }, into);
  const expected = [
    [0.5, 0.5, 0.5],
    [0, inputLimit, -inputLimit],
    [-1, inputLimit, -inputLimit],
    [7, 7, 7],
  ];
  assert.deepEqual([...into], expected.flat());
});
