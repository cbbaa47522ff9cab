import type avro from 'avsc';

/**
 * Avro single-object encoding: C3 01, the schema's CRC-64-AVRO fingerprint (little endian), the body.
 * https://avro.apache.org/docs/1.12.0/specification/#single-object-encoding
 */
const emptyFingerprint = 0xc15d213aa4d7a795n;

const fingerprintTable = Array.from({ length: 256 }, (_, byte) => {
  let fp = BigInt(byte);
  for (let bit = 0; bit < 8; bit++) fp = (fp >> 1n) ^ (fp & 1n ? emptyFingerprint : 0n);
  return fp;
});

/** CRC-64-AVRO of bytes. */
export function crc64Avro(bytes: Uint8Array): bigint {
  let fp = emptyFingerprint;
  for (const byte of bytes) fp = (fp >> 8n) ^ (fingerprintTable[Number((fp ^ BigInt(byte)) & 0xffn)] ?? 0n);
  return fp;
}

/** The ten bytes before every record of this schema, over its parsing canonical form. */
export function singleObjectHeader(type: avro.Type): Buffer {
  const header = Buffer.alloc(10);
  header.writeUInt16BE(0xc301, 0);
  header.writeBigUInt64LE(crc64Avro(Buffer.from(JSON.stringify(type.schema()))), 2);
  return header;
}
