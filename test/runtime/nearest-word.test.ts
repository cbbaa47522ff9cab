import assert from 'node:assert/strict';
import test from 'node:test';
import * as fc from 'fast-check';
import { editDistance, nearestWord } from '#runtime/nearest-word.ts';

const words = ['stages', 'thresholds', 'timeline', 'interval', 'edges'];

test('a slip of the finger finds its word', () => {
  assert.equal(nearestWord('treshold', words), 'thresholds');
  assert.equal(nearestWord('intervall', words), 'interval');
  assert.equal(nearestWord('STAGES', words), 'stages');
  assert.equal(nearestWord('egdes', words), 'edges');
});

test('a word that is like none of them finds nothing', () => {
  assert.equal(nearestWord('kafka', words), undefined);
  assert.equal(nearestWord('', words), undefined);
});

test('the distance counts known slips', () => {
  for (const [a, b, slips] of [
    ['edge', 'edge', 0],
    ['edge', 'edges', 1],
    ['edge', 'egde', 1],
    ['kitten', 'sitting', 3],
    ['', 'abc', 3],
  ] as const) {
    assert.equal(editDistance(a, b), slips, `${a} -> ${b}`);
  }
});

test('the distance is symmetric, zero only for equal words, and at most the longer length', () => {
  const word = fc.string({ maxLength: 12, unit: fc.constantFrom('a', 'b', 'c') });
  fc.assert(
    fc.property(word, word, (a, b) => {
      const slips = editDistance(a, b);
      assert.equal(slips, editDistance(b, a));
      assert.equal(slips === 0, a === b);
      assert.ok(slips <= Math.max(a.length, b.length));
      assert.ok(slips >= Math.abs(a.length - b.length));
    }),
  );
});
