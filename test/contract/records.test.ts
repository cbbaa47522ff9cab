import assert from 'node:assert/strict';
import test from 'node:test';
import * as fc from 'fast-check';
import type { Codec } from '#contract/codec.ts';
import { ledgerMarksCodec } from '#contract/ledger-marks.ts';
import { evictionCodec, spoiledCodec } from '#contract/ledger-records.ts';
import {
  deadLetterCodec,
  edgeStateCodec,
  framePositionCodec,
  predictionCodec,
  truthCodec,
} from '#contract/records.ts';
import { decodeTelemetry } from '#contract/telemetry.ts';
import { signalCount } from '#contract/signals.ts';
import {
  deadLetter,
  edgeState,
  eviction,
  framePosition,
  ledgerMarks,
  prediction,
  telemetry,
  truth,
} from './version-1.ts';

const plainObjects = { noNullPrototype: true };
const text = fc.string({ unit: 'binary', maxLength: 30 });
/** avsc takes 64-bit numbers as long as a double holds them with their sign. */
const long = fc.integer({ min: -(2 ** 51), max: 2 ** 51 });
const int = fc.integer();
const float = fc.float({ noNaN: true });
const double = fc.double({ noNaN: true });
const orNull = <T>(value: fc.Arbitrary<T>): fc.Arbitrary<T | null> => fc.option(value, { nil: null });

const records: { name: string; codec: Codec<unknown>; value: fc.Arbitrary<unknown> }[] = [
  record('Prediction', predictionCodec, {
    vin: text,
    session: long,
    seq: long,
    reading: int,
    simTime: long,
    at: long,
    scoredBy: fc.constantFrom('edge' as const, 'cloud' as const),
    edge: text,
    release: text,
    score: float,
    alarm: fc.constantFrom('none' as const, 'raised' as const, 'cleared' as const),
    signal: orNull(text),
    dtc: orNull(text),
    cause: orNull(fc.constantFrom('engine' as const, 'sensor' as const)),
    predictionSeq: long,
  }),
  record('Truth', truthCodec, {
    vin: text,
    failure: text,
    dtc: orNull(text),
    kind: fc.constantFrom('engine' as const, 'sensor' as const, 'benign' as const),
    severity: float,
    onsetSim: long,
    detectableAtSim: orNull(long),
    failureAtSim: orNull(long),
    onset: long,
    detectableAt: orNull(long),
    failureAt: orNull(long),
  }),
  record('EdgeState', edgeStateCodec, {
    edge: text,
    connection: long,
    online: fc.boolean(),
    running: orNull(text),
    previous: orNull(text),
    shadow: orNull(text),
    cars: int,
    outboxFrames: long,
    outboxBytes: long,
    inferenceP99Us: double,
    alarmsPerSecond: double,
    refusals: fc.dictionary(fc.stringMatching(/^[a-z-]{1,20}$/), long),
    at: long,
  }),
  record('DeadLetter', deadLetterCodec, {
    source: text,
    reason: text,
    detail: text,
    topic: text,
    key: text,
    bytes: fc.uint8Array({ maxLength: 100 }).map((bytes) => Buffer.from(bytes)),
    at: long,
  }),
  record('FramePosition', framePositionCodec, {
    epoch: text,
    number: long,
    earlier: fc.array(fc.record({ epoch: text, number: long }, plainObjects), { maxLength: 4 }),
  }),
  record('Eviction', evictionCodec, {
    edge: text,
    at: long,
    epoch: text,
    firstFrame: long,
    lastFrame: long,
    predictions: long,
    unnamed: long,
    ranges: fc.array(fc.record({ vin: text, session: long, fromSeq: long, toSeq: long }), { maxLength: 5 }),
  }),
  record('LedgerMarks', ledgerMarksCodec, {
    shard: text,
    qos: int,
    at: long,
    marks: fc.array(fc.record({ vin: text, session: long, sent: long, acked: long, dropped: long }), {
      maxLength: 5,
    }),
  }),
  record('Spoiled', spoiledCodec, {
    shard: text,
    at: long,
    messages: fc.array(
      fc.record({
        vin: text,
        session: long,
        seq: long,
        kind: fc.constantFrom('reorder', 'corrupt', 'oversize', 'wrong-schema'),
        hash: text,
      }),
      { maxLength: 5 },
    ),
  }),
];

function record<T>(
  name: string,
  codec: Codec<T>,
  fields: { [K in keyof T]: fc.Arbitrary<T[K]> },
): (typeof records)[number] {
  return { name, codec: codec, value: fc.record(fields, plainObjects) };
}

/** avsc gives instances of classes of its own. */
function plain(value: unknown): unknown {
  if (Buffer.isBuffer(value) || typeof value !== 'object' || value === null) return value;
  if (Array.isArray(value)) return value.map(plain);
  return Object.fromEntries(Object.entries(value).map(([key, inner]) => [key, plain(inner)]));
}

for (const { name, codec, value } of records) {
  test(`${name}: what is written is read`, () => {
    fc.assert(
      fc.property(value, (given) => {
        const bytes = codec.encode(given);
        assert.ok(codec.matches(bytes));
        assert.deepEqual(plain(codec.decode(bytes)), plain(given));
      }),
    );
  });

  test(`${name}: cut anywhere it is an error that names it`, () => {
    for (const given of fc.sample(value, 10)) {
      const bytes = codec.encode(given);
      for (let length = 0; length < bytes.length; length++) {
        assert.throws(() => codec.decode(bytes.subarray(0, length)), new RegExp(` ${name} record`));
      }
      assert.throws(
        () => codec.decode(Buffer.concat([bytes, Buffer.from([0])])),
        new RegExp(` ${name} record`),
      );
    }
  });

  test(`${name}: no other record's bytes are taken for it`, () => {
    for (const other of records.filter((one) => one.name !== name)) {
      const [given] = fc.sample(other.value, 1);
      const bytes = other.codec.encode(given);
      assert.equal(codec.matches(bytes), false, other.name);
      assert.throws(() => codec.decode(bytes), new RegExp(`not a ${name} record`));
    }
    assert.equal(codec.matches(Buffer.alloc(0)), false);
  });
}

test("the first version's bytes are read with today's schemas", () => {
  const versions: [Codec<unknown>, { bytes: string; value: unknown }][] = [
    [predictionCodec, prediction],
    [truthCodec, truth],
    [edgeStateCodec, edgeState],
    [deadLetterCodec, deadLetter],
    [framePositionCodec, framePosition],
    [ledgerMarksCodec, ledgerMarks],
    [evictionCodec, eviction],
  ];
  for (const [codec, { bytes, value }] of versions) {
    const buffer = Buffer.from(bytes, 'hex');
    assert.ok(codec.matches(buffer));
    assert.deepEqual(plain(codec.decode(buffer)), value);
  }
});

test("the first version's telemetry is read today", () => {
  const { columns, ...rest } = decodeTelemetry(Buffer.from(telemetry.bytes, 'hex'));
  assert.deepEqual(rest, telemetry.value);
  const expected = Array.from({ length: signalCount }, (_, i) =>
    Float32Array.of(i, i === 19 ? Number.NaN : i + 0.5),
  );
  assert.deepEqual(columns, expected);
});
