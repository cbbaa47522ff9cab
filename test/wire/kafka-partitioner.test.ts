import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import kafkajs, { type Message } from 'kafkajs';
import { partitionByKey } from '#wire/kafka-partitioner.ts';

const { DefaultPartitioner } = kafkajs.Partitioners;

function choose(createPartitioner: typeof DefaultPartitioner, partitions: number, message: Message): number {
  const partitionMetadata = Array.from({ length: partitions }, (_, partitionId) => ({
    partitionId,
    leader: 1,
    partitionErrorCode: 0,
    replicas: [],
    isr: [],
  }));
  return createPartitioner()({ topic: 't', partitionMetadata, message });
}

test('chooses the same partition of a key as kafkajs', () => {
  const key = fc.oneof(
    fc.string({ maxLength: 200 }),
    fc.string({ unit: 'binary', maxLength: 100 }),
    fc.uint8Array({ maxLength: 200 }).map((bytes) => Buffer.from(bytes)),
    fc.constantFrom('', Buffer.alloc(0), 'a'.repeat(64), 'a'.repeat(65), 'é', '\u007f', '\u0080', '\ud800'),
  );
  const ours = partitionByKey(DefaultPartitioner);
  fc.assert(
    fc.property(key, fc.integer({ min: 1, max: 1000 }), (one, partitions) => {
      const message = { key: one, value: null };
      assert.equal(choose(ours, partitions, message), choose(DefaultPartitioner, partitions, message));
    }),
    { numRuns: 5000 },
  );
});

test('chooses the same partition as Java', () => {
  const ours = partitionByKey(DefaultPartitioner);
  // From Kafka's own UtilsTest.testMurmur2.
  const known: [string, number][] = [
    ['21', -973932308],
    ['foobar', -790332482],
    ['a-little-bit-long-string', -985981536],
    ['a-little-bit-longer-string', -1486304829],
    ['lkjh234lh9fiuh90y23oiuhsafujhadof229phr9h19h89h8', -58897971],
  ];
  for (const [key, hash] of known) {
    assert.equal(choose(ours, 1009, { key, value: null }), (hash & 0x7fffffff) % 1009);
  }
});

test('leaves alone what names its partition, and what has no key', () => {
  const keyless = (): (() => number) => () => 77;
  const ours = partitionByKey(keyless);
  assert.equal(choose(ours, 12, { key: 'k', value: null, partition: 5 }), 5);
  assert.equal(choose(ours, 12, { key: 'k', value: null, partition: 0 }), 0);
  assert.equal(choose(ours, 12, { key: null, value: null, partition: 3 }), 3);
  assert.equal(choose(ours, 12, { key: null, value: null }), 77);
  assert.equal(choose(ours, 12, { value: null }), 77);
});
