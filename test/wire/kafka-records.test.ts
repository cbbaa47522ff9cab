import assert from 'node:assert/strict';
import { createRequire } from 'node:module';
import { test } from 'node:test';
import fc from 'fast-check';
import '#wire/kafka.ts';
import { crc32c } from '#wire/crc32c.ts';
import { kafkajsChecksum, kafkajsRecord, writeRecord } from '#wire/kafka-records.ts';

const require = createRequire(import.meta.url);

const bytes = fc.uint8Array({ maxLength: 300 }).map((array) => Buffer.from(array));
const text = fc.string({ unit: 'binary', maxLength: 80 });

test('writes the same bytes as kafkajs', () => {
  const header = fc.oneof(bytes, text, fc.array(fc.oneof(bytes, text), { maxLength: 3 }));
  const record = fc.record({
    offsetDelta: fc.integer({ min: 0, max: 2 ** 30 - 1 }),
    timestampDelta: fc.oneof(fc.integer(), fc.integer({ min: -(2 ** 45), max: 2 ** 45 })),
    key: fc.oneof(bytes, text, fc.constant(null)),
    value: fc.oneof(bytes, text, fc.constant(null), fc.constant(Buffer.alloc(70_000, 1))),
    headers: fc.dictionary(text, header, { maxKeys: 3 }),
  });
  fc.assert(
    fc.property(record, (one) => {
      assert.deepEqual(writeRecord(one).buffer, kafkajsRecord(one).buffer);
    }),
    { numRuns: 1000 },
  );
  assert.deepEqual(
    writeRecord({ key: 'k', value: null }).buffer,
    kafkajsRecord({ key: 'k', value: null }).buffer,
  );
});

test('takes the same checksum as kafkajs', () => {
  // The check value of the algorithm's catalogue entry.
  assert.equal(crc32c(Buffer.from('123456789')), 0xe3069283);
  fc.assert(
    fc.property(bytes, (one) => {
      assert.equal(crc32c(one), kafkajsChecksum(one));
    }),
  );
});

test('kafkajs writes its produce requests with them', async () => {
  const request = require('kafkajs/src/protocol/requests/produce/v3/request.js') as (options: object) => {
    encode(): Promise<unknown>;
  };
  // kafkajs' own encoder throws at a header without a value.
  const messages = [{ key: 'k', value: Buffer.from('v'), headers: { none: null } }];
  const topicData = [{ topic: 't', partitions: [{ partition: 0, firstSequence: 0, messages }] }];
  await request({ acks: -1, timeout: 1000, producerId: 1, producerEpoch: 0, topicData }).encode();
});

test('no other copy of them is loaded', () => {
  assert.equal(require('kafkajs/src/protocol/recordBatch/record/v0/index.js'), writeRecord);
  assert.equal(require('kafkajs/src/protocol/recordBatch/crc32C/index.js'), crc32c);
});
