import { execFile, spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { chmod, mkdtemp, readFile, rm, stat, writeFile } from 'node:fs/promises';
import net from 'node:net';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { promisify } from 'node:util';
import type { TestBroker } from '#test/mqtt-broker.ts';
import { pickPort } from '#testbed/run/ports.ts';

const docs = new URL('../docs/external-broker/', import.meta.url);
/** Debian keeps the broker in /usr/sbin, which is not on every user's path. */
const env = { ...process.env, PATH: `${process.env['PATH']}:/usr/sbin:/usr/local/sbin` };

/** Who comes in by which door of docs/external-broker/mosquitto.conf, with their passwords. */
export interface MosquittoAccounts {
  edges?: Record<string, string>;
  bridges?: Record<string, string>;
  /** Runs of the testbed. */
  testbed?: Record<string, string>;
}

/** How it differs from what the documentation says. */
export interface MosquittoChanges {
  /** Messages that it keeps for a session; no limit unless set. */
  maxQueued?: number;
  /** Files: TLS for runs of the testbed. */
  tls?: { cert: string; key: string };
}

/** A mosquitto that is configured as docs/external-broker says, with other ports and folders. */
export async function startMosquitto(
  { edges = {}, bridges = {}, testbed = {} }: MosquittoAccounts,
  { maxQueued, tls }: MosquittoChanges = {},
): Promise<TestBroker & { runPort: number }> {
  const folder = await mkdtemp(path.join(tmpdir(), 'fleetbed-mosquitto-'));
  const [edgePort, bridgePort, runPort] = [await pickPort(), await pickPort(), await pickPort()];
  const example = await readFile(new URL('mosquitto.conf', docs), 'utf8');
  for (const [door, accounts] of Object.entries({ edges, bridges, testbed })) {
    const acl = `${door}.acl`;
    await writeFile(path.join(folder, acl), await readFile(new URL(acl, docs)));
    await addAccounts(path.join(folder, `${door}.passwd`), accounts);
  }
  // Its own figures come each second, so that a test need not wait for them.
  let config = example
    .replace('per_listener_settings true', 'per_listener_settings true\nsys_interval 1')
    .replaceAll('/var/lib/mosquitto/', `${folder}/`)
    .replaceAll('/etc/mosquitto/', `${folder}/`)
    .replace('listener 8883', `listener ${edgePort} 127.0.0.1`)
    .replace('listener 8884', `listener ${bridgePort} 127.0.0.1`)
    .replace('listener 1883', `listener ${runPort} 127.0.0.1`);
  if (maxQueued !== undefined)
    config = config.replace('max_queued_messages 0', `max_queued_messages ${maxQueued}`);
  // The door of runs is the last one: what stands behind it is its own.
  if (tls) config = `${config}\ncertfile ${tls.cert}\nkeyfile ${tls.key}\n`;
  const broker = await started(folder, config, { edgePort, bridgePort });
  return { ...broker, runPort };
}

async function started(
  folder: string,
  config: string,
  ports: { edgePort: number; bridgePort: number },
): Promise<TestBroker> {
  const file = path.join(folder, 'mosquitto.conf');
  const database = path.join(folder, 'mosquitto.db');
  // As root it would become another user, who may not read this folder.
  await writeFile(file, process.getuid?.() === 0 ? `user root\n${config}\n` : `${config}\n`);
  let child: ChildProcess;
  const start = async (): Promise<void> => {
    child = spawn('mosquitto', ['-c', file], { env, stdio: 'ignore' });
    while (!(await answers(ports.bridgePort))) {
      if (child.exitCode !== null) throw new Error(`mosquitto ended with ${child.exitCode}`);
      await delay(20);
    }
  };
  const kill = async (): Promise<void> => {
    if (child.exitCode !== null || child.signalCode !== null) return;
    const exited = once(child, 'exit');
    child.kill('SIGKILL');
    await exited;
  };
  await start();
  return {
    ...ports,
    start,
    kill,
    async save() {
      const before = await savedAt(database);
      child.kill('SIGUSR1');
      while ((await savedAt(database)) === before) await delay(20);
    },
    async forget() {
      await rm(database, { force: true });
    },
    async stop() {
      await kill();
      await rm(folder, { recursive: true, force: true });
    },
  };
}

async function savedAt(database: string): Promise<number> {
  try {
    return (await stat(database)).mtimeMs;
  } catch {
    return 0;
  }
}

async function addAccounts(file: string, accounts: Record<string, string>): Promise<void> {
  await writeFile(file, '');
  await chmod(file, 0o600);
  for (const [name, password] of Object.entries(accounts)) {
    await promisify(execFile)('mosquitto_passwd', ['-b', file, name, password], { env });
  }
}

/** Does somebody listen there? */
function answers(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = net.connect({ host: '127.0.0.1', port }, () => resolve(true));
    socket.once('error', () => resolve(false));
    socket.once('connect', () => socket.destroy());
  });
}
