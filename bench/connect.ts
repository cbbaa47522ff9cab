import { fork } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { pickPort } from '#testbed/run/ports.ts';
import { processUsage } from '#testbed/run/resources.ts';
import { startEdge } from './brokers.ts';
import type { ConnectTask, FromConnect } from './connect/client.ts';
import { started, stopped } from './processes.ts';

/**
 * What it takes to connect a fleet: time and CPU of both ends until the last car is accepted (TCP, CONNECT with password,
 * CONNACK), beside as many bare TCP connections in the same run. Rounds in turns, in fresh processes; the median of the ratios
 * stands, pair by pair.
 *
 *     npm run bench:connect [-- --cars 5000 --edges 2 --rounds 5]
 */
const { values } = parseArgs({
  options: {
    cars: { type: 'string', default: '5000' },
    edges: { type: 'string', default: '2' },
    rounds: { type: 'string', default: '5' },
  },
});
const connections = Number(values.cars);
const edges = Number(values.edges);
const rounds = Number(values.rounds);

interface Server {
  port: number;
  cpuSeconds(): number;
  stop(): Promise<void>;
}

interface Figure {
  seconds: number;
  cpuSeconds: number;
}

const pairs: Record<ConnectTask['kind'], Figure>[] = [];
for (let round = 0; round < rounds; round++) {
  const tcp = await measured('tcp', startListener);
  const cars = await measured('cars', (index) => startEdge(`edge-${index + 1}`));
  pairs.push({ tcp, cars });
}
print();

async function measured(
  kind: ConnectTask['kind'],
  start: (index: number) => Promise<Server>,
): Promise<Figure> {
  const servers: Server[] = [];
  try {
    for (let index = 0; index < edges; index++) servers.push(await start(index));
    const task: ConnectTask = { kind, ports: servers.map(({ port }) => port), connections };
    const cpu = (): number => servers.reduce((sum, server) => sum + server.cpuSeconds(), 0);
    let before = 0;
    const child = fork(new URL('connect/client.ts', import.meta.url), [JSON.stringify(task)]);
    return await new Promise<Figure>((resolve, reject) => {
      let figure: Figure | undefined;
      child.on('message', (message: FromConnect) => {
        if (message === 'warm') before = cpu();
        else figure = { seconds: message.seconds, cpuSeconds: message.cpuSeconds + cpu() - before };
        child.send('go on');
      });
      child.once('error', reject);
      child.once('close', (code) => {
        if (figure) resolve(figure);
        else reject(new Error(`${kind}: the process ended with ${code}`));
      });
    });
  } finally {
    for (const server of servers) await server.stop();
  }
}

async function startListener(): Promise<Server> {
  const port = await pickPort();
  const child = await started(
    [fileURLToPath(new URL('connect/listener.ts', import.meta.url)), String(port)],
    'listens',
  );
  return {
    port,
    cpuSeconds: () => processUsage(child.pid ?? 0)?.cpuSeconds ?? Number.NaN,
    stop: () => stopped(child),
  };
}

function print(): void {
  const median = (of: (pair: (typeof pairs)[number]) => number): number =>
    pairs.map(of).toSorted((a, b) => a - b)[Math.floor(rounds / 2)] ?? Number.NaN;
  const write = (text: string): boolean => process.stdout.write(`${text}\n`);
  const row = (name: string, seconds: number, cpu: number): void => {
    const each = ((cpu / connections) * 1e6).toFixed(0);
    write(
      `  ${name.padEnd(22)}${seconds.toFixed(2).padStart(8)}${cpu.toFixed(2).padStart(12)}${each.padStart(22)}`,
    );
  };
  write(`${connections} connections to ${edges} servers, median of ${rounds} rounds\n`);
  write('                         seconds   CPU-seconds   CPU-us a connection');
  row(
    'bare TCP',
    median(({ tcp }) => tcp.seconds),
    median(({ tcp }) => tcp.cpuSeconds),
  );
  row(
    'cars, accepted',
    median(({ cars }) => cars.seconds),
    median(({ cars }) => cars.cpuSeconds),
  );
  const time = median(({ tcp, cars }) => cars.seconds / tcp.seconds).toFixed(2);
  const cpu = median(({ tcp, cars }) => cars.cpuSeconds / tcp.cpuSeconds).toFixed(2);
  write(`  ratio                 x ${time}       x ${cpu}`);
}
