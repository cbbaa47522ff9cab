import { mkdir, mkdtemp, readFile, rm } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { UserError, inWords } from '#runtime/errors.ts';

/** Where a run keeps what it needs while it runs, and what stays when it is over. */
export interface Folders {
  /** summary.json, report.html, junit.xml, metrics.ndjson and logs/ */
  out: string;
  logs: string;
  /** Outboxes, configurations, Kafka's data: removed at the end. */
  work: string;
}

/** @throws UserError in words (a full disk, a folder that may not be written) */
export async function createFolders(run: string, out: string): Promise<Folders> {
  try {
    const logs = path.join(out, 'logs');
    await mkdir(logs, { recursive: true });
    return { out, logs, work: await mkdtemp(path.join(os.tmpdir(), `fleetbed-${run}-`)) };
  } catch (error) {
    throw new UserError('component', `the run's folders: ${inWords(error)}`, { cause: error });
  }
}

export async function removeWork(folders: Folders): Promise<void> {
  await rm(folders.work, { recursive: true, force: true, maxRetries: 3 });
}

/** This program's version, as package.json says. */
export async function programVersion(): Promise<string> {
  const file = new URL('../../package.json', import.meta.url);
  return (JSON.parse(await readFile(file, 'utf8')) as { version: string }).version;
}
