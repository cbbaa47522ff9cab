import assert from 'node:assert/strict';
import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { writeFile } from 'node:fs/promises';
import path from 'node:path';
import { createInterface } from 'node:readline';
import type { TestContext } from 'node:test';
import { fileURLToPath } from 'node:url';
import type { ToEdge } from '#contract/control.ts';
import { parseMetrics, type ParsedMetrics } from '#runtime/metrics.ts';
import { fleetSecret } from './rig.ts';

export interface ChildEdge {
  process: ChildProcess;
  pid: number;
  port: number;
  epoch: string;
  stderr: () => string;
  metrics(): Promise<ParsedMetrics>;
  /** HTTP status and body of /readyz. */
  ready(): Promise<{ status: number; body: string }>;
  /** Over the control channel. */
  tell(message: ToEdge): void;
  exited: Promise<[code: number | null, signal: NodeJS.Signals | null]>;
}

/**
 * An edge agent in its own process, under `wrapper` (strace, say) if one is given.
 * @param isSupervised with a control channel to us
 */
export async function childEdge(
  t: TestContext,
  folder: string,
  settings: Record<string, unknown> = {},
  wrapper: string[] = [],
  isSupervised = false,
): Promise<ChildEdge> {
  const configFile = path.join(folder, 'edge.yaml');
  const config = {
    run: 'run',
    edge: 'edge-1',
    listen: { port: 0 },
    fleetSecret,
    dataDir: path.join(folder, 'outbox'),
    uplink: { bridges: ['127.0.0.1:1'], password: 'edge password' },
    ...settings,
  };
  await writeFile(configFile, JSON.stringify(config));
  const main = fileURLToPath(new URL('./edge-process.ts', import.meta.url));
  const [command = process.execPath, ...before] = wrapper;
  const node = wrapper.length > 0 ? [process.execPath] : [];
  const child = spawn(command, [...before, ...node, main, '--config', configFile], {
    stdio: ['ignore', 'pipe', 'pipe', ...(isSupervised ? (['ipc'] as const) : [])],
    serialization: 'advanced',
  });
  const exited = once(child, 'close') as ChildEdge['exited'];
  t.after(async () => {
    child.kill('SIGKILL');
    await exited;
  });
  let stderr = '';
  child.stderr?.on('data', (chunk: Buffer) => (stderr += chunk.toString()));
  const started = Promise.withResolvers<{ pid: number; health: string; port: number; epoch: string }>();
  const said: Record<string, unknown> = {};
  assert(child.stdout);
  createInterface({ input: child.stdout }).on('line', (line) => {
    const { msg, pid, health, port, epoch } = JSON.parse(line) as Record<string, unknown>;
    if (msg === 'starting') Object.assign(said, { pid, health });
    if (msg === 'takes cars') started.resolve({ ...said, port, epoch } as never);
  });
  exited.then(
    ([code]) => started.reject(new Error(`the edge ended with ${code}: ${stderr}`)),
    () => {},
  );
  const { pid, health, port, epoch } = await started.promise;
  const get = (what: string): Promise<Response> => fetch(`http://${health}/${what}`);
  return {
    process: child,
    pid,
    port,
    epoch,
    exited,
    stderr: () => stderr,
    tell: (message) => void child.send(message),
    metrics: async () => parseMetrics(await (await get('metrics')).text()),
    ready: async () => {
      const answer = await get('readyz');
      return { status: answer.status, body: await answer.text() };
    },
  };
}
