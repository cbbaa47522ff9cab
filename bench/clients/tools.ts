import { execFile, spawn, type ChildProcess } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { pickPort } from '#testbed/run/ports.ts';
import { processUsage } from '#testbed/run/resources.ts';
import { messageOf } from '../car-messages.ts';
import { nameOf, keepAliveSeconds } from './kinds.ts';

/**
 * Load tools with a script of their own: they are not told message by message, but given the times at which to connect and send,
 * counted from when they say that they have started. Their client's index decides its phase, as it does for the other kinds.
 */
export const toolNames = ['k6', 'locust'] as const;
export type ToolName = (typeof toolNames)[number];

export interface Tool {
  name: ToolName;
  program: string;
  /** As it says itself. */
  version: string;
}

export interface ToolLoad {
  port: number;
  clients: number;
  qos: 0 | 1;
  messagesPerClient: number;
  messagesPerSecond: number;
}

export interface ToolFigure {
  bytesPerClient: number;
  cpuSecondsPerThousand: number;
}

/** What k6-script.js and locust-file.py are told. */
interface Plan extends ToolLoad {
  url: string;
  keepAliveSeconds: number;
  connectionsPerSecond: number;
  warmUpEach: number;
  warmUpAtMs: number;
  measureAtMs: number;
  /** The last message is due. */
  measureEndMs: number;
  leaveAtMs: number;
}

const warmUpMessages = 5000;
const connectionsPerSecond = 500;
const quietMs = 3000;
/** Time for the last acknowledgements, and between the last message and the end for memory to be looked at. */
const settleMs = 1000;
const lookMs = 12_000;

/** @returns why not, where the program is missing or cannot speak MQTT */
export async function findTool(name: ToolName, given: string | undefined): Promise<Tool | string> {
  const folders = (process.env['PATH'] ?? '').split(path.delimiter);
  const program = given ?? folders.map((folder) => path.join(folder, name)).find((file) => existsSync(file));
  if (program === undefined) return `no ${name} on the PATH (--${name} FILE names one)`;
  try {
    const { stdout } = await promisify(execFile)(program, ['--version']);
    const version = stdout.trim();
    if (name === 'k6' && !version.includes('k6/x/mqtt')) return `${program} is without k6/x/mqtt`;
    return { name, program, version };
  } catch (error) {
    return error instanceof Error ? error.message : String(error);
  }
}

/**
 * Memory is what the clients add to a process with a hundred of them that has done the same.
 * @throws Error when it did not do all that it was told in time
 */
export async function measureTool(tool: Tool, load: ToolLoad): Promise<ToolFigure> {
  const folder = await mkdtemp(path.join(os.tmpdir(), 'fleetbed-bench-'));
  const file = path.join(folder, 'clients.json');
  const first = Math.min(100, Math.ceil(load.clients / 2));
  const messages = load.clients * load.messagesPerClient;
  const clients = Array.from({ length: load.clients }, (_, client) => ({
    ...nameOf(client),
    message: messageOf(client, 1).toString('base64'),
  }));
  try {
    await writeFile(file, JSON.stringify(clients));
    const alone = await runTool(tool, { ...load, clients: first, messagesPerClient: 0 }, file);
    const all = await runTool(tool, load, file);
    // What it does later is not in its CPU time.
    if (all.sent !== messages || all.late > 0) {
      throw new Error(`${all.sent} of ${messages} messages went out, ${all.late} of them over a second late`);
    }
    return {
      bytesPerClient: (all.memoryBytes - alone.memoryBytes) / (load.clients - first),
      cpuSecondsPerThousand: (all.cpuSeconds / messages) * 1000,
    };
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

interface ToolRun {
  memoryBytes: number;
  cpuSeconds: number;
  /** Acknowledged at QoS 1, written at QoS 0. */
  sent: number;
  /** More than a second after their time. */
  late: number;
}

/** Of the clients in the file it takes as many as `load` says. */
async function runTool(tool: Tool, load: ToolLoad, clientsFile: string): Promise<ToolRun> {
  const plan = planOf(load);
  const apiPort = await pickPort();
  const child = spawn(tool.program, argsOf(tool.name, plan, apiPort), {
    env: {
      ...process.env,
      PLAN: JSON.stringify(plan),
      CLIENTS: clientsFile,
      // What is missing is not fetched: it is what findTool() looks for.
      K6_AUTO_EXTENSION_RESOLUTION: 'false',
    },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const end = (): void => void child.kill('SIGKILL');
  process.once('exit', end);
  try {
    return await followed(child, plan, tool.name === 'k6' ? apiPort : undefined);
  } finally {
    end();
    process.off('exit', end);
  }
}

function planOf(load: ToolLoad): Plan {
  const { clients, messagesPerClient, messagesPerSecond, port } = load;
  const warmUpEach = Math.ceil(warmUpMessages / clients);
  const secondsFor = (each: number): number => (each * clients) / messagesPerSecond;
  const warmUpAtMs = (clients / connectionsPerSecond) * 1000 + quietMs;
  const measureAtMs = warmUpAtMs + secondsFor(warmUpEach) * 1000 + quietMs;
  const measureEndMs = measureAtMs + secondsFor(messagesPerClient) * 1000;
  return {
    ...load,
    ...{ url: `tcp://127.0.0.1:${port}`, keepAliveSeconds, connectionsPerSecond, warmUpEach },
    ...{ warmUpAtMs, measureAtMs, measureEndMs, leaveAtMs: measureEndMs + lookMs },
  };
}

function argsOf(name: ToolName, plan: Plan, apiPort: number): string[] {
  if (name === 'k6') {
    const script = fileURLToPath(new URL('k6-script.js', import.meta.url));
    const api = ['--address', `127.0.0.1:${apiPort}`, '--profiling-enabled'];
    return ['run', script, '--quiet', '--no-color', '--no-usage-report', '--log-format', 'raw', ...api];
  }
  const script = fileURLToPath(new URL('locust-file.py', import.meta.url));
  const users = ['--users', String(plan.clients), '--spawn-rate', String(plan.connectionsPerSecond)];
  // It ends by itself before that.
  const seconds = Math.ceil(plan.leaveAtMs / 1000) + 60;
  const quiet = ['--headless', '--only-summary', '--loglevel', 'WARNING', '--stop-timeout', '0'];
  return ['-f', script, ...users, ...quiet, '--run-time', `${seconds}s`];
}

/** Looks at the process at the plan's times. */
async function followed(child: ChildProcess, plan: Plan, goPort: number | undefined): Promise<ToolRun> {
  let said = '';
  const closed = new Promise<void>((resolve) => child.once('close', () => resolve()));
  const startAt = await new Promise<number>((resolve, reject) => {
    const listen = (chunk: Buffer): void => {
      said = (said + chunk.toString()).slice(-4000);
      const words = /^start at (\d+)$/m.exec(said);
      if (words) resolve(Number(words[1]));
    };
    child.stdout?.on('data', listen);
    child.stderr?.on('data', listen);
    child.once('error', reject);
    void closed.then(() => reject(new Error(`${child.spawnfile} ended:\n${said}`)));
  });
  const until = (ms: number): Promise<void> => delay(Math.max(0, startAt + ms - Date.now()));
  const usage = (): number => {
    const now = processUsage(child.pid ?? 0);
    if (!now) throw new Error(`${child.spawnfile} ended before its time:\n${said}`);
    return now.cpuSeconds;
  };
  await until(plan.measureAtMs);
  const before = usage();
  await until(plan.measureEndMs + settleMs);
  const cpuSeconds = usage() - before;
  await delay(2 * settleMs);
  const memoryBytes = await liveMemory(child.pid ?? 0, goPort);
  if (Date.now() > startAt + plan.leaveAtMs)
    throw new Error(`${child.spawnfile} left while its memory was looked at`);
  await closed;
  const counts = /^sent (\d+) late (\d+)$/m.exec(said);
  if (!counts) throw new Error(`${child.spawnfile} did not say what it sent:\n${said}`);
  return { memoryBytes, cpuSeconds, sent: Number(counts[1]), late: Number(counts[2]) };
}

/** After a collection; Go gives memory back slowly, so what it holds free does not count. */
async function liveMemory(pid: number, goPort: number | undefined): Promise<number> {
  const heap =
    goPort === undefined
      ? ''
      : await (await fetch(`http://127.0.0.1:${goPort}/debug/pprof/heap?gc=1&debug=1`)).text();
  const rollup = readFileSync(`/proc/${pid}/smaps_rollup`, 'utf8');
  const rss = Number(/^Rss:\s+(\d+)/m.exec(rollup)?.[1] ?? Number.NaN) * 1024;
  if (goPort === undefined) return rss;
  const bytes = (name: string): number =>
    Number(new RegExp(`^# ${name} = (\\d+)$`, 'm').exec(heap)?.[1] ?? Number.NaN);
  return rss - (bytes('HeapIdle') - bytes('HeapReleased'));
}
