import { blockBytes, type OnBlock } from './block.ts';
import { FloatTexts, slackBytes, type SignalWords } from './float-texts.ts';

const dayMs = 86_400_000;
const zero = 48;

/** Rows of ASCII text that grow into blocks. Numbers go straight to bytes: a string a row would cost more than its cars. */
export class TextBlock {
  readonly #onBlock: OnBlock;
  readonly #words: SignalWords;
  readonly #capacity: number;
  readonly #floats = new FloatTexts();
  #bytes: Buffer<ArrayBuffer>;
  #view: DataView;
  #at = 0;
  #readings = 0;
  #messages = 0;
  /** The day that was written last: 2026-01-05T */
  #day = Number.NaN;
  readonly #dayText = Buffer.alloc('2026-01-05T'.length);

  /** @param longestMessage bytes of text; @param words what stands before each signal, and where one is missing */
  constructor(longestMessage: number, words: SignalWords, onBlock: OnBlock) {
    this.#onBlock = onBlock;
    this.#words = words;
    this.#capacity = blockBytes + longestMessage + slackBytes;
    this.#bytes = this.#empty();
    this.#view = new DataView(this.#bytes.buffer);
  }

  /** A whole message was written. */
  endMessage(readings: number): void {
    this.#readings += readings;
    this.#messages++;
    if (this.#at >= blockBytes) this.flush();
  }

  flush(): void {
    if (this.#at === 0) return;
    const bytes = new Uint8Array(this.#bytes.buffer, 0, this.#at);
    const [readings, messages] = [this.#readings, this.#messages];
    this.#bytes = this.#empty();
    this.#view = new DataView(this.#bytes.buffer);
    this.#at = this.#readings = this.#messages = 0;
    this.#onBlock({ bytes, readings, messages });
  }

  /** ASCII that was made before: what comes in every row. */
  ascii(text: Uint8Array): void {
    this.#bytes.set(text, this.#at);
    this.#at += text.length;
  }

  byte(code: number): void {
    this.#bytes[this.#at++] = code;
  }

  /** One reading of all columns. */
  floats(columns: readonly Float32Array[], reading: number): void {
    this.#at = this.#floats.write(columns, reading, this.#words, this.#view, this.#at);
  }

  /** @param value a whole number below 2^53 */
  whole(value: number): void {
    if (value < 0) {
      this.byte(45);
      return this.whole(-value);
    }
    let length = 1;
    for (let least = 10; value >= least; least *= 10) length++;
    this.#digits(value, length);
  }

  /** 2026-01-05T08:00:00.000Z. @param ms since 1970 */
  instant(ms: number): void {
    const day = Math.floor(ms / dayMs);
    if (day !== this.#day) {
      this.#day = day;
      this.#dayText.write(new Date(ms).toISOString().slice(0, this.#dayText.length), 'latin1');
    }
    this.ascii(this.#dayText);
    const ofDay = ms - day * dayMs;
    this.#digits(Math.floor(ofDay / 3_600_000), 2);
    this.byte(58);
    this.#digits(Math.floor(ofDay / 60_000) % 60, 2);
    this.byte(58);
    this.#digits(Math.floor(ofDay / 1000) % 60, 2);
    this.byte(46);
    this.#digits(ofDay % 1000, 3);
    this.byte(90);
  }

  #digits(value: number, length: number): void {
    let rest = value;
    for (let place = this.#at + length - 1; place >= this.#at; place--) {
      const tenth = Math.floor(rest / 10);
      this.#bytes[place] = zero + rest - tenth * 10;
      rest = tenth;
    }
    this.#at += length;
  }

  /** Memory of its own, not of Node's pool: it is transferred. */
  #empty(): Buffer<ArrayBuffer> {
    return Buffer.from(new ArrayBuffer(this.#capacity));
  }
}
