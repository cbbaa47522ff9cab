import { spawn, type ChildProcess } from 'node:child_process';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { summarySchema, type Summary } from '#testbed/verdict/summary.ts';

/** The program as a user starts it: a process of its own. */
const main = fileURLToPath(new URL('../testbed/cli/main.ts', import.meta.url));
export const repository = fileURLToPath(new URL('..', import.meta.url));

export interface Ended {
  code: number | null;
  stdout: string;
  stderr: string;
}

export interface Started {
  child: ChildProcess;
  ended: Promise<Ended>;
  /** Resolves when the output so far contains the text; rejects when the program ends before. */
  says(text: string | RegExp): Promise<void>;
}

export function startFleetbed(
  args: string[],
  options: { env?: NodeJS.ProcessEnv; cwd?: string } = {},
): Started {
  const child = spawn(process.execPath, [main, ...args], {
    cwd: options.cwd ?? repository,
    env: { ...process.env, ...options.env },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let stdout = '';
  let stderr = '';
  child.stdout.on('data', (chunk: Buffer) => (stdout += chunk.toString()));
  child.stderr.on('data', (chunk: Buffer) => (stderr += chunk.toString()));
  const ended = new Promise<Ended>((resolve) => {
    child.once('close', (code) => resolve({ code, stdout, stderr }));
  });
  const says = (text: string | RegExp): Promise<void> =>
    new Promise((resolve, reject) => {
      const look = (): void => {
        const all = stdout + stderr;
        if (typeof text === 'string' ? all.includes(text) : text.test(all)) resolve();
      };
      child.stdout.on('data', look);
      child.stderr.on('data', look);
      child.once('close', () =>
        reject(new Error(`ended without saying ${String(text)}:\n${stdout}\n${stderr}`)),
      );
      look();
    });
  return { child, ended, says };
}

export async function fleetbed(
  args: string[],
  options?: { env?: NodeJS.ProcessEnv; cwd?: string },
): Promise<Ended> {
  return startFleetbed(args, options).ended;
}

/** A folder of its own for a test's scenario and results. */
export async function scratch(): Promise<
  { dir: string; file(name: string, text: string): Promise<string> } & AsyncDisposable
> {
  const dir = await mkdtemp(path.join(os.tmpdir(), 'fleetbed-test-'));
  return {
    dir,
    async file(name, text) {
      const file = path.join(dir, name);
      await writeFile(file, text);
      return file;
    },
    [Symbol.asyncDispose]: () => rm(dir, { recursive: true, force: true }),
  };
}

export async function readSummary(out: string): Promise<Summary> {
  return summarySchema.parse(JSON.parse(await readFile(path.join(out, 'summary.json'), 'utf8')));
}
