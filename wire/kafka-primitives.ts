/**
 * Kafka's primitive types, as a request has them: how many bytes each takes, and how it is written. Writing returns the place
 * behind what was written, as Node's own `writeInt32BE` does.
 */
export type Bytes = Buffer | string | null | undefined;

/** Zigzag doubles a number, so up to 2^52 all are exact: ms of any clock. */
function zigzag(value: number): number {
  return value < 0 ? -2 * value - 1 : 2 * value;
}

/** VARINT and VARLONG. */
export function sizeOfVarint(value: number): number {
  let size = 1;
  for (let rest = zigzag(value); rest >= 128; rest /= 128) size++;
  return size;
}

export function writeVarint(bytes: Buffer, start: number, value: number): number {
  let at = start;
  let rest = zigzag(value);
  for (; rest >= 128; rest = Math.floor(rest / 128)) bytes[at++] = (rest % 128) | 128;
  bytes[at++] = rest;
  return at;
}

/** Bytes or a string with a VARINT of its length before it, -1 for none: within records. */
export function sizeOfVarintBytes(value: Bytes): number {
  if (value === null || value === undefined) return 1;
  const length = Buffer.byteLength(value);
  return sizeOfVarint(length) + length;
}

export function writeVarintBytes(bytes: Buffer, start: number, value: Bytes): number {
  if (value === null || value === undefined) return writeVarint(bytes, start, -1);
  const length = Buffer.byteLength(value);
  const at = writeVarint(bytes, start, length);
  if (typeof value === 'string') return writeText(bytes, at, value, length);
  bytes.set(value, at);
  return at + length;
}

/** NULLABLE_STRING: an INT16 of its length before it, -1 for none. */
export function sizeOfString(value: string | null): number {
  return 2 + (value === null ? 0 : Buffer.byteLength(value));
}

export function writeString(bytes: Buffer, start: number, value: string | null): number {
  if (value === null) return bytes.writeInt16BE(-1, start);
  const length = Buffer.byteLength(value);
  return writeText(bytes, bytes.writeInt16BE(length, start), value, length);
}

/** INT64 of a number that is exact. */
export function writeInt64(bytes: Buffer, start: number, value: number): number {
  return bytes.writeUInt32BE(value >>> 0, bytes.writeInt32BE(Math.floor(value / 2 ** 32), start));
}

/** Up to here a loop is quicker than a call into Node's C++. */
const shortText = 32;

function writeText(bytes: Buffer, start: number, text: string, length: number): number {
  // As many bytes as characters: it is ASCII.
  if (length !== text.length || length > shortText) return start + bytes.write(text, start, 'utf8');
  for (let index = 0; index < length; index++) bytes[start + index] = text.charCodeAt(index);
  return start + length;
}
