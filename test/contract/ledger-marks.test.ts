import assert from 'node:assert/strict';
import test from 'node:test';
import avro from 'avsc';
import * as fc from 'fast-check';
import { ledgerMarksCodec } from '#contract/ledger-marks.ts';

/** Avro's own reading of the schema, which the codec is held to. */
const reference = avro.Type.forSchema(ledgerMarksCodec.schema as avro.Schema);

const text = fc.string({ unit: 'binary', maxLength: 100 });
/** avsc goes wrong beyond 2^52. */
const long = fc.integer({ min: -(2 ** 51), max: 2 ** 51 });
const marks = fc.record(
  {
    shard: text,
    qos: fc.integer(),
    at: long,
    marks: fc.array(
      fc.record(
        { vin: text, session: long, sent: long, acked: long, dropped: long },
        { noNullPrototype: true },
      ),
      { maxLength: 100 },
    ),
  },
  { noNullPrototype: true },
);

test('marks are written as Avro writes them', () => {
  fc.assert(
    fc.property(marks, (given) => {
      const bytes = ledgerMarksCodec.encode(given);
      assert.deepEqual(bytes.subarray(10), reference.toBuffer(given));
      assert.deepEqual(ledgerMarksCodec.decode(bytes), given);
    }),
  );
});

test('names of any length are written as Avro writes them: of one byte, of two, of three', () => {
  for (const letter of ['v', 'ü', '車']) {
    for (const length of [0, 1, 21, 22, 31, 32, 63, 64, 127, 128, 4096, 8191, 8192]) {
      const given = {
        shard: letter.repeat(length),
        qos: 1,
        at: 5,
        marks: [{ vin: letter.repeat(length), session: 1, sent: 1, acked: 0, dropped: 0 }],
      };
      const bytes = ledgerMarksCodec.encode(given);
      assert.deepEqual(bytes.subarray(10), reference.toBuffer(given));
      assert.deepEqual(ledgerMarksCodec.decode(bytes), given);
    }
  }
});

test("marks in several blocks, with and without the block's size, are read", () => {
  const mark = { vin: 'ABCDE', session: 7, sent: 3, acked: 2, dropped: 1 };
  const one = ledgerMarksCodec.encode({ shard: 's', qos: 1, at: 5, marks: [mark] });
  const [count, item] = [one.subarray(-12, -11), one.subarray(-11, -1)];
  assert.equal(count[0], 2);
  const head = one.subarray(0, -12);
  // A count of -1, and 10 bytes.
  const bytes = Buffer.concat([head, count, item, Buffer.from([1, 20]), item, Buffer.from([0])]);
  assert.deepEqual(ledgerMarksCodec.decode(bytes).marks, [mark, mark]);
});

test('numbers that are no safe integers are refused, not rounded', () => {
  for (const session of [2 ** 53, 0.5, Number.NaN]) {
    const mark = { vin: 'ABCDE', session, sent: 1, acked: 0, dropped: 0 };
    assert.throws(() => ledgerMarksCodec.encode({ shard: 's', qos: 1, at: 5, marks: [mark] }), RangeError);
  }
});
