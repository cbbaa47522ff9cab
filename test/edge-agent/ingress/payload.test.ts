import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { deadLetterReasons } from '#contract/records.ts';
import { signalIndex, signalNames } from '#contract/signals.ts';
import { decodeTelemetry, encodeTelemetry } from '#contract/telemetry.ts';
import { NumberingDoor } from '#edge-agent/ingress/door.ts';
import { openPayload, type Arrival, type Refusal } from '#edge-agent/ingress/payload.ts';
import { telemetry, vin } from '../rig.ts';

const now = 1_790_000_000_000;
const open = (payload: Buffer, door = new NumberingDoor(10)): Arrival | Refusal =>
  openPayload(payload, vin, door, now);
const openJson = (value: unknown): Arrival | Refusal => open(Buffer.from(JSON.stringify(value)));

function taken(opened: Arrival | Refusal): Arrival {
  assert.ok('batch' in opened, `refused: ${JSON.stringify(opened)}`);
  return opened;
}

function refused(opened: Arrival | Refusal): Refusal {
  assert.ok('reason' in opened, 'it was taken');
  assert.ok((deadLetterReasons as readonly string[]).includes(opened.reason));
  return opened;
}

test('an Avro record goes on with its bytes unchanged', () => {
  const payload = encodeTelemetry(telemetry(vin, 3, 4));
  const arrival = taken(open(payload));
  assert.equal(arrival.batch.bytes, payload);
  assert.equal(arrival.identified, true);
  assert.deepEqual([arrival.batch.session, arrival.batch.seq], [3, 4]);
});

test('one JSON reading becomes the Avro record, with all that it does not say filled in', () => {
  const arrival = taken(openJson({ speed: 88, lambda: null }));
  const { columns, ...head } = decodeTelemetry(arrival.batch.bytes);
  assert.deepEqual(
    { ...head, session: 0 },
    { vin, session: 0, seq: 1, scheduledAt: now, simTime: now, intervalMs: 1000 },
  );
  assert.equal(columns.length, signalNames.length);
  assert.equal(columns[signalIndex.speed]?.[0], 88);
  for (const name of signalNames.filter((one) => one !== 'speed')) {
    assert.deepEqual(columns[signalIndex[name]], Float32Array.of(Number.NaN), name);
  }
  assert.equal(arrival.identified, false);
});

test('several JSON readings, with everything said', () => {
  const said = { vin, session: 9, seq: 8, scheduledAt: 5000, simTime: 4000, intervalMs: 500 };
  const arrival = taken(openJson({ ...said, speed: [1, null, 3], gear: [1, 2, 3] }));
  const { columns, ...head } = decodeTelemetry(arrival.batch.bytes);
  assert.deepEqual(head, said);
  assert.deepEqual(columns[signalIndex.speed], Float32Array.of(1, Number.NaN, 3));
  assert.deepEqual(columns[signalIndex.coolantTemperature], new Float32Array(3).fill(Number.NaN));
  assert.equal(arrival.identified, true);
});

test('by default the last of several JSON readings was taken when the message was due', () => {
  const { batch } = taken(openJson({ scheduledAt: 100_000, intervalMs: 2000, speed: [1, 2, 3] }));
  assert.equal(batch.simTime, 96_000);
});

test('messages without session and seq are numbered in their order, each car for itself', () => {
  const door = new NumberingDoor(10);
  const number = (car: string): { session: number; seq: number } => door.number(car);
  const [a1, b1, a2] = [number('A'), number('B'), number('A')];
  assert.deepEqual([a1?.seq, b1?.seq, a2?.seq], [1, 1, 2]);
  assert.equal(a1?.session, a2?.session);
  assert.notEqual(a1?.session, b1?.session);
});

test('JSON that is not a reading is refused with what is wrong', () => {
  const cases: [unknown, string, RegExp][] = [
    [{}, 'bad-json', /no reading/],
    [{ speed: [] }, 'bad-json', /no reading/],
    [{ speed: 'fast' }, 'bad-json', /speed.*neither/],
    [{ speed: [1, [2]] }, 'bad-json', /speed.*neither/],
    [{ speed: 1e300 }, 'bad-json', /float32/],
    [{ sped: 1 }, 'bad-json', /did you mean speed/],
    [{ speed: 1, seq: 1 }, 'bad-json', /come together/],
    [{ speed: 1, session: 1.5, seq: 1 }, 'bad-json', /session/],
    [{ speed: 1, session: 1, seq: 0 }, 'bad-json', /seq/],
    [{ speed: 1, scheduledAt: 'now' }, 'bad-json', /scheduledAt/],
    [{ speed: 1, vin: 7 }, 'bad-json', /vin/],
    [{ speed: 1, vin: 'OTHERCAR' }, 'foreign-vin', /OTHERCAR/],
    [{ speed: [1, 2], gear: [1] }, 'uneven-columns', /gear/],
    [{ speed: [1, 2], gear: 1 }, 'uneven-columns', /gear/],
    [{ speed: Array.from({ length: 1001 }, () => 1) }, 'too-many-readings', /speed/],
    [{ speed: 1, intervalMs: 2 ** 40 }, 'not-telemetry', /intervalMs/],
  ];
  for (const [value, reason, detail] of cases) {
    const refusal = refused(openJson(value));
    assert.equal(refusal.reason, reason, JSON.stringify(value));
    assert.match(refusal.detail, detail);
  }
  assert.equal(refused(open(Buffer.from('{"speed": 1'))).reason, 'bad-json');
  assert.equal(refused(open(Buffer.from([0x7b, 0xff, 0xfe, 0x7d]))).reason, 'bad-json');
});

test('an Avro record that says what cannot be is refused', () => {
  const batch = telemetry(vin, 1, 1);
  assert.equal(refused(open(encodeTelemetry({ ...batch, vin: 'OTHERCAR' }))).reason, 'foreign-vin');
  assert.equal(refused(open(encodeTelemetry({ ...batch, seq: 0 }))).reason, 'not-telemetry');
  assert.equal(refused(open(encodeTelemetry({ ...batch, session: -1 }))).reason, 'not-telemetry');
  assert.equal(refused(open(encodeTelemetry({ ...batch, intervalMs: 2 ** 31 }))).reason, 'not-telemetry');
});

test('no bytes at all make it throw: they are taken, or refused with a known reason', () => {
  const valid = encodeTelemetry(telemetry(vin, 1, 1, 3));
  const json = Buffer.from(JSON.stringify({ vin, session: 1, seq: 1, speed: [1, 2], gear: [null, 1] }));
  const flips = fc.array(fc.tuple(fc.nat(), fc.integer({ min: 0, max: 255 })), { maxLength: 5 });
  const spoilt = fc
    .tuple(fc.constantFrom(valid, json), flips, fc.nat(), fc.uint8Array({ maxLength: 8 }))
    .map(([from, changes, cut, tail]) => {
      const bytes = Buffer.from(from);
      for (const [at, value] of changes) bytes[at % bytes.length] = value;
      return Buffer.concat([
        bytes.subarray(0, bytes.length - (cut % 3 === 0 ? cut % bytes.length : 0)),
        tail,
      ]);
    });
  const rubbish = fc.oneof(
    fc.uint8Array({ maxLength: 500 }).map((bytes) => Buffer.from(bytes)),
    fc.json().map((text) => Buffer.from(text)),
    fc
      .dictionary(fc.constantFrom(...signalNames, 'vin', 'seq', 'session', '__proto__'), fc.jsonValue())
      .map((value) => Buffer.from(JSON.stringify(value))),
    spoilt,
  );
  fc.assert(
    fc.property(rubbish, (payload) => {
      const opened = open(payload);
      if ('reason' in opened) refused(opened);
      else assert.equal(decodeTelemetry(opened.batch.bytes).vin, vin);
    }),
    { numRuns: 2000 },
  );
});
