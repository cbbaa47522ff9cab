import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { FloatTexts, shortest, signalWords } from '#simulator/generate/float-texts.ts';

test('any float is written as the shortest decimal that reads back to it', () => {
  assert.equal(shortest(Math.fround(0.1)), '0.1');
  assert.equal(shortest(Math.fround(29.80392)), '29.80392');
  assert.equal(shortest(16_777_216), '16777216');
  fc.assert(
    fc.property(fc.float({ noNaN: true, noDefaultInfinity: true }), (value) => {
      const text = shortest(value);
      assert.ok(text.length <= 16, text);
      assert.ok(Object.is(Math.fround(Number(text)), value), `${text} is not ${value}`);
    }),
    { numRuns: 2000 },
  );
});

test('what was written before, or was pushed out by another, is written alike', () => {
  const texts = new FloatTexts();
  const words = signalWords([',', ',"x":'], 'null');
  const into = Buffer.alloc(200);
  const view = new DataView(into.buffer, into.byteOffset, into.length);
  const written = (one: number, two: number): string => {
    const columns = [Float32Array.of(one), Float32Array.of(two)];
    return into.toString('latin1', 0, texts.write(columns, 0, words, view, 0));
  };
  assert.equal(written(0, Number.NaN), ',0,"x":null');
  assert.equal(written(-0, Number.POSITIVE_INFINITY), ',-0,"x":null');
  fc.assert(
    fc.property(fc.float({ noNaN: true, noDefaultInfinity: true }), (value) => {
      assert.equal(written(value, value), `,${shortest(value)},"x":${shortest(value)}`);
    }),
    { numRuns: 2000 },
  );
  // More values than there are entries.
  for (let n = 0; n < 200_000; n++) texts.write([Float32Array.of(n / 7)], 0, words, view, 0);
  for (const n of [1, 1000, 150_000]) {
    assert.equal(written(n / 7, 0), `,${shortest(Math.fround(n / 7))},"x":0`);
  }
});
