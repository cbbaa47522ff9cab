import { crc32c } from './crc32c.ts';
import {
  sizeOfVarint,
  sizeOfVarintBytes,
  writeInt64,
  writeVarint,
  writeVarintBytes,
  type Bytes,
} from './kafka-primitives.ts';

/** As kafkajs gives it; ms since 1970. */
export interface RecordToWrite {
  key?: Buffer | string | null;
  value: Buffer | string | null;
  headers?: Record<string, Bytes | (Buffer | string)[]>;
  timestamp?: number | string | null;
}

/** The records of one partition, and what has to be known of them before the first is written. */
export interface RecordBatch {
  records: readonly RecordToWrite[];
  firstTimestamp: number;
  maxTimestamp: number;
  /** Of records that have no time of their own. */
  now: number;
  /** Of each record behind its length. */
  bodySizes: number[];
  /** Of the whole batch. */
  size: number;
}

/** Who writes, the same for all batches of a request. */
export interface BatchProducer {
  id: bigint;
  epoch: number;
  isTransactional: boolean;
}

/** firstOffset, length, partitionLeaderEpoch, magic, checksum: the length counts from behind itself, the checksum too. */
const lengthEnd = 8 + 4;
const checksumEnd = lengthEnd + 4 + 1 + 4;
/** attributes, lastOffsetDelta, both times, producer id and epoch, firstSequence, number of records. */
const headerSize = checksumEnd + 2 + 4 + 8 + 8 + 8 + 2 + 4 + 4;
const magic = 2;
const transactional = 16;

/** @throws RangeError for a time that is no whole number of ms */
export function measureBatch(records: readonly RecordToWrite[], now: number): RecordBatch {
  let firstTimestamp = Infinity;
  let maxTimestamp = -Infinity;
  for (const { timestamp } of records) {
    if (timestamp === null || timestamp === undefined) continue;
    const ms = Number(timestamp);
    if (!Number.isSafeInteger(ms)) throw new RangeError(`a record's time is no number of ms: ${timestamp}`);
    if (ms < firstTimestamp) firstTimestamp = ms;
    if (ms > maxTimestamp) maxTimestamp = ms;
  }
  if (firstTimestamp === Infinity) firstTimestamp = maxTimestamp = now;
  const batch = { records, firstTimestamp, maxTimestamp, now, bodySizes: [] as number[], size: headerSize };
  for (let index = 0; index < records.length; index++) {
    const size = sizeOfBody(batch, records[index]!, index);
    batch.bodySizes.push(size);
    batch.size += sizeOfVarint(size) + size;
  }
  return batch;
}

/** RecordBatch of magic 2, not compressed. */
export function writeBatch(
  bytes: Buffer,
  start: number,
  batch: RecordBatch,
  producer: BatchProducer,
  firstSequence: number,
): number {
  const { records } = batch;
  let at = writeInt64(bytes, start, 0);
  at = bytes.writeInt32BE(batch.size - lengthEnd, at);
  at = bytes.writeInt32BE(0, at);
  bytes[at++] = magic;
  const checksumAt = at;
  at = bytes.writeInt16BE(producer.isTransactional ? transactional : 0, checksumAt + 4);
  at = bytes.writeInt32BE(records.length - 1, at);
  at = writeInt64(bytes, at, batch.firstTimestamp);
  at = writeInt64(bytes, at, batch.maxTimestamp);
  at = bytes.writeBigInt64BE(producer.id, at);
  at = bytes.writeInt16BE(producer.epoch, at);
  at = bytes.writeInt32BE(firstSequence, at);
  at = bytes.writeInt32BE(records.length, at);
  for (let index = 0; index < records.length; index++) at = writeRecord(bytes, at, batch, index);
  bytes.writeUInt32BE(crc32c(bytes.subarray(start + checksumEnd, at)), checksumAt);
  return at;
}

/** Behind its length: attributes, timestamp and offset deltas, key, value, headers. */
function sizeOfBody(batch: RecordBatch, record: RecordToWrite, offsetDelta: number): number {
  return (
    1 +
    sizeOfVarint(timestampDelta(batch, record)) +
    sizeOfVarint(offsetDelta) +
    sizeOfVarintBytes(record.key) +
    sizeOfVarintBytes(record.value) +
    sizeOfHeaders(record.headers)
  );
}

function sizeOfHeaders(headers: RecordToWrite['headers']): number {
  let size = sizeOfVarint(countHeaders(headers));
  for (const name in headers) {
    const given = headers[name];
    if (!Array.isArray(given)) size += sizeOfVarintBytes(name) + sizeOfVarintBytes(given);
    else for (const one of given) size += sizeOfVarintBytes(name) + sizeOfVarintBytes(one);
  }
  return size;
}

function writeRecord(bytes: Buffer, start: number, batch: RecordBatch, offsetDelta: number): number {
  const record = batch.records[offsetDelta]!;
  const { headers } = record;
  let at = writeVarint(bytes, start, batch.bodySizes[offsetDelta]!);
  bytes[at++] = 0;
  at = writeVarint(bytes, at, timestampDelta(batch, record));
  at = writeVarint(bytes, at, offsetDelta);
  at = writeVarintBytes(bytes, at, record.key);
  at = writeVarintBytes(bytes, at, record.value);
  at = writeVarint(bytes, at, countHeaders(headers));
  for (const name in headers) {
    const given = headers[name];
    if (!Array.isArray(given)) at = writeVarintBytes(bytes, writeVarintBytes(bytes, at, name), given);
    else for (const one of given) at = writeVarintBytes(bytes, writeVarintBytes(bytes, at, name), one);
  }
  return at;
}

/** A header with several values counts as several. */
function countHeaders(headers: RecordToWrite['headers']): number {
  let count = 0;
  for (const name in headers) {
    const given = headers[name];
    count += Array.isArray(given) ? given.length : 1;
  }
  return count;
}

/** To kafkajs a time of 0 is none. */
function timestampDelta({ now, firstTimestamp }: RecordBatch, { timestamp }: RecordToWrite): number {
  return Number(timestamp || now) - firstTimestamp;
}
