import { closeSync, fstatSync, openSync, readFileSync, readSync, writeFileSync, writeSync } from 'node:fs';
import path from 'node:path';
import { z } from 'zod';
import { signalCount, signalNames } from '#contract/signals.ts';
import { inWords, UserError } from '#runtime/errors.ts';

/**
 * Drives as simulators read them: an index (JSON), and beside it all readings, float32 little-endian, signal by signal
 * within a reading. So a message of a drive is one piece of the file, and no simulator holds drives in memory.
 */
const indexSchema = z.strictObject({
  format: z.literal('fleetbed-drives-1'),
  intervalMs: z.number().positive(),
  /** Of a reading, in this order. */
  signals: z.array(z.string()),
  readings: z.int().nonnegative(),
  drives: z.array(
    z.strictObject({
      /** File and line where it begins. */
      name: z.string(),
      car: z.string().nullable(),
      first: z.int().nonnegative(),
      readings: z.int().nonnegative(),
    }),
  ),
});

type Index = z.output<typeof indexSchema>;
export type Drive = Index['drives'][number];

const readingBytes = signalCount * 4;
const bufferedReadings = 4096;

/** Writes drives one after the other, in bounded memory. */
export class DrivesWriter {
  readonly #file: string;
  readonly #intervalMs: number;
  readonly #descriptor: number;
  readonly #buffer = Buffer.alloc(bufferedReadings * readingBytes);
  readonly #drives: Drive[] = [];
  #readings = 0;
  #buffered = 0;

  /** @param file of the index */
  constructor(file: string, intervalMs: number) {
    this.#file = file;
    this.#intervalMs = intervalMs;
    this.#descriptor = openSync(readingsFile(file), 'w');
  }

  begin(name: string, car: string | null): void {
    this.#drives.push({ name, car, first: this.#readings, readings: 0 });
  }

  /** One reading of the drive that was begun. */
  add(values: Float32Array): void {
    if (this.#buffered === bufferedReadings) this.#flush();
    let at = this.#buffered++ * readingBytes;
    for (const value of values) at = this.#buffer.writeFloatLE(value, at);
    this.#readings++;
    this.#drives.at(-1)!.readings++;
  }

  close(): void {
    this.#flush();
    closeSync(this.#descriptor);
    const index: Index = {
      format: 'fleetbed-drives-1',
      intervalMs: this.#intervalMs,
      signals: [...signalNames],
      readings: this.#readings,
      drives: this.#drives,
    };
    writeFileSync(this.#file, JSON.stringify(index));
  }

  #flush(): void {
    writeSync(this.#descriptor, this.#buffer, 0, this.#buffered * readingBytes);
    this.#buffered = 0;
  }
}

/** Drives that were written by a DrivesWriter. Stays open for as long as its process. */
export class DrivesFile {
  readonly intervalMs: number;
  readonly drives: readonly Drive[];
  readonly #file: string;
  readonly #descriptor: number;
  #buffer = Buffer.alloc(0);

  /** @throws UserError when it cannot be read, or is none */
  constructor(file: string) {
    this.#file = file;
    const { drives, intervalMs, readings } = readIndex(file);
    this.drives = drives;
    this.intervalMs = intervalMs;
    try {
      this.#descriptor = openSync(readingsFile(file), 'r');
    } catch (error) {
      throw new UserError('config', `recorded drives: ${inWords(error)}`, { cause: error });
    }
    if (fstatSync(this.#descriptor).size !== readings * readingBytes) throw damaged(file);
  }

  /** Copies as many readings as the columns are long. @param first within the file */
  read(first: number, columns: readonly Float32Array[]): void {
    const readings = columns[0]?.length ?? 0;
    const bytes = readings * readingBytes;
    if (this.#buffer.length !== bytes) this.#buffer = Buffer.alloc(bytes);
    if (readSync(this.#descriptor, this.#buffer, 0, bytes, first * readingBytes) !== bytes)
      throw damaged(this.#file);
    for (let signal = 0; signal < signalCount; signal++) {
      const column = columns[signal]!;
      for (let reading = 0, at = signal * 4; reading < readings; reading++, at += readingBytes)
        column[reading] = this.#buffer.readFloatLE(at);
    }
  }

  close(): void {
    closeSync(this.#descriptor);
  }
}

function readIndex(file: string): Index {
  let index: unknown;
  try {
    index = JSON.parse(readFileSync(file, 'utf8'));
  } catch (error) {
    if (error instanceof SyntaxError) throw damaged(file);
    throw new UserError('config', `recorded drives: ${inWords(error)}`, { cause: error });
  }
  const parsed = indexSchema.safeParse(index);
  const isOurs = parsed.success && parsed.data.signals.join() === signalNames.join();
  const isWhole = parsed.data?.drives.every(
    ({ first, readings }) => first + readings <= parsed.data.readings,
  );
  if (!isOurs || isWhole !== true) throw damaged(file);
  return parsed.data;
}

function damaged(file: string): UserError {
  const expected = 'expected drives as fleetbed replay --write makes them';
  return new UserError('config', `recorded drives: ${file}: ${expected}, got something else: write it again`);
}

/** drives.json -> drives.json.f32 */
function readingsFile(index: string): string {
  return path.join(path.dirname(index), `${path.basename(index)}.f32`);
}
