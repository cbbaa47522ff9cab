import { setTimeout as delay } from 'node:timers/promises';
import { messageOf } from '../car-messages.ts';
import { kinds, type Kind } from './kinds.ts';

/**
 * One process full of clients of one kind: connects them, sends by the clock, and tells its parent what that took. What is
 * sent is encoded beforehand, so that only the clients are measured.
 */
export interface LoadTask {
  kind: Kind;
  port: number;
  clients: number;
  qos: 0 | 1;
  messagesPerClient: number;
  messagesPerSecond: number;
}

export type FromLoad =
  | { type: 'warm' }
  | { type: 'connected'; clients: number }
  | { type: 'done'; bytesPerClient: number; cpuSecondsPerThousand: number };

const turnMs = 5;
const warmUpMessages = 5000;
/** Connections that wait for their answer at a time. */
const opening = 50;

const task = JSON.parse(process.argv[2] ?? '') as LoadTask;
const { clients, messagesPerClient } = task;
const payloads = Array.from({ length: clients }, (_, client) =>
  Array.from({ length: messagesPerClient }, (__, n) => messageOf(client, n + 1)),
);
const all = await kinds[task.kind](task);
/** They load what all of them share, and send until code is compiled: neither is counted. */
const first = Math.min(100, Math.ceil(clients / 2));
await connect(0, first);
await send(warmUpMessages, first);
await all.settled();
const alone = await memory();
tell({ type: 'warm' });
await connect(first, clients);
tell({ type: 'connected', clients: clients - first });
const before = cpu();
await send(clients * messagesPerClient, clients);
await all.settled();
const cpuSeconds = cpu() - before;
tell({
  type: 'done',
  bytesPerClient: ((await memory()) - alone) / (clients - first),
  cpuSecondsPerThousand: (cpuSeconds / (clients * messagesPerClient)) * 1000,
});
await all.end();
process.disconnect();

async function connect(from: number, to: number): Promise<void> {
  let next = from;
  const one = async (): Promise<void> => {
    while (next < to) await all.connect(next++);
  };
  await Promise.all(Array.from({ length: opening }, one));
}

/** Message n of them all is due at n / rate; the first `senders` clients take turns. */
function send(messages: number, senders: number): Promise<void> {
  const startedAt = performance.now();
  let sent = 0;
  return new Promise((resolve) => {
    const timer = setInterval(() => {
      const due = Math.min(messages, ((performance.now() - startedAt) / 1000) * task.messagesPerSecond);
      for (; sent < due; sent++) {
        const own = payloads[sent % senders]!;
        all.send(sent % senders, own[Math.floor(sent / senders) % own.length]!);
      }
      if (sent < messages) return;
      clearInterval(timer);
      resolve();
    }, turnMs);
  });
}

/** What lives, not what waits for the garbage collector. */
async function memory(): Promise<number> {
  if (all.usage) return all.usage().memoryBytes;
  globalThis.gc?.();
  await delay(200);
  return process.memoryUsage.rss();
}

function cpu(): number {
  if (all.usage) return all.usage().cpuSeconds;
  const { user, system } = process.cpuUsage();
  return (user + system) / 1e6;
}

function tell(message: FromLoad): void {
  process.send?.(message);
}
