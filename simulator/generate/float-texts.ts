/** Sensors report in steps, so a fleet's values are some ten thousand: few of them share an entry. */
const entryBits = 17;
/** One entry in one line of the processor's cache: the float's bits, the text's length (0: nothing is kept), the text. */
const entryBytes = 32;
const lengthAt = 4;
const textAt = 8;
/** Of a text: -1.1754944e-38 and the like are shorter. */
const longest = 16;

/** Pieces of text are copied four bytes at a time; so many bytes after each may be overwritten. */
export const slackBytes = 3;

/** Text that is copied as it is. */
interface Piece {
  words: DataView;
  length: number;
}

/** What stands before each signal's value, and in its place where it is missing. */
export interface SignalWords {
  prefixes: readonly Piece[];
  missing: Piece;
}

/** @param prefixes in the order of columns; all ASCII */
export function signalWords(prefixes: readonly string[], missing: string): SignalWords {
  return { prefixes: prefixes.map(pieceOf), missing: pieceOf(missing) };
}

function pieceOf(text: string): Piece {
  const bytes = new Uint8Array(text.length + slackBytes);
  Buffer.from(bytes.buffer).write(text, 'latin1');
  return { words: new DataView(bytes.buffer), length: text.length };
}

/**
 * Writes 32-bit floats as the shortest decimal that reads back to the same float: 0.1, not 0.10000000149011612. Finding it
 * costs a microsecond, so what was found is kept by the float's bits.
 */
export class FloatTexts {
  readonly #value = new Float32Array(1);
  readonly #bits = new Uint32Array(this.#value.buffer);
  readonly #keys = new Uint32Array((2 ** entryBits * entryBytes) / 4);
  readonly #texts = new Uint8Array(this.#keys.buffer);
  readonly #words = new DataView(this.#keys.buffer);

  /**
   * Writes one reading of all columns: each column's prefix, then its value, or `missing` where there is none.
   * @returns where it ends; `slackBytes` behind it may be overwritten
   */
  write(
    columns: readonly Float32Array[],
    reading: number,
    { prefixes, missing }: SignalWords,
    into: DataView,
    start: number,
  ): number {
    const value = this.#value;
    const keys = this.#keys;
    const texts = this.#texts;
    let at = start;
    for (let column = 0; column < columns.length; column++) {
      const prefix = prefixes[column]!;
      at = copy(prefix.words, 0, prefix.length, into, at);
      value[0] = columns[column]![reading]!;
      if (!Number.isFinite(value[0])) {
        at = copy(missing.words, 0, missing.length, into, at);
        continue;
      }
      const key = this.#bits[0]!;
      const entry = (Math.imul(key ^ (key >>> 15), 0x9e3779b1) >>> (32 - entryBits)) * entryBytes;
      if (keys[entry >>> 2] !== key || texts[entry + lengthAt] === 0) this.#keep(entry, key);
      at = copy(this.#words, entry + textAt, texts[entry + lengthAt]!, into, at);
    }
    return at;
  }

  #keep(entry: number, bits: number): void {
    const text = shortest(this.#value[0]!);
    this.#keys[entry >>> 2] = bits;
    this.#texts[entry + lengthAt] = text.length;
    for (let place = 0; place < text.length; place++)
      this.#texts[entry + textAt + place] = text.charCodeAt(place);
  }
}

/** @returns where the copy ends; up to `slackBytes` behind it are overwritten */
function copy(from: DataView, begin: number, length: number, into: DataView, at: number): number {
  for (let done = 0; done < length; done += 4) into.setUint32(at + done, from.getUint32(begin + done));
  return at + length;
}

/** @param value of 32 bits, finite */
export function shortest(value: number): string {
  if (Object.is(value, -0)) return '-0';
  // Nine digits tell any two floats apart (IEEE 754).
  for (let digits = 1; digits < 9; digits++) {
    const rounded = Number(value.toPrecision(digits));
    if (Math.fround(rounded) === value) return plain(rounded);
  }
  return plain(Number(value.toPrecision(9)));
}

/** 10000000000000000 is longer than 1e+16. */
function plain(value: number): string {
  const text = String(value);
  return text.length <= longest ? text : value.toExponential();
}
