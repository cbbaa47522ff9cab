import { signalIndex } from '#contract/signals.ts';
import { valueOf } from './cell-values.ts';
import { cellsOf, delimiterOf } from './csv-cells.ts';
import { headerOf, isHeader, type Header } from './header.ts';
import type { MappedColumn, Mapping } from './mapping.ts';
import type { Names } from './names.ts';
import type { Rejection, Repair, Tally } from './tally.ts';
import { afterMidnight } from './time-format.ts';

/** Takes what rows say, drive by drive. */
export interface DriveSink {
  /** A drive begins, after the end of the one before. @param car null where the mapping tells none */
  begin(car: string | null, line: number, timeMs: number): void;
  /** A row, not before the last one; its values follow. */
  advance(timeMs: number): void;
  set(signal: number, value: number): void;
  end(): void;
}

/** The header stands within the first lines: notes of the logger may stand above it. */
const headerWithin = 50;

/** What a Date can be: beyond, numbers have no single milliseconds left. */
const mostTimeMs = 8.64e15;

/** The lines of one file -> drives, by the rules of docs/replay.md: every row is accepted, repaired or rejected. */
export class RowReader {
  readonly #mapping: Mapping;
  readonly #names: Names;
  readonly #tally: Tally;
  readonly #sink: DriveSink;
  readonly #file: string;
  readonly #carOfFile: string | null;
  #delimiter = ',';
  #header: Header | undefined;
  /** Of the first line that could have been the header: what it has, and lacks. */
  #noHeader: { line: number; lacks: readonly string[] } | undefined;
  #isBelowHeader = false;
  #rows = 0;
  #isDriving = false;
  #car: string | null = null;
  #lastMs = 0;
  /** When each car that another one followed was last heard of: one that comes back at once takes turns with others. */
  readonly #leftAt = new Map<string | null, number>();
  /** Of the row at hand: the first that was wrong with it. */
  #repair: { reason: Repair; words: string } | undefined;

  /** @param file as it is told; @param carOfFile what the mapping takes from the file's name */
  constructor(
    file: string,
    carOfFile: string | null,
    to: { mapping: Mapping; names: Names; tally: Tally; sink: DriveSink },
  ) {
    this.#file = file;
    this.#carOfFile = carOfFile;
    this.#mapping = to.mapping;
    this.#names = to.names;
    this.#tally = to.tally;
    this.#sink = to.sink;
  }

  line(text: string | undefined, number: number, ended: boolean): void {
    if (number <= this.#mapping.skipLines || text?.trim() === '') return;
    if (!this.#header) {
      if (text !== undefined && number <= this.#mapping.skipLines + headerWithin)
        this.#findHeader(text, number);
      return;
    }
    if (text === undefined) return this.#reject(number, 'too-long', 'expected a row, got a line too long');
    const cells = cellsOf(text, this.#delimiter);
    if (!cells)
      return this.#reject(number, 'open-quote', 'expected a closing quote, got the end of the line');
    this.#row(cells, number, ended, this.#header);
  }

  /** @returns why the file has no rows at all; undefined where it has a header */
  end(): string | undefined {
    if (this.#isDriving) this.#sink.end();
    this.#isDriving = false;
    if (this.#header) return undefined;
    if (!this.#noHeader) return 'expected a header and rows, got no text';
    const { line, lacks } = this.#noHeader;
    return `expected a header with ${shown(lacks)}, which line ${line} lacks`;
  }

  #findHeader(text: string, number: number): void {
    const delimiter = this.#mapping.delimiter ?? delimiterOf(text);
    const cells = cellsOf(text, delimiter);
    if (!cells) return;
    const found = headerOf(cells, this.#mapping);
    if (!isHeader(found)) {
      // Of several lines that are none, the one with the most cells is the likeliest.
      if (this.#names.offer(this.#file, cells)) this.#noHeader = { line: number, lacks: found.lacks };
      return;
    }
    this.#delimiter = delimiter;
    this.#take(found);
  }

  #take(header: Header): void {
    this.#header = header;
    this.#isBelowHeader = true;
    this.#names.meet(header.cells);
  }

  #row(cells: readonly string[], number: number, ended: boolean, header: Header): void {
    const isFirst = this.#isBelowHeader;
    this.#isBelowHeader = false;
    this.#repair = undefined;
    if (!ended && cells.length < header.width)
      return this.#lose(number, 'cut-off', 'expected a whole row, got the end of the file');
    const timeMs = this.#timeOf(cells, header);
    if (Number.isNaN(timeMs) || (header.time.length === 0 && !this.#hasNumber(cells, header))) {
      const again = headerOf(cells, this.#mapping);
      if (isHeader(again)) {
        this.#take(again);
        return this.#reject(
          number,
          'header',
          'expected a row, got another header, which counts from here on',
        );
      }
      const hasText = cells.some((cell) => cell !== '' && !/\d/.test(cell));
      if (isFirst && hasText) return this.#reject(number, 'units', 'expected a row, got units');
    }
    const more = cells.slice(header.cells.length);
    if (more.some((cell) => cell !== '')) {
      const got = `got ${cells.length}`;
      return this.#lose(number, 'too-many-cells', `expected ${header.cells.length} cells, ${got}`);
    }
    if (Number.isNaN(timeMs)) {
      const got = JSON.stringify(header.time.map((place) => cells[place] ?? '').join(' '));
      return this.#reject(number, 'no-time', `expected a time, got ${got.slice(0, 60)}`);
    }
    this.#rows++;
    if (more.length > 0)
      this.#mend('extra-cells', `expected ${header.cells.length} cells, got ${cells.length}`);
    if (cells.length < header.width)
      this.#mend('missing-cells', `expected ${header.width} cells, got ${cells.length}`);
    if (!this.#arrive(timeMs, this.#carOf(cells, header), number, header)) return;
    this.#values(cells, header);
    // Assigned in the methods above.
    const repair = this.#repair as { reason: Repair; words: string } | undefined;
    if (repair) this.#tally.find(this.#file, number, repair.reason, repair.words);
    else this.#tally.accept();
  }

  /** NaN where there is none. */
  #timeOf(cells: readonly string[], { time: places }: Header): number {
    const { time } = this.#mapping;
    if (!('columns' in time)) return this.#rows * time.intervalMs;
    const timeMs = time.format.read(places.map((place) => cells[place] ?? '').join(' '));
    if (!(Math.abs(timeMs) <= mostTimeMs)) return Number.NaN;
    return time.format.isClock && this.#isDriving ? afterMidnight(timeMs, this.#lastMs) : timeMs;
  }

  #carOf(cells: readonly string[], { car }: Header): string | null {
    if (car === undefined) return this.#carOfFile;
    const named = cells[car] ?? '';
    if (named !== '') return named;
    this.#mend('no-car', 'expected the name of a car, got none: taken for the car of the row before');
    return this.#car;
  }

  /** @returns false for a row that comes too late */
  #arrive(timeMs: number, car: string | null, number: number, header: Header): boolean {
    const byMs = timeMs - this.#lastMs;
    if (!this.#isDriving || car !== this.#car || Math.abs(byMs) > this.#mapping.newDriveAfterMs) {
      if (this.#isDriving) this.#sink.end();
      if (car !== this.#car) this.#change(car, timeMs);
      this.#sink.begin(car, number, timeMs);
      this.#isDriving = true;
      this.#car = car;
    } else if (byMs < 0) {
      const words = `expected a time after the last row's, got one ${-byMs / 1000} s before`;
      this.#reject(number, 'time-goes-back', words);
      return false;
    } else if (byMs === 0 && !header.row) {
      this.#mend('same-time', "expected a time after the last row's, got the same: the two are one reading");
    }
    this.#sink.advance(timeMs);
    this.#lastMs = timeMs;
    return true;
  }

  #change(car: string | null, timeMs: number): void {
    if (this.#isDriving) this.#leftAt.set(this.#car, this.#lastMs);
    const leftAt = this.#leftAt.get(car);
    if (leftAt !== undefined && Math.abs(timeMs - leftAt) <= this.#mapping.newDriveAfterMs)
      this.#tally.turns++;
  }

  #values(cells: readonly string[], header: Header): void {
    if (header.row) {
      const name = cells[header.row.name] ?? '';
      const column = this.#mapping.columns.get(name);
      this.#names.meet([name]);
      if (column) this.#value(name, column, signalIndex[column.signal], cells[header.row.value] ?? '');
      return;
    }
    for (const cell of header.signals)
      this.#value(header.cells[cell.place]!, cell, cell.index, cells[cell.place] ?? '');
  }

  #value(name: string, column: MappedColumn, index: number, text: string): void {
    const value = valueOf(text, column, index, this.#mapping);
    if (typeof value === 'number') {
      this.#sink.set(index, value);
    } else if (value !== 'missing') {
      this.#names.blame(name, value);
      const expected = value === 'bad-number' ? 'a number' : `what ${column.signal} can be`;
      const got = JSON.stringify(text.slice(0, 40));
      const comma = this.#mapping.decimal === '.' && /^[+-]?\d+,\d+$/.test(text);
      const hint = comma ? " (decimal: ',' in the mapping?)" : '';
      this.#mend(value, `${name}: expected ${expected}, got ${got} ${column.unit}${hint}: taken as missing`);
    }
  }

  #hasNumber(cells: readonly string[], { row, signals }: Header): boolean {
    const places = row ? [row.value] : signals.map(({ place }) => place);
    return places.some((place) => /\d/.test(cells[place] ?? ''));
  }

  #mend(reason: Repair, words: string): void {
    this.#repair ??= { reason, words };
  }

  /** A row without a time of its own takes up its interval all the same. */
  #lose(number: number, reason: Rejection, words: string): void {
    this.#rows++;
    this.#reject(number, reason, words);
  }

  #reject(number: number, reason: Rejection, words: string): void {
    this.#tally.find(this.#file, number, reason, words);
  }
}

function shown(names: readonly string[]): string {
  const few = names.slice(0, 3).map((name) => JSON.stringify(name));
  return few.join(', ') + (names.length > few.length ? ` and ${names.length - few.length} more` : '');
}
