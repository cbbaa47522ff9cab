import assert from 'node:assert/strict';
import { hash } from 'node:crypto';
import { test } from 'node:test';
import fc from 'fast-check';
import { decodeTelemetry, TelemetryError } from '#contract/telemetry.ts';
import { openPayload } from '#edge-agent/ingress/payload.ts';
import { RandomStream } from '#simulator/random.ts';
import { spoilModes } from '#simulator/spoils/modes.ts';
import { tripReportCodec } from '#simulator/spoils/wrong-schema.ts';
import { recordWith } from './fleets.ts';

const anyRecord = fc
  .record({
    session: fc.nat(),
    seq: fc.integer({ min: 1, max: 1_000_000 }),
    readings: fc.integer({ min: 0, max: 40 }),
    car: fc.nat({ max: 50 }),
  })
  .map(({ readings, car, ...rest }) => ({
    record: recordWith({ ...rest, vin: `WVWZZZ1JZXW${String(car).padStart(6, '0')}` }, readings),
    car,
    ...rest,
  }));

const number = (): never => assert.fail('a door was asked for a number');

test('whatever was corrupted is refused by every decoder, and is not taken for JSON', () => {
  fc.assert(
    fc.property(anyRecord, fc.nat(), ({ record, car }, seed) => {
      const before = Buffer.from(record);
      const bytes = spoilModes.corrupt.damage!(record, RandomStream.of(seed, car, 'spoils/0/1'));
      assert(record.equals(before), 'the record itself was changed');
      assert(!bytes.equals(record) && bytes[0] !== 0x7b);
      assert.throws(() => decodeTelemetry(bytes), TelemetryError);
      const opened = openPayload(bytes, 'WVWZZZ1JZXW000001', { number }, 1);
      assert('reason' in opened && ['not-telemetry', 'truncated'].includes(opened.reason));
    }),
    { numRuns: 3000 },
  );
});

test('corrupt bytes come in three ways, hang on the stream alone, and no two messages share them', () => {
  const seen = new Set<string>();
  const ways = { cut: 0, head: 0, noise: 0 };
  for (let seq = 1; seq <= 2000; seq++) {
    const record = recordWith({ seq }, 1);
    const bytes = spoilModes.corrupt.damage!(record, RandomStream.of(1, 1, `spoils/0/${seq}`));
    const again = spoilModes.corrupt.damage!(record, RandomStream.of(1, 1, `spoils/0/${seq}`));
    assert(bytes.equals(again));
    seen.add(hash('sha1', bytes, 'base64'));
    if (bytes.length < record.length && bytes.equals(record.subarray(0, bytes.length))) ways.cut++;
    else if (bytes.length === record.length && bytes.subarray(10).equals(record.subarray(10))) ways.head++;
    else ways.noise++;
  }
  assert.equal(seen.size, 2000);
  for (const [way, count] of Object.entries(ways)) assert(count > 500, `${way}: ${count} of 2000`);
});

test('a record of the wrong schema is sound, and says whose it is', () => {
  const bytes = spoilModes['wrong-schema'].damage!(recordWith({ vin: 'VIN17' }), RandomStream.of(1, 1, 'a'));
  const { vin, endedAt } = tripReportCodec.decode(bytes);
  assert.deepEqual([vin, endedAt], ['VIN17', 1_790_000_000_000]);
  const opened = openPayload(bytes, 'VIN17', { number }, 1);
  assert('reason' in opened && opened.reason === 'unknown-schema');
});

test('an oversize message begins as it was, and no edge takes its length', () => {
  const record = recordWith({}, 1);
  const bytes = spoilModes.oversize.damage!(record, RandomStream.of(1, 1, 'a'));
  assert(bytes.subarray(0, record.length).equals(record));
  assert(bytes.length > 64 * 1024);
});
