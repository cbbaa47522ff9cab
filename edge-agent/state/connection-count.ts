import { closeSync, constants, mkdirSync, openSync, readSync, writeSync } from 'node:fs';
import path from 'node:path';
import type { Log } from '#runtime/log.ts';

export const connectionFile = 'connection';
const digits = 16;

/**
 * Numbers the edge's connections to the bridge: each attempt has one above all before it, also those of processes that
 * were killed. It is not fsync'd: after a power failure a number or two may be used again, and then a last will that is
 * that late could pass for the new connection's.
 */
export class ConnectionCount {
  readonly #file: number;
  readonly #log: Log;
  #last: number;

  /** @throws the system's errors */
  constructor(dataDir: string, log: Log) {
    mkdirSync(dataDir, { recursive: true });
    // Neither truncating nor appending: no letter of fopen's says that.
    this.#file = openSync(path.join(dataDir, connectionFile), constants.O_RDWR | constants.O_CREAT, 0o644);
    this.#log = log;
    // The cloud remembers an edge whose disk was replaced: seconds are above what it had counted.
    this.#last = this.#read() ?? Math.floor(Date.now() / 1000);
  }

  /** Of the latest attempt. */
  get current(): number {
    return this.#last;
  }

  /** Written when it returns; does not throw. */
  next(): number {
    this.#last += 1;
    try {
      writeSync(this.#file, `${String(this.#last).padStart(digits, '0')}\n`, 0);
    } catch (error) {
      this.#log.warn({ err: error }, 'the number of the connection cannot be kept');
    }
    return this.#last;
  }

  close(): void {
    closeSync(this.#file);
  }

  #read(): number | undefined {
    const bytes = Buffer.alloc(digits + 1);
    const length = readSync(this.#file, bytes, 0, bytes.length, 0);
    const match = /^\d{16}\n$/.exec(bytes.toString('latin1', 0, length));
    return match ? Number(match[0]) : undefined;
  }
}
