import type { ChildProcess } from 'node:child_process';
import { writeFile } from 'node:fs/promises';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { password } from '#contract/identity.ts';
import { pickPort } from '#testbed/run/ports.ts';
import { mosquitto, started, stopped } from '../processes.ts';

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
