import assert from 'node:assert/strict';
import test from 'node:test';
import * as fc from 'fast-check';
import { decodeOrigin, encodeOrigin } from '#contract/origin.ts';

const name = fc.stringMatching(/^[A-Za-z0-9][A-Za-z0-9_-]{0,20}$/);
const origin = fc.record(
  {
    run: name,
    edge: name,
    epoch: fc.stringMatching(/^[0-9a-f]{16}$/),
    number: fc.integer({ min: 1, max: Number.MAX_SAFE_INTEGER }),
    stored: fc.boolean(),
  },
  { noNullPrototype: true },
);

test('what is written is read, as bytes and as text', () => {
  fc.assert(
    fc.property(origin, (given) => {
      const bytes = encodeOrigin(given);
      assert.deepEqual(decodeOrigin(bytes), given);
      assert.deepEqual(decodeOrigin(bytes.toString()), given);
    }),
  );
});

test('it reads as run/edge/epoch/number, and /h for history', () => {
  const given = { run: 'r1', edge: 'edge-1', epoch: '00c0ffee00c0ffee', number: 7, stored: true };
  assert.equal(encodeOrigin(given).toString(), 'r1/edge-1/00c0ffee00c0ffee/7/h');
  assert.equal(encodeOrigin({ ...given, stored: false }).toString(), 'r1/edge-1/00c0ffee00c0ffee/7');
});

test('what is no origin is null, never an error and never a guess', () => {
  const near = [
    'r1/edge-1/00c0ffee00c0ffee',
    'r1/edge-1/00c0ffee00c0ffee/',
    'r1/edge-1/00c0ffee00c0ffee/0',
    'r1/edge-1/00c0ffee00c0ffee/-1',
    'r1/edge-1/00c0ffee00c0ffee/1.5',
    'r1/edge-1/00c0ffee00c0ffee/1e3',
    'r1/edge-1/00c0ffee00c0ffee/0x1f',
    'r1/edge-1/00c0ffee00c0ffee/ 7',
    'r1/edge-1/00c0ffee00c0ffee/007',
    'r1/edge-1/00c0ffee00c0ffee/99999999999999999999',
    'r1/edge-1/00c0ffee00c0ffee/7/x',
    'r1/edge-1/00c0ffee00c0ffee/7/',
    'r1/edge-1/00c0ffee00c0ffee/7/h/h',
    '/edge-1/00c0ffee00c0ffee/7',
    'r1//00c0ffee00c0ffee/7',
    '',
  ];
  for (const text of near) assert.equal(decodeOrigin(text), null, text);
  assert.equal(decodeOrigin(undefined), null);
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 60 }), (bytes) => {
      const read = decodeOrigin(Buffer.from(bytes));
      if (read) assert.equal(encodeOrigin(read).toString(), Buffer.from(bytes).toString());
    }),
  );
});
