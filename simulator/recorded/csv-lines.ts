import { createReadStream } from 'node:fs';
import { TextDecoder } from 'node:util';
import { UserError } from '#runtime/errors.ts';
import type { Encoding } from './mapping.ts';

/** A longer line is none of a table: it is told by its number, and not kept. */
export const longestLine = 64 * 1024;

const chunkBytes = 256 * 1024;

/** @param text undefined: longer than longestLine; @param number from 1; @param ended by a line end, not by the file's */
export type OnLine = (text: string | undefined, number: number, ended: boolean) => void;

/**
 * Reads a text file line by line, whatever ends its lines (CR, LF, both, mixed), with a byte-order mark or without, in
 * bounded memory.
 * @throws UserError for what is no text; system errors as they are
 */
export async function readLines(file: string, encoding: Encoding | undefined, onLine: OnLine): Promise<void> {
  const lines = new LineSplitter(onLine);
  let decoder: TextDecoder | undefined;
  for await (const chunk of createReadStream(file, { highWaterMark: chunkBytes }) as AsyncIterable<Buffer>) {
    decoder ??= decoderOf(file, chunk, encoding);
    lines.push(decoder.decode(chunk, { stream: true }));
  }
  if (decoder) lines.push(decoder.decode());
  lines.end();
}

function decoderOf(file: string, first: Buffer, encoding: Encoding | undefined): TextDecoder {
  const isUtf16 = first[0] === 0xff && first[1] === 0xfe;
  const name = isUtf16 ? 'utf-16le' : (encoding ?? 'utf-8');
  const not = (what: string): UserError => new UserError('config', `${file}: expected CSV text, got ${what}`);
  if (first[0] === 0x1f && first[1] === 0x8b) throw not('a compressed file (gzip): unpack it first');
  if (first[0] === 0x50 && first[1] === 0x4b && first[2] === 3)
    throw not('a zip archive or a spreadsheet (.xlsx): save it as CSV first');
  if (name !== 'utf-16le' && first.includes(0)) throw not('a binary file');
  return new TextDecoder(name === 'latin1' ? 'windows-1252' : name);
}

/** Text in any pieces -> lines. */
export class LineSplitter {
  readonly #onLine: OnLine;
  #rest = '';
  #number = 1;
  #isTooLong = false;
  /** The piece before ended with CR: an LF that comes first belongs to it. */
  #afterReturn = false;

  constructor(onLine: OnLine) {
    this.#onLine = onLine;
  }

  push(text: string): void {
    let from = this.#afterReturn && text.startsWith('\n') ? 1 : 0;
    if (text.length > 0) this.#afterReturn = text.endsWith('\r');
    let feed = -1;
    let back = -1;
    for (;;) {
      if (feed < from) feed = placeOf('\n', text, from);
      if (back < from) back = placeOf('\r', text, from);
      const end = Math.min(feed, back);
      if (end === Infinity) break;
      this.#take(text.slice(from, end), true);
      from = end + (back === end && feed === end + 1 ? 2 : 1);
    }
    this.#keep(text.slice(from));
  }

  /** What has no line end is a line as well. */
  end(): void {
    if (this.#rest !== '' || this.#isTooLong) this.#take('', false);
  }

  #take(text: string, ended: boolean): void {
    this.#keep(text);
    this.#onLine(this.#isTooLong ? undefined : this.#rest, this.#number++, ended);
    this.#rest = '';
    this.#isTooLong = false;
  }

  #keep(text: string): void {
    if (this.#isTooLong) return;
    this.#rest += text;
    if (this.#rest.length <= longestLine) return;
    this.#rest = '';
    this.#isTooLong = true;
  }
}

function placeOf(end: string, text: string, from: number): number {
  const at = text.indexOf(end, from);
  return at < 0 ? Infinity : at;
}
