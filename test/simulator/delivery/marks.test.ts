import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { ledgerMarksCodec, type CarMark } from '#contract/ledger-marks.ts';
import { Marks } from '#simulator/delivery/marks.ts';

const marksOf = (cars: number): Marks =>
  new Marks(
    Array.from({ length: cars }, (_, slot) => `VIN${slot}`),
    Float64Array.from({ length: cars }, (_, slot) => 100 + slot),
  );

function taken(marks: Marks): CarMark[] {
  return marks
    .take('simulator-1-1', 1, 5)
    .flatMap((bytes) => ledgerMarksCodec.decode(bytes).marks)
    .map(({ vin, session, sent, acked, dropped }) => ({ vin, session, sent, acked, dropped }));
}

test('acked is the end of the contiguous acknowledgements, in whatever order they come within a window', () => {
  fc.assert(
    fc.property(fc.array(fc.nat({ max: 31 }), { minLength: 1, maxLength: 300 }), (choices) => {
      const marks = marksOf(1);
      const outstanding = new Set<number>();
      let sent = 0;
      for (const choice of choices) {
        while (outstanding.size < 32 && sent - Math.min(sent, ...outstanding) < 31) {
          assert.equal(marks.nextSeq(0), ++sent);
          marks.sent(0, 1);
          outstanding.add(sent);
        }
        const seqs = [...outstanding];
        const seq = seqs[choice % seqs.length]!;
        marks.acked(0, seq);
        outstanding.delete(seq);
        assert.equal(marks.of(0).acked, Math.min(sent + 1, ...outstanding) - 1);
        assert.equal(marks.unacked, outstanding.size);
        assert.equal(marks.isQuiet(0), outstanding.size === 0);
      }
    }),
  );
});

test('marks are cumulative, and only of cars that changed', () => {
  const marks = marksOf(3);
  assert.deepEqual(taken(marks), []);
  marks.sent(1, 1);
  marks.sent(1, 1);
  marks.acked(1, 1);
  marks.dropped(2);
  assert.deepEqual(taken(marks), [
    { vin: 'VIN1', session: 101, sent: 2, acked: 1, dropped: 0 },
    { vin: 'VIN2', session: 102, sent: 0, acked: 0, dropped: 1 },
  ]);
  assert.deepEqual(taken(marks), []);
  marks.acked(1, 2);
  assert.deepEqual(taken(marks), [{ vin: 'VIN1', session: 101, sent: 2, acked: 2, dropped: 0 }]);
});

test('marks of many cars come in records that Kafka takes', () => {
  const marks = marksOf(12_000);
  for (let slot = 0; slot < 12_000; slot++) marks.sent(slot, 1);
  const records = marks.take('simulator-1-1', 1, 5);
  assert.equal(records.length, 3);
  for (const bytes of records) assert(bytes.length < 1_000_000);
  assert.equal(records.flatMap((bytes) => ledgerMarksCodec.decode(bytes).marks).length, 12_000);
});

test('an acknowledgement of what was never sent is our own bug', () => {
  const marks = marksOf(1);
  marks.sent(0, 1);
  assert.throws(() => marks.acked(0, 2), assert.AssertionError);
});
