import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ledgerMarksCodec } from '#contract/ledger-marks.ts';
import { evictionCodec, spoiledCodec } from '#contract/ledger-records.ts';
import { decodeRecord } from '#testbed/cli/tail-record.ts';
import { evictionOf } from '../verdict/car-messages.ts';

test('fleet.ledger holds records of three kinds, and each is shown as what it is', () => {
  const marks = { shard: 's', qos: 1, at: 0, marks: [] };
  const message = { vin: 'VIN1', session: 1, seq: 2, kind: 'corrupt' as const, hash: 'aGFzaA==' };
  const spoiled = { shard: 's', at: 0, messages: [message] };
  const eviction = evictionOf([]);
  for (const [value, shown] of [
    [ledgerMarksCodec.encode(marks), marks],
    [spoiledCodec.encode(spoiled), spoiled],
    [evictionCodec.encode(eviction), eviction],
  ] as const) {
    const place = { topic: 'fleet.ledger', partition: 0, offset: '0', timestamp: 0 };
    const record = { ...place, key: Buffer.from('run1/s'), headers: {}, value };
    const decoded = decodeRecord('fleet.ledger', record);
    assert.deepEqual(JSON.parse(JSON.stringify(decoded.value)), shown);
  }
});
