import { spawn, type ChildProcess } from 'node:child_process';
import { existsSync } from 'node:fs';
import { writeFile } from 'node:fs/promises';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { password } from '#contract/identity.ts';
import { pickPort } from '#testbed/run/ports.ts';

/** A way from a car's socket into Kafka, at work. */
export interface Way {
  /** Where cars connect. */
  port: number;
  /** Its processes by name; Kafka is measured beside them. */
  pids: Record<string, number>;
  stop(): Promise<void>;
}

export interface WayOptions {
  broker: string;
  /** Before its topics' names: each way has its own. */
  prefix: string;
  /** For what it keeps on disk. */
  folder: string;
  run: string;
  fleetSecret: string;
}

const cli = fileURLToPath(new URL('../../testbed/cli/main.ts', import.meta.url));
const forwarderFile = fileURLToPath(new URL('forwarder.ts', import.meta.url));
const edgeSecret = 'the edge secret of a benchmark';
const edge = 'edge-1';
const stopPatienceMs = 15_000;

/** Debian keeps servers in /usr/sbin, which is not on every user's path. */
export const mosquitto = [...(process.env['PATH'] ?? '').split(path.delimiter), '/usr/sbin']
  .map((folder) => path.join(folder, 'mosquitto'))
  .find((file) => existsSync(file));

const running = new Set<ChildProcess>();
// A benchmark that fails half-way leaves nothing behind.
process.once('exit', () => running.forEach((child) => child.kill('SIGKILL')));

/** fleetbed's own: edge agent, bridge. Its outbox lies in the folder. */
export async function startFleetbedWay(options: WayOptions): Promise<Way> {
  const { broker, prefix, folder, run, fleetSecret } = options;
  const [port, edges] = [await pickPort(), await pickPort()];
  const bridge = await started(
    [cli, 'bridge', '--run', run, '--listen-port', String(edges), '--kafka-brokers', broker].concat(
      prefix === '' ? [] : ['--kafka-topic-prefix', prefix],
    ),
    'takes frames',
    { FLEETBED_EDGE_SECRET: edgeSecret },
  );
  const agent = await started(
    [
      ...[cli, 'edge', '--run', run, '--edge', edge, '--listen-port', String(port)],
      ...['--uplink-bridges', `127.0.0.1:${edges}`, '--data-dir', path.join(folder, edge)],
    ],
    'takes cars',
    { FLEETBED_FLEET_SECRET: fleetSecret, FLEETBED_UPLINK_PASSWORD: password(edgeSecret, edge) },
  );
  return wayOf(port, { edge: agent, bridge });
}

/** A broker in one process with an idempotent producer, acknowledging after Kafka. */
export async function startForwarder({ broker, prefix }: WayOptions): Promise<Way> {
  const port = await pickPort();
  const args = [forwarderFile, '--listen', String(port), '--kafka', broker, '--prefix', prefix];
  return wayOf(port, { forwarder: await started(args, 'takes messages') });
}

/** mosquitto, and behind it a subscriber with an idempotent producer: acknowledged from memory. */
export async function startMosquittoWay({ broker, prefix, folder }: WayOptions): Promise<Way> {
  if (mosquitto === undefined) throw new Error('mosquitto is not installed');
  const port = await pickPort();
  const config = path.join(folder, 'mosquitto.conf');
  // As much as it takes to lose nothing on purpose: no limit to what it queues for the forwarder.
  const settings = ['allow_anonymous true', 'set_tcp_nodelay true', 'max_queued_messages 0'];
  const lines = [`listener ${port} 127.0.0.1`, ...settings, 'max_inflight_messages 1000'];
  await writeFile(config, `${lines.join('\n')}\n`);
  const server = await started(['-c', config], 'running', {}, mosquitto);
  const args = [forwarderFile, '--from', String(port), '--kafka', broker, '--prefix', prefix];
  return wayOf(port, { mosquitto: server, forwarder: await started(args, 'takes messages') });
}

/** @param children in the order in which they are stopped */
function wayOf(port: number, children: Record<string, ChildProcess>): Way {
  return {
    port,
    pids: Object.fromEntries(Object.entries(children).map(([name, { pid }]) => [name, pid ?? 0])),
    async stop() {
      for (const child of Object.values(children)) {
        // One after the other: the edge drains into a bridge that is still there.
        await stopped(child);
      }
    },
  };
}

/** Resolves when it has said the words. @throws Error with all that it said, when it ends before */
async function started(
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

async function stopped(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const gone = new Promise<void>((resolve) => child.once('close', () => resolve()));
  child.kill('SIGTERM');
  const timer = setTimeout(() => child.kill('SIGKILL'), stopPatienceMs);
  await gone;
  clearTimeout(timer);
}
