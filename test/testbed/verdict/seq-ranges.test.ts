import assert from 'node:assert/strict';
import { test } from 'node:test';
import * as fc from 'fast-check';
import { lengthOf, missingFrom, SeqRanges, splitAfter, splitAt } from '#testbed/verdict/seq-ranges.ts';

const seqs = fc.array(fc.integer({ min: 1, max: 60 }), { maxLength: 80 });

test('it holds what a set would hold, as ranges that never touch', () => {
  fc.assert(
    fc.property(seqs, fc.integer({ min: 0, max: 70 }), (added, upTo) => {
      const ranges = new SeqRanges();
      const set = new Set<number>();
      for (const seq of added) {
        assert.equal(ranges.add(seq), !set.has(seq));
        set.add(seq);
      }
      assert.equal(ranges.count, set.size);
      assert.equal(ranges.max, Math.max(0, ...set));
      for (let seq = 0; seq <= 62; seq++) assert.equal(ranges.has(seq), set.has(seq));
      const listed = [...ranges.ranges()];
      const flat = listed.flatMap(({ from, to }) =>
        Array.from({ length: to - from + 1 }, (_, i) => from + i),
      );
      assert.deepEqual(
        flat,
        [...set].sort((a, b) => a - b),
      );
      for (const [index, range] of listed.entries())
        assert.ok(range.from > (listed[index - 1]?.to ?? -1) + 1);
      const missing = missingFrom(upTo, ranges).flatMap(({ from, to }) =>
        Array.from({ length: to - from + 1 }, (_, i) => from + i),
      );
      const expected = Array.from({ length: upTo }, (_, i) => i + 1).filter((seq) => !set.has(seq));
      assert.deepEqual(missing, expected);
    }),
  );
});

test('ranges and single seqs together hold what a set would hold', () => {
  const piece = fc.tuple(fc.integer({ min: 1, max: 60 }), fc.nat(8));
  fc.assert(
    fc.property(fc.array(piece, { maxLength: 40 }), (pieces) => {
      const ranges = new SeqRanges();
      const set = new Set<number>();
      for (const [from, more] of pieces) {
        const added = Array.from({ length: more + 1 }, (_, i) => from + i).filter((seq) => !set.has(seq));
        if (more === 0) assert.equal(ranges.add(from), added.length === 1);
        else assert.equal(ranges.addRange({ from, to: from + more }), added.length);
        for (const seq of added) set.add(seq);
      }
      assert.deepEqual([ranges.count, ranges.max], [set.size, Math.max(0, ...set)]);
      const listed = [...ranges.ranges()];
      assert.equal(lengthOf(listed), set.size);
      for (const [index, range] of listed.entries()) {
        assert.ok(range.from > (listed[index - 1]?.to ?? -1) + 1);
        for (let seq = range.from; seq <= range.to; seq++) assert.ok(set.has(seq));
      }
    }),
  );
});

test('a range that would be one too many is not taken, and no gap is given up for it', () => {
  const ranges = new SeqRanges(2);
  ranges.addRange({ from: 5, to: 9 });
  ranges.addRange({ from: 20, to: 29 });
  assert.equal(ranges.addRange({ from: 12, to: 13 }), 0);
  assert.equal(ranges.addRange({ from: 8, to: 2 ** 40 }), 2 ** 40 - 9 - 10);
  assert.deepEqual([...ranges.ranges()], [{ from: 5, to: 2 ** 40 }]);
  assert.equal(ranges.givenUpCount, 0);
});

test('a session without a gap takes one range, whatever its length', () => {
  const ranges = new SeqRanges();
  for (let seq = 1; seq <= 100_000; seq++) ranges.add(seq);
  assert.deepEqual([...ranges.ranges()], [{ from: 1, to: 100_000 }]);
});

test('beyond its limit the lowest gaps stay missing for good, and none is forgotten', () => {
  fc.assert(
    fc.property(seqs, fc.integer({ min: 1, max: 5 }), (added, limit) => {
      const ranges = new SeqRanges(limit);
      for (const seq of added) ranges.add(seq);
      assert.ok([...ranges.ranges()].length <= limit);
      const missing = lengthOf(missingFrom(ranges.max, ranges)) + ranges.givenUpCount;
      assert.equal(ranges.count + missing, ranges.max);
      // Never fewer are missing than really are.
      assert.ok(ranges.count <= new Set(added).size);
      assert.equal(ranges.givenUp === undefined, ranges.givenUpCount === 0);
    }),
  );
});

test('what turns up in a gap that was given up is not believed to be new', () => {
  const ranges = new SeqRanges(2);
  for (const seq of [1, 3, 5]) assert.equal(ranges.add(seq), true);
  assert.deepEqual(ranges.givenUp, { from: 2, to: 2 });
  assert.equal(ranges.add(2), false);
  assert.equal(ranges.add(4), true);
});

test('a huge seq costs no more than a small one', () => {
  const ranges = new SeqRanges();
  ranges.add(2 ** 52);
  assert.deepEqual(missingFrom(2 ** 52, ranges), [{ from: 1, to: 2 ** 52 - 1 }]);
});

test('ranges are split by number and by seq', () => {
  const ranges = [
    { from: 2, to: 4 },
    { from: 8, to: 9 },
  ];
  assert.deepEqual(splitAfter(ranges, 4), [
    [
      { from: 2, to: 4 },
      { from: 8, to: 8 },
    ],
    [{ from: 9, to: 9 }],
  ]);
  assert.deepEqual(splitAt(ranges, 3), [
    [{ from: 2, to: 3 }],
    [
      { from: 4, to: 4 },
      { from: 8, to: 9 },
    ],
  ]);
  assert.deepEqual(splitAt(ranges, 20), [ranges, []]);
});
