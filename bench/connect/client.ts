import { once } from 'node:events';
import net from 'node:net';
import { encodeConnect } from '#wire/connect-packet.ts';
import { keepAliveSeconds, kinds, nameOf, type Clients } from '../clients/kinds.ts';

/**
 * One process that opens many connections, the next as soon as one is up, and tells its parent what that took: bare TCP
 * connections, the same with an exchange of as many bytes as a car's CONNECT and its answer have, or cars that an edge accepts.
 */
export interface ConnectTask {
  kind: 'tcp' | 'exchange' | 'cars';
  ports: number[];
  /** Number of its first connection: each process has names of its own. */
  first: number;
  connections: number;
  /** Before its time is taken. */
  warmUp: number;
  /** Under way at a time. */
  opening: number;
}

export type FromConnect = 'warm' | { seconds: number; cpuSeconds: number };

const host = '127.0.0.1';

const task = JSON.parse(process.argv[2] ?? '') as ConnectTask;
const { kind, ports, opening } = task;
let next = task.first;
process.once('disconnect', () => process.exit());
const open = kind === 'cars' ? await cars() : bare(kind === 'exchange' ? carsConnect() : undefined);
// Code is compiled by then, at both ends.
await openUpTo(task.first + task.warmUp);
tell('warm');
// The parent has looked at its servers by then.
await once(process, 'message');
const startedAt = performance.now();
const before = process.cpuUsage();
await openUpTo(task.first + task.warmUp + task.connections);
const { user, system } = process.cpuUsage(before);
const seconds = (performance.now() - startedAt) / 1000;
// And holds them until it is ended.
tell({ seconds, cpuSeconds: (user + system) / 1e6 });

async function openUpTo(count: number): Promise<void> {
  const one = async (): Promise<void> => {
    while (next < count) await open(next++);
  };
  await Promise.all(Array.from({ length: opening }, one));
}

function tell(message: FromConnect): void {
  process.send?.(message);
}

type Open = (connection: number) => Promise<unknown>;

/** @param question resolves with its answer; with none, with the connection */
function bare(question?: Buffer): Open {
  const buffer = Buffer.alloc(1024);
  return (connection) =>
    new Promise<void>((resolve, reject) => {
      const port = ports[connection % ports.length] ?? 0;
      const callback = (): boolean => {
        resolve();
        return true;
      };
      const connected = question === undefined ? resolve : (): unknown => socket.write(question);
      const socket = net.connect({ host, port, noDelay: true, onread: { buffer, callback } }, connected);
      socket.once('error', reject);
    });
}

function carsConnect(): Buffer {
  return encodeConnect({ ...nameOf(0), keepAliveSeconds, cleanSession: true, will: undefined });
}

async function cars(): Promise<Open> {
  const fleets: Clients[] = [];
  for (const port of ports) fleets.push(await kinds.cars({ port, clients: task.connections, qos: 1 }));
  return (connection) => fleets[connection % ports.length]?.connect(connection) ?? Promise.reject();
}
