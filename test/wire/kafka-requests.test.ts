import assert from 'node:assert/strict';
import { createRequire } from 'node:module';
import { mock, test } from 'node:test';
import fc from 'fast-check';
import '#wire/kafka.ts';
import type { ProduceOptions } from '#wire/kafka-produce-request.ts';
import type { RecordToWrite } from '#wire/kafka-records.ts';
import {
  encodeRequest,
  kafkajsEncodeRequest,
  kafkajsProduceRequest,
  produceRequestFor,
} from '#wire/kafka-requests.ts';

const require = createRequire(import.meta.url);
const produce = require('kafkajs/src/protocol/requests/produce') as {
  versions: string[];
  protocol(of: { version: number }): (options: ProduceOptions) => {
    request: ReturnType<typeof produceRequestFor>;
  };
};
const Long = require('kafkajs/src/utils/long') as { fromValue(digits: string): { toString(): string } };

const now = 1_700_000_000_000;
/** What a Kafka of today and kafkajs agree upon. */
const version = 7;

const bytes = fc.uint8Array({ maxLength: 300 }).map((array) => Buffer.from(array));
const text = fc.oneof(fc.string({ maxLength: 80 }), fc.string({ unit: 'binary', maxLength: 80 }));
const some = fc.oneof(bytes, text);
const ms = fc.oneof(
  fc.integer({ min: now - 10 ** 9, max: now + 10 ** 9 }),
  fc.integer({ min: now, max: now + 200 }),
  // Far apart, of as many digits: kafkajs compares them as text.
  fc.integer({ min: 10 ** 12, max: 10 ** 13 - 1 }),
);
const timestamp = fc.oneof(ms, ms.map(String), fc.constantFrom(null, 0, now));
const bigValue = Buffer.alloc(70_000, 1);
const message: fc.Arbitrary<RecordToWrite> = fc.record(
  {
    key: fc.oneof(some, fc.constant(null)),
    value: fc.oneof(some, some, some, some, fc.constantFrom(null, null, bigValue)),
    headers: fc.dictionary(text, fc.oneof(some, fc.array(some, { maxLength: 3 })), { maxKeys: 3 }),
    timestamp,
  },
  { requiredKeys: ['key', 'value'] },
);
const messages: fc.Arbitrary<RecordToWrite[]> = fc.oneof(
  fc.array(message, { maxLength: 5 }),
  // Enough for offsets of two bytes, all of one time.
  fc.integer({ min: 60, max: 70 }).map((count) => Array.from({ length: count }, () => ({ value: 'v' }))),
);
const partition = fc.record(
  {
    partition: fc.integer({ min: 0, max: 2 ** 31 - 1 }),
    firstSequence: fc.integer({ min: 0, max: 2 ** 31 - 1 }),
    messages,
  },
  { requiredKeys: ['partition', 'messages'] },
);
const producerId = fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n }).map(String);
const options = fc.record(
  {
    acks: fc.constantFrom(-1, 0, 1),
    timeout: fc.integer({ min: 0, max: 2 ** 31 - 1 }),
    transactionalId: fc.option(text),
    producerId: fc.oneof(
      producerId,
      producerId.map((id) => Long.fromValue(id)),
      fc.constant(-1),
    ),
    producerEpoch: fc.integer({ min: -1, max: 2 ** 15 - 1 }),
    topicData: fc.array(fc.record({ topic: text, partitions: fc.array(partition, { maxLength: 4 }) }), {
      maxLength: 3,
    }),
  },
  { requiredKeys: ['acks', 'timeout', 'topicData'] },
);
const address = fc.record({
  correlationId: fc.integer({ min: 0, max: 2 ** 31 - 1 }),
  clientId: fc.option(text),
});

test('writes the same produce requests as kafkajs', async () => {
  mock.timers.enable({ apis: ['Date'], now });
  try {
    const holds = fc.asyncProperty(options, address, async (one, to) => {
      const { request } = produce.protocol({ version })(one);
      const theirs = Object.assign(kafkajsProduceRequest(one), { apiVersion: version });
      assert.deepEqual(
        (await encodeRequest({ ...to, request })).buffer,
        (await kafkajsEncodeRequest({ ...to, request: theirs })).buffer,
      );
    });
    await fc.assert(holds, { numRuns: 500 });
  } finally {
    mock.timers.reset();
  }
});

const small: ProduceOptions = {
  acks: 0,
  timeout: 1000,
  transactionalId: 'edge-1',
  producerId: '42',
  topicData: [
    { topic: 't', partitions: [{ partition: 3, messages: [{ key: 'k', value: 'v', timestamp: now }] }] },
  ],
};

test('leaves requests with compression to kafkajs, and writes their frame alike', async () => {
  const compressed = { ...small, compression: 1 };
  const { request } = produce.protocol({ version })(compressed);
  const theirs = Object.assign(kafkajsProduceRequest(compressed), { apiVersion: version });
  const to = { correlationId: 7, clientId: 'fleetbed' };
  assert.deepEqual(
    (await encodeRequest({ ...to, request })).buffer,
    (await kafkajsEncodeRequest({ ...to, request: theirs })).buffer,
  );
});

async function encodeMessage(given: object): Promise<Buffer> {
  const topicData = [{ topic: 't', partitions: [{ partition: 0, messages: [{ value: null, ...given }] }] }];
  const request = produceRequestFor({ ...small, topicData });
  return (await encodeRequest({ correlationId: 7, clientId: null, request })).buffer;
}

test('refuses a time that is no number of ms', async () => {
  await assert.rejects(encodeMessage({ timestamp: 'noon' }), RangeError);
  await assert.rejects(encodeMessage({ timestamp: 1.5 }), RangeError);
});

test('writes a header that has no value, at which kafkajs throws', async () => {
  const request = await encodeMessage({ headers: { none: undefined } });
  // One header, four bytes of name, no value: zigzag.
  assert.deepEqual([...request.subarray(-7)], [2, 8, ...Buffer.from('none'), 1]);
});

/** As far as kafkajs' Connection is needed here. */
interface Connection {
  connectionStatus: string;
  socket: { write(bytes: Buffer): void };
  send(protocol: object): Promise<void>;
}

test('kafkajs sends its produce requests in one buffer of their size', async () => {
  const Connection = require('kafkajs/src/network/connection') as new (given: object) => Connection;
  const silent = { debug: () => {}, info: () => {}, warn: () => {}, error: () => {} };
  const logger = { ...silent, namespace: () => silent };
  const connection = new Connection({ host: 'kafka', port: 9092, clientId: 'fleetbed', logger });
  const sent: Buffer[] = [];
  connection.connectionStatus = 'connected';
  connection.socket = { write: (written) => sent.push(written) };
  await connection.send(produce.protocol({ version })(small));
  assert.equal(sent.length, 1);
  assert.equal(sent[0]!.length, sent[0]!.buffer.byteLength);
  const request = Object.assign(kafkajsProduceRequest(small), { apiVersion: version });
  const to = { correlationId: 0, clientId: 'fleetbed' };
  assert.deepEqual(sent[0], (await kafkajsEncodeRequest({ ...to, request })).buffer);
});

test('kafkajs knows no later version, and no other copy of what is replaced is loaded', () => {
  assert.equal(produce.versions.at(-1), String(version));
  assert.equal(require('kafkajs/src/protocol/request.js'), encodeRequest);
  assert.equal(require('kafkajs/src/protocol/requests/produce/v3/request.js'), produceRequestFor);
});
