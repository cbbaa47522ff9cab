import { spawn, type ChildProcess } from 'node:child_process';
import { existsSync } from 'node:fs';
import path from 'node:path';

const stopPatienceMs = 15_000;

/** Debian keeps servers in /usr/sbin, which is not on every user's path. */
export const mosquitto = [...(process.env['PATH'] ?? '').split(path.delimiter), '/usr/sbin']
  .map((folder) => path.join(folder, 'mosquitto'))
  .find((file) => existsSync(file));

const running = new Set<ChildProcess>();
// A benchmark that fails half-way leaves nothing behind.
process.once('exit', () => running.forEach((child) => child.kill('SIGKILL')));

/** Resolves when it has said the words. @throws Error with all that it said, when it ends before */
export async function started(
  args: string[],
  words: string,
  env: NodeJS.ProcessEnv = {},
  program: string = process.execPath,
): Promise<ChildProcess> {
  const child = spawn(program, args, {
    env: { ...process.env, ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  running.add(child);
  child.once('close', () => running.delete(child));
  let said = '';
  await new Promise<void>((resolve, reject) => {
    const listen = (chunk: Buffer): void => {
      // What comes afterwards is read, lest the pipe fill up, and not kept.
      if (said.includes(words)) return;
      said += chunk.toString();
      if (said.includes(words)) resolve();
    };
    child.stdout.on('data', listen);
    child.stderr.on('data', listen);
    child.once('error', reject);
    child.once('close', () => reject(new Error(`${args.join(' ')} ended:\n${said}`)));
  });
  return child;
}

/** Tells it to end, and waits until it has. */
export async function stopped(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const gone = new Promise<void>((resolve) => child.once('close', () => resolve()));
  child.kill('SIGTERM');
  const timer = setTimeout(() => child.kill('SIGKILL'), stopPatienceMs);
  await gone;
  clearTimeout(timer);
}
