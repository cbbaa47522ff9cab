import assert from 'node:assert/strict';
import test from 'node:test';
import avro from 'avsc';
import * as fc from 'fast-check';
import { signalCount, signalNames } from '#contract/signals.ts';
import {
  decodeTelemetry,
  decodeTelemetryIdentity,
  encodeTelemetry,
  maxReadingsPerBatch,
  maxTelemetryBytes,
  telemetryHeader,
  telemetrySchema,
  TelemetryError,
  writeTelemetry,
  type TelemetryBatch,
} from '#contract/telemetry.ts';

/** Avro's own reading of the schema, which the fixed-layout codec is held to. */
const reference = avro.Type.forSchema(telemetrySchema as avro.Schema);
/** avsc adds the sign in floating point, and so goes wrong beyond 2^52. */
const avscSafe = 2 ** 52;

const vin = fc.stringMatching(/^[A-Z0-9]{5,32}$/);
const long = fc.maxSafeInteger().filter((value) => Math.abs(value) < avscSafe);
const float = fc.oneof(
  fc.float({ noDefaultInfinity: false }),
  fc.constantFrom(Number.NaN, -0, 0, Infinity, -Infinity, Math.fround(1e-45), Math.fround(3.4e38)),
);

function batchOf(number: fc.Arbitrary<number>, readings: fc.Arbitrary<number>): fc.Arbitrary<TelemetryBatch> {
  const columns = readings.chain((count) =>
    fc.array(
      fc.array(float, { minLength: count, maxLength: count }).map((values) => Float32Array.from(values)),
      { minLength: signalCount, maxLength: signalCount },
    ),
  );
  return fc.record(
    {
      vin,
      session: number,
      seq: number,
      scheduledAt: number,
      simTime: number,
      intervalMs: fc.integer({ min: -(2 ** 31), max: 2 ** 31 - 1 }),
      columns,
    },
    { noNullPrototype: true },
  );
}

const batch = batchOf(long, fc.integer({ min: 0, max: 12 }));

/** The same batch as avsc sees it. */
function asRecord(given: TelemetryBatch): Record<string, unknown> {
  const { columns, ...rest } = given;
  return { ...rest, ...Object.fromEntries(signalNames.map((name, i) => [name, [...(columns[i] ?? [])]])) };
}

/** A long as Avro writes it, by another way of reckoning. */
function longBytes(value: number | bigint): Buffer {
  let rest = BigInt.asUintN(64, (BigInt(value) << 1n) ^ (BigInt(value) >> 63n));
  const bytes: number[] = [];
  for (; rest >= 128n; rest >>= 7n) bytes.push(Number((rest & 127n) | 128n));
  return Buffer.from([...bytes, Number(rest)]);
}

/** A batch that begins well and goes on with these bytes, from its columns on. */
function withColumns(columns: Buffer): Buffer {
  const head = [longBytes(5), Buffer.from('ABCDE'), ...[1, 2, 3, 4, 1000].map(longBytes)];
  return Buffer.concat([telemetryHeader, ...head, columns]);
}

/** What it throws; a TelemetryError and nothing else. */
function codeOf(bytes: Buffer, decode: (bytes: Buffer) => unknown = decodeTelemetry): string | undefined {
  try {
    decode(bytes);
    return undefined;
  } catch (error) {
    assert.ok(error instanceof TelemetryError, `${String(error)} for ${bytes.toString('hex')}`);
    return error.code;
  }
}

test('it writes what avsc writes, byte for byte', () => {
  fc.assert(
    fc.property(batch, (given) => {
      const expected = Buffer.concat([telemetryHeader, reference.toBuffer(asRecord(given))]);
      assert.equal(encodeTelemetry(given).toString('hex'), expected.toString('hex'));
    }),
  );
});

test('it reads what avsc writes', () => {
  fc.assert(
    fc.property(batch, (given) => {
      const bytes = Buffer.concat([telemetryHeader, reference.toBuffer(asRecord(given))]);
      assert.deepEqual(decodeTelemetry(bytes), given);
    }),
  );
});

test('avsc reads what it writes', () => {
  fc.assert(
    fc.property(batch, (given) => {
      const read = reference.fromBuffer(encodeTelemetry(given).subarray(10)) as Record<string, unknown>;
      assert.deepEqual({ ...read }, asRecord(given));
    }),
  );
});

test('every safe integer, negative ones too, comes back, and is written as Avro has it', () => {
  const edges = [
    0,
    1,
    -1,
    63,
    64,
    -64,
    -65,
    2 ** 52,
    -(2 ** 52) - 1,
    Number.MAX_SAFE_INTEGER,
    -(2 ** 53) + 1,
  ];
  const any = fc.oneof(fc.maxSafeInteger(), fc.constantFrom(...edges));
  fc.assert(
    fc.property(batchOf(any, fc.constant(0)), (given) => {
      const bytes = encodeTelemetry(given);
      assert.deepEqual(decodeTelemetry(bytes), given);
      const longs = [given.session, given.seq, given.scheduledAt, given.simTime, given.intervalMs].map(
        longBytes,
      );
      const start = 10 + 1 + given.vin.length;
      assert.equal(
        bytes.toString('hex', start, bytes.length - signalCount),
        Buffer.concat(longs).toString('hex'),
      );
    }),
  );
});

test('a number that is no safe integer is not written', () => {
  const [given] = fc.sample(batch, 1);
  assert.ok(given);
  for (const seq of [1.5, Number.NaN, Infinity, 2 ** 53]) {
    assert.throws(() => encodeTelemetry({ ...given, seq }), RangeError);
  }
});

test('a number beyond 53 bits is refused, not rounded', () => {
  for (const session of [2n ** 53n, -(2n ** 53n) - 1n, 2n ** 60n, 2n ** 63n - 1n, -(2n ** 63n)]) {
    const head = [longBytes(5), Buffer.from('ABCDE'), longBytes(session), ...[2, 3, 4, 1000].map(longBytes)];
    const bytes = Buffer.concat([telemetryHeader, ...head, Buffer.alloc(signalCount)]);
    assert.equal(codeOf(bytes), 'not-telemetry', String(session));
    assert.equal(codeOf(bytes, decodeTelemetryIdentity), 'not-telemetry');
  }
  const endless = Buffer.concat([telemetryHeader, Buffer.alloc(1000, 0x80)]);
  assert.equal(codeOf(endless), 'not-telemetry');
});

test('arrays may come in many blocks, with counts of either sign, as Avro allows', () => {
  const cut = fc.array(fc.record({ size: fc.integer({ min: 1, max: 5 }), isSized: fc.boolean() }), {
    minLength: 1,
    maxLength: 6,
  });
  fc.assert(
    fc.property(cut, (blocks) => {
      const parts: Buffer[] = [];
      const values: number[] = [];
      for (const { size, isSized } of blocks) {
        const floats = Buffer.alloc(size * 4);
        for (let i = 0; i < size; i++)
          values.push(floats.writeFloatLE(values.length, i * 4) && values.length);
        parts.push(
          isSized ? Buffer.concat([longBytes(-size), longBytes(size * 4)]) : longBytes(size),
          floats,
        );
      }
      const column = Buffer.concat([...parts, longBytes(0)]);
      const bytes = withColumns(Buffer.concat(Array.from({ length: signalCount }, () => column)));
      const decoded = decodeTelemetry(bytes);
      assert.deepEqual(
        decoded.columns,
        Array.from({ length: signalCount }, () => Float32Array.from(values)),
      );
      const read = reference.fromBuffer(bytes.subarray(10)) as Record<string, number[]>;
      assert.deepEqual(read['speed'], values);
    }),
  );
});

test('columns of which one has what another lacks are uneven, or no columns at all', () => {
  const column = (readings: number): Buffer =>
    Buffer.concat([longBytes(readings), Buffer.alloc(readings * 4), longBytes(0)]);
  for (let signal = 1; signal + 1 < signalCount; signal++) {
    const lengths = Array.from({ length: signalCount }, () => 10);
    lengths[signal] = 9;
    lengths[signal + 1] = 11;
    assert.equal(codeOf(withColumns(Buffer.concat(lengths.map(column)))), 'uneven-columns');
  }
  const even = Buffer.concat(Array.from({ length: signalCount }, () => column(10)));
  for (let signal = 0; signal < signalCount; signal++) {
    const endless = Buffer.from(even);
    // Where a column ends another block of it begins.
    endless[(signal + 1) * column(10).length - 1] = 2;
    assert.notEqual(codeOf(withColumns(endless)), undefined);
  }
});

test('a record cut anywhere is a TelemetryError, as is one with bytes behind it', () => {
  for (const given of fc.sample(batch, 20)) {
    const bytes = encodeTelemetry(given);
    for (let length = 0; length < bytes.length; length++) {
      const code = codeOf(Buffer.from(bytes.subarray(0, length)));
      assert.equal(code, length < 10 ? 'not-telemetry' : 'truncated', `cut at ${length} of ${bytes.length}`);
    }
    assert.equal(codeOf(Buffer.concat([bytes, Buffer.from([0])])), 'not-telemetry');
  }
});

test('a record that lies in the middle of a larger buffer does not read beyond its end', () => {
  const [given] = fc.sample(batch, 1);
  assert.ok(given);
  const bytes = encodeTelemetry(given);
  const larger = Buffer.concat([bytes, bytes, bytes]);
  assert.deepEqual(decodeTelemetry(larger.subarray(bytes.length, bytes.length * 2)), given);
  assert.equal(codeOf(larger.subarray(bytes.length, bytes.length * 2 - 1)), 'truncated');
});

test('random bytes, random bytes behind the header and flipped bytes end in a batch or a TelemetryError', () => {
  const flipped = fc.tuple(batch, fc.nat(), fc.integer({ min: 1, max: 255 })).map(([given, at, mask]) => {
    const bytes = encodeTelemetry(given);
    bytes[at % bytes.length] = (bytes[at % bytes.length] ?? 0) ^ mask;
    return bytes;
  });
  const random = fc.uint8Array({ maxLength: 400 }).map((bytes) => Buffer.from(bytes));
  const behindHeader = random.map((bytes) => Buffer.concat([telemetryHeader, bytes]));
  fc.assert(
    fc.property(fc.oneof(random, behindHeader, random.map(withColumns), flipped), (bytes) => {
      codeOf(bytes);
      codeOf(bytes, decodeTelemetryIdentity);
    }),
    { numRuns: 3000 },
  );
});

test('each kind of refusal has its code', () => {
  const none = longBytes(0);
  const one = Buffer.concat([longBytes(1), Buffer.alloc(4), none]);
  const many = longBytes(maxReadingsPerBatch + 1);
  const uneven = Buffer.concat([one, ...Array.from({ length: signalCount - 1 }, () => none)]);
  assert.equal(codeOf(Buffer.from('{"vin": "x"}')), 'not-telemetry');
  assert.equal(codeOf(Buffer.concat([Buffer.from('c301', 'hex'), Buffer.alloc(40)])), 'unknown-schema');
  assert.equal(codeOf(withColumns(uneven)), 'uneven-columns');
  assert.equal(codeOf(withColumns(many)), 'too-many-readings');
  // A count that would be an allocation of gigabytes.
  assert.equal(codeOf(withColumns(longBytes(2 ** 40))), 'too-many-readings');
  const sized = Buffer.concat([longBytes(-(2 ** 40)), longBytes(2 ** 42)]);
  assert.equal(codeOf(withColumns(sized)), 'too-many-readings');
  const longText = Buffer.concat([telemetryHeader, longBytes(2 ** 40), Buffer.from('ABCDE')]);
  assert.equal(codeOf(longText), 'truncated');
  assert.equal(codeOf(Buffer.concat([telemetryHeader, longBytes(-3), Buffer.alloc(40)])), 'truncated');
});

test('the identity is that of the whole batch', () => {
  fc.assert(
    fc.property(batch, (given) => {
      const { session, seq, scheduledAt } = given;
      assert.deepEqual(decodeTelemetryIdentity(encodeTelemetry(given)), {
        vin: given.vin,
        session,
        seq,
        scheduledAt,
      });
    }),
  );
});

test('maxTelemetryBytes is enough for the largest batch of a car, at any place of a buffer', () => {
  const largest: TelemetryBatch = {
    vin: 'W'.repeat(32),
    session: Number.MAX_SAFE_INTEGER,
    seq: Number.MAX_SAFE_INTEGER,
    scheduledAt: Number.MAX_SAFE_INTEGER,
    simTime: Number.MAX_SAFE_INTEGER,
    intervalMs: 2 ** 31 - 1,
    columns: Array.from({ length: signalCount }, () => new Float32Array(maxReadingsPerBatch).fill(1.5)),
  };
  const bytes = Buffer.alloc(7 + maxTelemetryBytes(maxReadingsPerBatch));
  const end = writeTelemetry(bytes, 7, largest);
  assert.ok(end <= bytes.length);
  assert.deepEqual(decodeTelemetry(bytes.subarray(7, end)), largest);
});
