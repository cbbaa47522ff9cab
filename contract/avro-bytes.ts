/**
 * Avro's long and string, written and read by hand, for the records of which every message has a part; codec.ts has the others.
 * https://avro.apache.org/docs/1.12.0/specification/#binary-encoding
 */

/** Avro writes 64 bits in at most ten bytes. */
export const maxLongBytes = 10;

/** Zigzag varint of a safe integer; @returns where it ends. @throws RangeError for a fraction or an unsafe integer: our own bug */
export function writeLong(bytes: Buffer, start: number, value: number): number {
  if (!Number.isSafeInteger(value)) throw new RangeError(`${value} is no safe integer`);
  let at = start;
  // Most are counts of readings.
  if (value >= 0 && value < 64) {
    bytes[at++] = value * 2;
    return at;
  }
  // The sign is the lowest bit. It is split off first, because with it the number may need 54 bits.
  const magnitude = value < 0 ? -(value + 1) : value;
  let low = (magnitude % 64) * 2 + (value < 0 ? 1 : 0);
  let rest = Math.floor(magnitude / 64);
  while (rest > 0) {
    bytes[at++] = low | 128;
    low = rest % 128;
    rest = Math.floor(rest / 128);
  }
  bytes[at++] = low;
  return at;
}

/** A string behind its length in UTF-8; @returns where it ends. The caller keeps maxTextBytes free. */
export function writeText(bytes: Buffer, start: number, text: string): number {
  // The length of a name takes one byte. To measure it first costs as much as to write it.
  const written = bytes.write(text, start + 1, 'utf8');
  if (written < 64) {
    bytes[start] = written * 2;
    return start + 1 + written;
  }
  const at = writeLong(bytes, start, written);
  return at + bytes.write(text, at, 'utf8');
}

export function maxTextBytes(text: string): number {
  return maxLongBytes + text.length * 3;
}

const maxScale = 64 * 128 ** (maxLongBytes - 2);

/** Makes the error that is thrown where a record ends early, or is none. */
export type Broken = (code: 'truncated' | 'malformed', message: string) => Error;

/** Reads one value after the other. */
export class AvroReader {
  readonly bytes: Buffer;
  readonly #broken: Broken;
  #at: number;

  constructor(bytes: Buffer, at: number, broken: Broken) {
    this.bytes = bytes;
    this.#at = at;
    this.#broken = broken;
  }

  long(): number {
    const first = this.#byte();
    let value = (first >> 1) & 63;
    let byte = first;
    for (let scale = 64; byte >= 128; scale *= 128) {
      byte = this.#byte();
      value += (byte & 127) * scale;
      if (value > Number.MAX_SAFE_INTEGER) {
        throw this.#broken('malformed', 'a number is longer than 53 bits');
      }
      if (scale > maxScale) throw this.#broken('malformed', 'a number never ends');
    }
    return (first & 1) === 0 ? value : -value - 1;
  }

  text(): string {
    const length = this.long();
    return this.bytes.toString('utf8', this.take(length), this.#at);
  }

  /** How many items the array's next block has; 0 where the array ends. A negative count is followed by the block's size. */
  block(): number {
    const count = this.long();
    if (count < 0) this.long();
    return Math.abs(count);
  }

  /** Passes so many bytes; @returns where they start */
  take(length: number): number {
    const start = this.#at;
    if (length < 0 || start + length > this.bytes.length) {
      throw this.#broken('truncated', 'the record ends early');
    }
    this.#at += length;
    return start;
  }

  get at(): number {
    return this.#at;
  }

  atEnd(): boolean {
    return this.#at === this.bytes.length;
  }

  #byte(): number {
    const byte = this.bytes[this.#at++];
    if (byte === undefined) throw this.#broken('truncated', 'the record ends early');
    return byte;
  }
}
