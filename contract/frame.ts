import { crc32 } from 'node:zlib';
import { topics, type TopicName } from './topics.ts';

/**
 * A frame: what an edge sends to the bridge in one MQTT message. Many entries, one number.
 *
 *     magic   4  'FBF1'
 *     crc     4  CRC-32 of all that follows, big endian
 *     flags   1  bit 0: stored (see origin.ts); set when it is sent, so it lies outside the CRC
 *     epoch   8
 *     number  8  from 1 within the epoch
 *     created 8  ms since 1970, the edge's clock
 *     count   4
 *     entries    destination 1 (index of the topic table), key length 2, key, value length 4, value
 */
export interface FrameEntry {
  destination: TopicName;
  key: string;
  /** The bytes of the record, unchanged from the car. */
  value: Buffer;
}

export interface FrameHeader {
  /** 16 hex digits. */
  epoch: string;
  number: number;
  createdAt: number;
  stored: boolean;
  count: number;
}

export interface Frame extends FrameHeader {
  entries: FrameEntry[];
}

const magic = 0x46424631;
const headerBytes = 37;
const flagsAt = 8;
const destinationByName = new Map(topics.map((topic, index) => [topic.name, index]));

/** Bytes that an entry takes in a frame. */
export function entryBytes(entry: FrameEntry): number {
  return 7 + Buffer.byteLength(entry.key) + entry.value.length;
}

/** @throws RangeError when the number is not a positive integer or the epoch not 16 hex digits: our own bug. */
export function encodeFrame(frame: {
  epoch: string;
  number: number;
  createdAt: number;
  entries: readonly FrameEntry[];
}): Buffer {
  if (!Number.isSafeInteger(frame.number) || frame.number < 1)
    throw new RangeError(`frame number ${frame.number}`);
  if (!/^[0-9a-f]{16}$/.test(frame.epoch)) throw new RangeError(`frame epoch ${frame.epoch}`);
  let length = headerBytes;
  for (const entry of frame.entries) length += entryBytes(entry);
  const bytes = Buffer.allocUnsafe(length);
  bytes.writeUInt32BE(magic, 0);
  bytes[flagsAt] = 0;
  bytes.write(frame.epoch, 9, 'hex');
  bytes.writeBigUInt64BE(BigInt(frame.number), 17);
  bytes.writeBigUInt64BE(BigInt(frame.createdAt), 25);
  bytes.writeUInt32BE(frame.entries.length, 33);
  let at = headerBytes;
  for (const entry of frame.entries) at = writeEntry(bytes, at, entry);
  bytes.writeUInt32BE(frameCrc(bytes), 4);
  return bytes;
}

/** Says in an encoded frame that it was stored before it was sent. */
export function markStored(bytes: Buffer): void {
  bytes[flagsAt] = 1;
}

/**
 * Reads the header alone, without checking the entries.
 * @throws FrameError
 */
export function decodeFrameHeader(bytes: Buffer): FrameHeader {
  if (bytes.length < headerBytes || bytes.readUInt32BE(0) !== magic) throw new FrameError('not a frame');
  if (bytes.readUInt32BE(4) !== frameCrc(bytes)) throw new FrameError('checksum does not match');
  return {
    epoch: bytes.toString('hex', 9, 17),
    number: Number(bytes.readBigUInt64BE(17)),
    createdAt: Number(bytes.readBigUInt64BE(25)),
    stored: bytes[flagsAt] === 1,
    count: bytes.readUInt32BE(33),
  };
}

/**
 * Entries are views into `bytes`, not copies.
 * @throws FrameError naming what is wrong
 */
export function decodeFrame(bytes: Buffer): Frame {
  const frame = decodeFrameLeniently(bytes);
  const stray = frame.entries.findIndex((entry) => entry.destination === null);
  if (stray !== -1) throw new FrameError(`entry ${stray} names no known topic`);
  return frame as Frame;
}

/** An entry as it stands: a destination that is no known topic is null, its bytes are whole. */
export type LooseEntry = Omit<FrameEntry, 'destination'> & { destination: TopicName | null };

/**
 * Like decodeFrame, for a reader that keeps the bytes of an entry whose destination it does not know.
 * @throws FrameError naming what is wrong
 */
export function decodeFrameLeniently(bytes: Buffer): FrameHeader & { entries: LooseEntry[] } {
  const header = decodeFrameHeader(bytes);
  const entries: LooseEntry[] = [];
  let at = headerBytes;
  const need = (length: number): number => {
    const start = at;
    at += length;
    if (at > bytes.length) throw new FrameError(`entry ${entries.length} is cut short`);
    return start;
  };
  for (let n = 0; n < header.count; n++) {
    const destination = topics[bytes.readUInt8(need(1))]?.name ?? null;
    const keyLength = bytes.readUInt16BE(need(2));
    const key = bytes.toString('utf8', need(keyLength), at);
    const valueLength = bytes.readUInt32BE(need(4));
    entries.push({ destination, key, value: bytes.subarray(need(valueLength), at) });
  }
  if (at !== bytes.length) throw new FrameError(`${bytes.length - at} bytes behind the last entry`);
  return { ...header, entries };
}

export class FrameError extends Error {
  override name = 'FrameError';
}

function frameCrc(bytes: Buffer): number {
  return crc32(bytes.subarray(flagsAt + 1));
}

function writeEntry(bytes: Buffer, start: number, entry: FrameEntry): number {
  const destination = destinationByName.get(entry.destination);
  if (destination === undefined) throw new RangeError(`frame entry for ${entry.destination}`);
  let at = bytes.writeUInt8(destination, start);
  const keyLength = bytes.write(entry.key, at + 2, 'utf8');
  at = bytes.writeUInt16BE(keyLength, at) + keyLength;
  at = bytes.writeUInt32BE(entry.value.length, at);
  return at + entry.value.copy(bytes, at);
}
