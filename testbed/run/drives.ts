import { rmSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { exitCodes, inWords, UserError } from '#runtime/errors.ts';
import { inTurns, readDrives, type DrivesRead, type ReadRequest } from '#simulator/recorded/read-drives.ts';
import { checkNames } from '../scenario/recorded.ts';
import type { Recorded } from '../scenario/scenario.ts';

/** Recorded drives as a run's simulators take them, and what was read of them. */
export interface Drives extends AsyncDisposable {
  /** Index of the drives; undefined where they were only looked at. */
  file: string | undefined;
  read: DrivesRead;
}

export interface DrivesRequest {
  recorded: Recorded;
  /** Of the fleet. */
  intervalMs: number;
  readingsPerMessage: number;
  /** A file that stays; null: nowhere; undefined: a folder of their own, which goes when they are disposed of. */
  into?: string | null | undefined;
  onProgress?: ReadRequest['onProgress'];
}

/**
 * Reads drives for simulators.
 * @throws ScenarioError where the mapping names what no file has; UserError where nothing can be used
 */
export async function openDrives(request: DrivesRequest): Promise<Drives> {
  const { recorded, intervalMs, readingsPerMessage, into, onProgress } = request;
  const folder = into === undefined ? await workFolder() : undefined;
  const file = folder === undefined ? (into ?? undefined) : path.join(folder, 'drives.json');
  const dispose = async (): Promise<void> => {
    if (folder !== undefined) await rm(folder, { recursive: true, force: true });
  };
  const interrupt = (): never => {
    if (folder !== undefined) rmSync(folder, { recursive: true, force: true });
    process.exit(exitCodes.stoppedByUser);
  };
  process.once('SIGINT', interrupt).once('SIGTERM', interrupt);
  try {
    const { mapping } = recorded.file;
    const read = await readDrives({ place: recorded.drives, mapping, intervalMs, into: file, onProgress });
    // Where no file is text, every name would be wrong.
    if (read.names.known.length > 0) checkNames(recorded.file, read);
    checkUsable(recorded.drives, read, readingsPerMessage);
    return { file, read, [Symbol.asyncDispose]: dispose };
  } catch (error) {
    await dispose();
    if (!(error instanceof Error && 'code' in error)) throw error;
    const to = file === undefined ? '' : ` (writing ${file}.f32)`;
    throw new UserError('component', `recorded drives: ${inWords(error)}${to}`, { cause: error });
  } finally {
    process.off('SIGINT', interrupt).off('SIGTERM', interrupt);
  }
}

async function workFolder(): Promise<string> {
  return mkdtemp(path.join(os.tmpdir(), 'fleetbed-drives-'));
}

function checkUsable(place: string, read: DrivesRead, readingsPerMessage: number): void {
  const { drives, present, refused, tally, files } = read;
  if (drives.length > 0 && present.size > 0) {
    if (drives.some(({ readings }) => readings >= readingsPerMessage)) return;
    const longest = drives.reduce((most, { readings }) => Math.max(most, readings), 0);
    const expected = `expected a drive of ${readingsPerMessage} readings (a message) or more`;
    const turns = inTurns(tally);
    const why = turns === undefined ? '' : `: ${turns}`;
    throw new UserError('config', `${place}: ${expected}, got ${longest} in the longest${why}`);
  }
  const why = [
    ...refused.slice(0, 5).map(({ file, words }) => `\n  ${file}: ${words}`),
    ...tally.named.slice(0, 5).map(({ file, line, words }) => `\n  ${file}:${line}: ${words}`),
  ];
  const of = files === 1 ? '1 file' : `${files} files`;
  throw new UserError(
    'config',
    `${place}: expected drives, got ${of} without a value that can be used${why.join('')}`,
  );
}
