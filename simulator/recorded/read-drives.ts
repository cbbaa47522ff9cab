import { setImmediate as breathe } from 'node:timers/promises';
import { signalCount, signalNames, type SignalName } from '#contract/signals.ts';
import { inWords, UserError } from '#runtime/errors.ts';
import { readLines } from './csv-lines.ts';
import { driveFiles, type DriveFile } from './drive-files.ts';
import { DrivesWriter } from './drives-file.ts';
import type { Mapping } from './mapping.ts';
import { Names } from './names.ts';
import { Resampler } from './resample.ts';
import { RowReader, type DriveSink } from './row-reader.ts';
import { Tally } from './tally.ts';

export interface ReadRequest {
  /** File or folder. */
  place: string;
  mapping: Mapping;
  /** Between two readings. */
  intervalMs: number;
  /** Where the drives are written, for simulators; undefined: nowhere. */
  into: string | undefined;
  /** Hears every so many lines how far it is. */
  onProgress?: ((at: { file: number; files: number; rows: number }) => void) | undefined;
}

const linesPerProgress = 16_384;

/** Each is kept in the index, and in every simulator: more are not what loggers record, but rows in disorder. */
const mostDrives = 100_000;

/** A drive as it was found. */
export interface FoundDrive {
  name: string;
  car: string | null;
  readings: number;
}

/** What was read of a folder of drives. */
export interface DrivesRead {
  files: number;
  /** Files of a folder that do not end as CSVs do: not looked at. */
  otherFiles: number;
  /** Files that could not be read as drives, and why. */
  refused: { file: string; words: string }[];
  tally: Tally;
  names: Names;
  drives: FoundDrive[];
  /** Between two readings. */
  intervalMs: number;
  readings: number;
  /** Share of the readings that have a signal, of those that any has. */
  present: Map<SignalName, number>;
}

/**
 * Reads every drive, in bounded memory, and writes them as simulators take them.
 * @throws UserError when there are no files, too many drives, or nowhere to write them; what is wrong with single files
 * and rows stands in the result
 */
export async function readDrives(request: ReadRequest): Promise<DrivesRead> {
  const { place, mapping, intervalMs, into } = request;
  const { files, others } = await driveFiles(place);
  const writer = into === undefined ? undefined : new DrivesWriter(into, intervalMs);
  const tally = new Tally();
  const names = new Names(mapping);
  const collected = new Collected(writer, intervalMs, mapping.holdMs, tally);
  const refused: DrivesRead['refused'] = [];
  try {
    for (const [index, file] of files.entries()) {
      const onLines = (): void =>
        request.onProgress?.({ file: index + 1, files: files.length, rows: tally.rows });
      const words = await readFile(file, { mapping, names, tally, collected, onLines });
      if (words !== undefined) refused.push({ file: file.name, words });
      await breathe();
    }
  } finally {
    writer?.close();
  }
  const { drives, readings } = collected;
  return {
    files: files.length,
    otherFiles: others,
    refused,
    tally,
    names,
    drives,
    intervalMs,
    readings,
    present: collected.present(),
  };
}

/** What to do where rows of several cars are mixed, so that each turn is a drive; undefined where they are not. */
export function inTurns({ turns }: Tally): string | undefined {
  if (turns === 0) return undefined;
  const times = turns === 1 ? 'once' : `${turns} times`;
  return `cars take turns (${times}), and each turn is a drive: sort the rows by car, then by time`;
}

/** @returns why it has no drives */
async function readFile(
  file: DriveFile,
  to: { mapping: Mapping; names: Names; tally: Tally; collected: Collected; onLines: () => void },
): Promise<string | undefined> {
  const { mapping, collected } = to;
  const sink = collected.of(file.name);
  const rows = new RowReader(file.name, carOf(file.name, mapping), { ...to, sink });
  // What goes wrong with a row's way on is no fault of the file.
  let own: unknown;
  const take = (text: string | undefined, number: number, ended: boolean): void => {
    try {
      rows.line(text, number, ended);
    } catch (error) {
      own = error;
      throw error;
    }
    if (number % linesPerProgress === 0) to.onLines();
  };
  try {
    await readLines(file.path, mapping.encoding, take);
  } catch (error) {
    if (own !== undefined) throw error;
    // What came before counts.
    rows.end();
    return inWords(error).replace(`${file.path}: `, '');
  }
  return rows.end();
}

/** What the mapping takes from the file's name; the whole name where the pattern does not fit. */
function carOf(name: string, { car }: Mapping): string | null {
  if (!car || !('file' in car)) return null;
  const found = car.file.exec(name);
  return found?.[1] ?? found?.[0] ?? name;
}

/** All drives, resampled, as they come. */
class Collected {
  readonly drives: FoundDrive[] = [];
  readings = 0;
  readonly #writer: DrivesWriter | undefined;
  readonly #resampler: Resampler;
  readonly #tally: Tally;
  readonly #present = new Float64Array(signalCount);

  constructor(writer: DrivesWriter | undefined, intervalMs: number, holdMs: number, tally: Tally) {
    this.#writer = writer;
    this.#tally = tally;
    this.#resampler = new Resampler(intervalMs, holdMs, (values) => this.#take(values));
  }

  /** Where the rows of a file go. */
  of(file: string): DriveSink {
    const resampler = this.#resampler;
    return {
      begin: (car, line, timeMs) => {
        const name = `${file}:${line}`;
        this.#checkNumber(name);
        this.drives.push({ name, car, readings: 0 });
        this.#writer?.begin(name, car);
        resampler.begin(timeMs);
      },
      advance: (timeMs) => resampler.advance(timeMs),
      set: (signal, value) => resampler.set(signal, value),
      end: () => resampler.end(),
    };
  }

  present(): Map<SignalName, number> {
    return new Map(
      signalNames.flatMap((name, signal) => {
        const readings = this.#present[signal]!;
        return readings === 0 ? [] : [[name, readings / this.readings]];
      }),
    );
  }

  #checkNumber(name: string): void {
    if (this.drives.length < mostDrives) return;
    const turns = inTurns(this.#tally) ?? 'give a part of them, or a longer newDriveAfter';
    const expected = `expected up to ${mostDrives} drives, got more`;
    throw new UserError('config', `recorded drives: ${name}: ${expected}: ${turns}`);
  }

  #take(values: Float32Array): void {
    this.readings++;
    this.drives.at(-1)!.readings++;
    this.#writer?.add(values);
    for (let signal = 0; signal < signalCount; signal++)
      if (!Number.isNaN(values[signal]!)) this.#present[signal]!++;
  }
}
