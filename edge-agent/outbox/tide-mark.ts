import { closeSync, constants, openSync, readSync, writeSync } from 'node:fs';
import path from 'node:path';

/**
 * The last frame number that was committed, in a file beside the outbox. SQLite drops the end of a damaged write-ahead
 * log without a word; numbers already given out would then be given out again, and the bridge would take the new frames
 * for old ones. The mark is written after each commit and never fsync'd: it may lag behind, but it cannot run ahead.
 */
export interface Tide {
  epoch: string;
  number: number;
}

export const tideFile = 'outbox.tide';

const textBytes = 34;

export class TideMark {
  readonly #file: number;

  constructor(dataDir: string) {
    // Neither truncating nor appending: no letter of fopen's says that.
    this.#file = openSync(path.join(dataDir, tideFile), constants.O_RDWR | constants.O_CREAT, 0o644);
  }

  /** null when there is none, or none that can be read. */
  read(): Tide | null {
    const bytes = Buffer.alloc(textBytes);
    const length = readSync(this.#file, bytes, 0, textBytes, 0);
    const match = /^([0-9a-f]{16}) (\d{16})\n$/.exec(bytes.toString('latin1', 0, length));
    if (!match?.[1]) return null;
    return { epoch: match[1], number: Number(match[2]) };
  }

  write(epoch: string, number: number): void {
    writeSync(this.#file, `${epoch} ${String(number).padStart(16, '0')}\n`, 0);
  }

  close(): void {
    closeSync(this.#file);
  }
}
