import assert from 'node:assert/strict';
import { createRequire } from 'node:module';
import { test } from 'node:test';
import fc from 'fast-check';
import { crc32c } from '#wire/crc32c.ts';

const kafkajsChecksum = createRequire(import.meta.url)('kafkajs/src/protocol/recordBatch/crc32C') as (
  bytes: Buffer,
) => number;

test('takes the same checksum as kafkajs', () => {
  // The check value of the algorithm's catalogue entry.
  assert.equal(crc32c(Buffer.from('123456789')), 0xe3069283);
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 300 }), (bytes) => {
      assert.equal(crc32c(bytes), kafkajsChecksum(Buffer.from(bytes)));
    }),
  );
});
