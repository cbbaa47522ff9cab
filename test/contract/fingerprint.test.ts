import assert from 'node:assert/strict';
import test from 'node:test';
import avro from 'avsc';
import { crc64Avro, singleObjectHeader } from '#contract/fingerprint.ts';

test('fingerprints are those of the Avro project (share/test/data/schema-tests.txt)', () => {
  const known = {
    '"null"': 0x63dd24e7cc258f8an,
    '"boolean"': 0x9f42fc78a4d4f764n,
    '"int"': 0x7275d51a3f395c8fn,
    '"long"': 0xd054e14493f41db7n,
    '"float"': 0x4d7c02cb3ea8d790n,
    '"double"': 0x8e7535c032ab957en,
    '"bytes"': 0x4fc016dac3201965n,
    '"string"': 0x8f014872634503c7n,
  };
  for (const [schema, fingerprint] of Object.entries(known)) {
    assert.equal(crc64Avro(Buffer.from(schema)), fingerprint, schema);
  }
  assert.equal(crc64Avro(Buffer.alloc(0)), 0xc15d213aa4d7a795n);
});

test('the header of a record with a logical type, a union and a default is that of other implementations', () => {
  const type = avro.Type.forSchema({
    type: 'record',
    name: 'A',
    namespace: 'x.y',
    doc: 'not part of the canonical form',
    fields: [
      { name: 'a', type: { type: 'long', logicalType: 'timestamp-millis' } },
      { name: 'b', type: ['null', 'string'], default: null },
    ],
  });
  // As fastavro 1.13 computes it: schemaless_writer of the same schema behind its CRC-64-AVRO.
  assert.equal(singleObjectHeader(type).toString('hex'), 'c301fa4abb845480188b');
});
