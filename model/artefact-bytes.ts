import { ArtefactError } from './artefact-error.ts';

/** Longest name in an artefact, bytes. */
const maxTextBytes = 200;

/** Little-endian: counts of 4 bytes, then what is counted. */
export class ArtefactWriter {
  readonly #parts: Buffer[] = [];

  count(value: number): void {
    const bytes = Buffer.alloc(4);
    bytes.writeUInt32LE(value);
    this.#parts.push(bytes);
  }

  counts(values: readonly number[]): void {
    this.count(values.length);
    for (const value of values) this.count(value);
  }

  double(value: number): void {
    const bytes = Buffer.alloc(8);
    bytes.writeDoubleLE(value);
    this.#parts.push(bytes);
  }

  floats(values: Float32Array): void {
    this.count(values.length);
    const bytes = Buffer.alloc(values.length * 4);
    for (let i = 0; i < values.length; i++) bytes.writeFloatLE(values[i]!, i * 4);
    this.#parts.push(bytes);
  }

  /** @throws ArtefactError for a text that the reader would refuse */
  text(value: string): void {
    const bytes = Buffer.from(value);
    if (bytes.length > maxTextBytes || bytes.toString() !== value) {
      throw new ArtefactError('a name that is too long, or no text');
    }
    this.count(bytes.length);
    this.#parts.push(bytes);
  }

  bytes(): Buffer {
    return Buffer.concat(this.#parts);
  }
}

/** Never allocates more than there are bytes for. Every method throws ArtefactError where they end early. */
export class ArtefactReader {
  readonly #bytes: Buffer;
  #at = 0;

  constructor(bytes: Buffer) {
    this.#bytes = bytes;
  }

  count(): number {
    return this.#bytes.readUInt32LE(this.#take(4));
  }

  counts(): number[] {
    return this.list(() => this.count());
  }

  double(): number {
    return this.#bytes.readDoubleLE(this.#take(8));
  }

  floats(): Float32Array {
    const length = this.count();
    const start = this.#take(length * 4);
    return Float32Array.from({ length }, (_, index) => this.#bytes.readFloatLE(start + index * 4));
  }

  text(): string {
    const length = this.count();
    if (length > maxTextBytes) throw new ArtefactError('a name that is too long');
    const start = this.#take(length);
    const bytes = this.#bytes.subarray(start, start + length);
    const text = bytes.toString();
    // Bytes that are no UTF-8 would read the same as others: then bytes would not be canonical.
    if (!Buffer.from(text).equals(bytes)) throw new ArtefactError('a name that is no text');
    return text;
  }

  /** A count, then so many of what `one` reads: at least 4 bytes each. */
  list<T>(one: () => T): T[] {
    const length = this.count();
    if (length * 4 > this.#bytes.length - this.#at) throw new ArtefactError('the artefact ends early');
    return Array.from({ length }, one);
  }

  end(): void {
    if (this.#at !== this.#bytes.length) throw new ArtefactError('bytes behind the end of the artefact');
  }

  /** @returns where the next `length` bytes begin */
  #take(length: number): number {
    const start = this.#at;
    if (length > this.#bytes.length - start) throw new ArtefactError('the artefact ends early');
    this.#at += length;
    return start;
  }
}
