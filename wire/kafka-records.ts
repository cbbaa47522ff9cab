import { createRequire } from 'node:module';
import { crc32c } from './crc32c.ts';

/**
 * kafkajs 2.2.4 writes each record of a produce request into three buffers of their own, with zeros first and BigInts in
 * between, and takes the checksum byte by byte: half of a bridge's work, garbage collection included. This puts an encoder
 * and a checksum of the same bytes in their place. To be imported before kafkajs is; test/wire/kafka-records.test.ts holds
 * them to kafkajs' own, and fails when kafkajs takes them from somewhere else.
 */
const recordModule = 'kafkajs/src/protocol/recordBatch/record/v0';
const checksumModule = 'kafkajs/src/protocol/recordBatch/crc32C';

/** As kafkajs gives it. */
export interface RecordToWrite {
  offsetDelta?: number;
  /** ms since the batch's first record. */
  timestampDelta?: number;
  key: Buffer | string | null;
  value: Buffer | string | null;
  headers?: Record<string, Buffer | string | (Buffer | string)[]>;
}

/** What kafkajs needs of an encoder whose work is done. */
interface Written {
  buf: Buffer;
  buffer: Buffer;
  size(): number;
}

/** Record of magic 2: length, attributes, timestamp and offset deltas, key, value, headers; varints are zigzag. */
export function writeRecord(record: RecordToWrite): Written {
  const { offsetDelta = 0, timestampDelta = 0, key, value, headers = {} } = record;
  let headerCount = 0;
  let headerBytes = 0;
  for (const name in headers) {
    for (const one of valuesOf(headers[name])) {
      headerCount++;
      headerBytes += sizeOfBytes(name) + sizeOfBytes(one);
    }
  }
  const bodyBytes =
    1 +
    sizeOfVarint(timestampDelta) +
    sizeOfVarint(offsetDelta) +
    sizeOfBytes(key) +
    sizeOfBytes(value) +
    sizeOfVarint(headerCount) +
    headerBytes;
  const bytes = Buffer.allocUnsafe(sizeOfVarint(bodyBytes) + bodyBytes);
  let at = writeVarint(bytes, 0, bodyBytes);
  bytes[at++] = 0;
  at = writeVarint(bytes, at, timestampDelta);
  at = writeVarint(bytes, at, offsetDelta);
  at = writeBytes(bytes, at, key);
  at = writeBytes(bytes, at, value);
  at = writeVarint(bytes, at, headerCount);
  for (const name in headers) {
    for (const one of valuesOf(headers[name])) at = writeBytes(bytes, writeBytes(bytes, at, name), one);
  }
  return { buf: bytes, buffer: bytes, size: () => bytes.length };
}

type Bytes = Buffer | string | null | undefined;

function valuesOf(value: Bytes | (Buffer | string)[]): Bytes[] {
  return Array.isArray(value) ? value : [value];
}

function sizeOfBytes(value: Bytes): number {
  if (value === null || value === undefined) return 1;
  const length = Buffer.byteLength(value);
  return sizeOfVarint(length) + length;
}

function writeBytes(bytes: Buffer, start: number, value: Bytes): number {
  if (value === null || value === undefined) return writeVarint(bytes, start, -1);
  const at = writeVarint(bytes, start, Buffer.byteLength(value));
  if (typeof value === 'string') return at + bytes.write(value, at, 'utf8');
  bytes.set(value, at);
  return at + value.length;
}

/** Zigzag doubles a number, so deltas up to 2^52 are exact: ms of any clock. */
function zigzag(value: number): number {
  return value < 0 ? -2 * value - 1 : 2 * value;
}

function sizeOfVarint(value: number): number {
  let bytes = 1;
  for (let rest = zigzag(value); rest >= 128; rest = Math.floor(rest / 128)) bytes++;
  return bytes;
}

function writeVarint(bytes: Buffer, start: number, value: number): number {
  let at = start;
  let rest = zigzag(value);
  for (; rest >= 128; rest = Math.floor(rest / 128)) bytes[at++] = (rest % 128) | 128;
  bytes[at++] = rest;
  return at;
}

const require = createRequire(import.meta.url);

/** kafkajs' own, for comparison. */
export const kafkajsRecord = require(recordModule) as (record: RecordToWrite) => { buffer: Buffer };
export const kafkajsChecksum = require(checksumModule) as (bytes: Buffer) => number;
replace(recordModule, writeRecord);
replace(checksumModule, crc32c);

function replace(name: string, by: unknown): void {
  const loaded = require.cache[require.resolve(name)];
  if (loaded) loaded.exports = by;
}
