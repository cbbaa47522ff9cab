import type { ChildProcess } from 'node:child_process';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { nodeArgs } from '#testbed/run/node-args.ts';
import { pickPort } from '#testbed/run/ports.ts';
import { processUsage } from '#testbed/run/resources.ts';
import { mosquitto, started, stopped } from './processes.ts';

/** A broker that cars of the benchmarks connect to, in a process of its own. */
export interface BenchBroker {
  name: string;
  port: number;
  /** So far. */
  cpuSeconds(): number;
  rssBytes(): number;
  stop(): Promise<void>;
}

export const benchRun = 'bench';
export const benchSecret = 'the fleet secret of a benchmark';

const cli = fileURLToPath(new URL('../testbed/cli/main.ts', import.meta.url));

/** mosquitto where it is installed, else an edge agent. */
export function startSomeBroker(): Promise<BenchBroker> {
  return mosquitto === undefined ? startEdge('edge-1') : startMosquitto(mosquitto);
}

async function startMosquitto(program: string): Promise<BenchBroker> {
  const port = await pickPort();
  const folder = await mkdtemp(path.join(os.tmpdir(), 'fleetbed-bench-'));
  const config = path.join(folder, 'mosquitto.conf');
  await writeFile(config, `listener ${port} 127.0.0.1\nallow_anonymous true\nset_tcp_nodelay true\n`);
  return brokerOf('mosquitto', port, await started(['-c', config], 'running', {}, program), folder);
}

/** An edge agent, as `run` starts one, that no bridge is there for: what it is sent stays in its outbox. */
export async function startEdge(edge: string): Promise<BenchBroker> {
  const port = await pickPort();
  const nobody = await pickPort();
  const folder = await mkdtemp(path.join(os.tmpdir(), 'fleetbed-bench-'));
  const agent = await started(
    [
      ...[...nodeArgs('edge'), cli, 'edge', '--run', benchRun, '--edge', edge, '--listen-port', String(port)],
      ...['--uplink-bridges', `127.0.0.1:${nobody}`, '--data-dir', folder],
    ],
    'takes cars',
    { FLEETBED_FLEET_SECRET: benchSecret, FLEETBED_UPLINK_PASSWORD: 'of no use' },
  );
  return brokerOf(edge, port, agent, folder);
}

function brokerOf(name: string, port: number, child: ChildProcess, folder: string): BenchBroker {
  const usage = (): { cpuSeconds: number; rssBytes: number } => {
    const now = processUsage(child.pid ?? 0);
    if (!now) throw new Error(`${name} has ended, or this system has no /proc`);
    return now;
  };
  return {
    name,
    port,
    cpuSeconds: () => usage().cpuSeconds,
    rssBytes: () => usage().rssBytes,
    async stop() {
      await stopped(child);
      await rm(folder, { recursive: true, force: true });
    },
  };
}
