import assert from 'node:assert/strict';
import test from 'node:test';
import { crc32 } from 'node:zlib';
import * as fc from 'fast-check';
import {
  decodeFrame,
  decodeFrameHeader,
  decodeFrameLeniently,
  encodeFrame,
  entryBytes,
  FrameError,
  markStored,
} from '#contract/frame.ts';
import { topics } from '#contract/topics.ts';

const headerBytes = 37;
const flagsAt = 8;
const epoch = fc.stringMatching(/^[0-9a-f]{16}$/);
const entry = fc.record(
  {
    destination: fc.constantFrom(...topics.map(({ name }) => name)),
    key: fc.string({ unit: 'binary', maxLength: 40 }),
    value: fc.uint8Array({ maxLength: 200 }).map((bytes) => Buffer.from(bytes)),
  },
  { noNullPrototype: true },
);
const frame = fc.record({
  epoch,
  number: fc.integer({ min: 1, max: Number.MAX_SAFE_INTEGER }),
  createdAt: fc.integer({ min: 0, max: Number.MAX_SAFE_INTEGER }),
  entries: fc.array(entry, { maxLength: 12 }),
});

/** A frame with the right checksum over whatever stands in it. */
function sealed(bytes: Buffer): Buffer {
  bytes.write('FBF1', 0, 'latin1');
  bytes.writeUInt32BE(crc32(bytes.subarray(flagsAt + 1)), 4);
  return bytes;
}

test('what is written is read', () => {
  fc.assert(
    fc.property(frame, (given) => {
      const bytes = encodeFrame(given);
      const header = { ...given, stored: false, count: given.entries.length };
      assert.deepEqual(decodeFrame(bytes), header);
      assert.deepEqual(decodeFrameLeniently(bytes), header);
      const { entries: _, ...headerAlone } = header;
      assert.deepEqual(decodeFrameHeader(bytes), headerAlone);
    }),
  );
});

test('entryBytes adds up to the length of the frame', () => {
  fc.assert(
    fc.property(frame, (given) => {
      const expected = given.entries.reduce((sum, one) => sum + entryBytes(one), headerBytes);
      assert.equal(encodeFrame(given).length, expected);
    }),
  );
});

test('marked as stored, it is the same frame otherwise', () => {
  fc.assert(
    fc.property(frame, (given) => {
      const bytes = encodeFrame(given);
      const before = decodeFrame(bytes);
      markStored(bytes);
      assert.deepEqual(decodeFrame(bytes), { ...before, stored: true });
    }),
  );
});

test('any byte changed, but the flags, is a FrameError', () => {
  const mask = fc.integer({ min: 1, max: 255 });
  fc.assert(
    fc.property(frame, mask, (given, flip) => {
      const bytes = encodeFrame(given);
      for (let at = 0; at < bytes.length; at++) {
        if (at === flagsAt) continue;
        bytes[at] = (bytes[at] ?? 0) ^ flip;
        assert.throws(() => decodeFrame(bytes), FrameError, `byte ${at}`);
        assert.throws(() => decodeFrameHeader(bytes), FrameError, `byte ${at}`);
        bytes[at] = (bytes[at] ?? 0) ^ flip;
      }
    }),
    { numRuns: 30 },
  );
});

test('a frame cut anywhere, or with bytes behind it, is a FrameError', () => {
  for (const given of fc.sample(frame, 20)) {
    const bytes = encodeFrame(given);
    for (let length = 0; length < bytes.length; length++) {
      assert.throws(() => decodeFrame(bytes.subarray(0, length)), FrameError, `cut at ${length}`);
    }
    const longer = Buffer.concat([bytes, Buffer.from([0])]);
    assert.throws(() => decodeFrame(longer), FrameError);
    assert.throws(() => decodeFrame(sealed(longer)), new FrameError('1 bytes behind the last entry'));
  }
});

test('whatever stands behind a right checksum is read, or is a FrameError and nothing else', () => {
  const random = fc.uint8Array({ minLength: headerBytes, maxLength: 300 }).map((bytes) => Buffer.from(bytes));
  // Small counts come further into the entries than random ones.
  const few = fc.tuple(random, fc.integer({ min: 0, max: 5 })).map(([bytes, count]) => {
    bytes.writeUInt32BE(count, 33);
    return bytes;
  });
  fc.assert(
    fc.property(fc.oneof(random, few), fc.boolean(), (bytes, isSealed) => {
      for (const decode of [decodeFrame, decodeFrameLeniently, decodeFrameHeader]) {
        try {
          decode(isSealed ? sealed(bytes) : bytes);
        } catch (error) {
          assert.ok(error instanceof FrameError, String(error));
        }
      }
    }),
    { numRuns: 2000 },
  );
});

test('an entry for no known topic is an error to one reader and whole bytes to the lenient one', () => {
  const value = Buffer.from('bytes');
  const bytes = encodeFrame({
    epoch: '00c0ffee00c0ffee',
    number: 1,
    createdAt: 1,
    entries: [{ destination: 'fleet.telemetry', key: 'k', value }],
  });
  bytes[headerBytes] = 200;
  sealed(bytes);
  assert.throws(() => decodeFrame(bytes), new FrameError('entry 0 names no known topic'));
  assert.deepEqual(decodeFrameLeniently(bytes).entries, [{ destination: null, key: 'k', value }]);
});

test('values are views, not copies', () => {
  const bytes = encodeFrame({
    epoch: '00c0ffee00c0ffee',
    number: 1,
    createdAt: 1,
    entries: [{ destination: 'fleet.telemetry', key: 'k', value: Buffer.from('bytes') }],
  });
  assert.equal(decodeFrame(bytes).entries[0]?.value.buffer, bytes.buffer);
});

test('numbers and epochs that are none are refused when writing', () => {
  const good = { epoch: '00c0ffee00c0ffee', number: 1, createdAt: 1, entries: [] };
  for (const number of [0, -1, 1.5, 2 ** 53]) {
    assert.throws(() => encodeFrame({ ...good, number }), RangeError, String(number));
  }
  for (const wrong of ['', '00c0ffee', '00C0FFEE00C0FFEE', '00c0ffee00c0ffee00']) {
    assert.throws(() => encodeFrame({ ...good, epoch: wrong }), RangeError, wrong);
  }
});
