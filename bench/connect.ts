import { fork, type ChildProcess } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { machineLimits } from '#testbed/run/machine-limits.ts';
import { nodeArgs } from '#testbed/run/node-args.ts';
import { pickPort } from '#testbed/run/ports.ts';
import { processUsage } from '#testbed/run/resources.ts';
import { startEdge } from './brokers.ts';
import type { ConnectTask, FromConnect } from './connect/client.ts';
import { started, stopped } from './processes.ts';

/**
 * What it takes to connect a fleet: time and CPU of both ends until the last car is accepted (TCP, CONNECT with password,
 * CONNACK), beside as many bare TCP connections in the same run, and beside as many that exchange as many bytes each way and do nothing
 * else: what the kernel and Node's streams take. Rounds in turns, in fresh processes; the median of the ratios stands, round by
 * round.
 *
 *     npm run bench:connect [-- --cars 5000 --edges 2 --rounds 5]
 *     npm run bench:connect -- --cars 100000 --edges 8 --rounds 3
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
/** Code is compiled by then, at both ends. */
const warmUpConnections = 1000;
/** Under way at a time: fewer than a listener keeps waiting, or the kernel would send SYNs again after a second. */
const opening = 200;

interface Server {
  port: number;
  cpuSeconds(): number;
  stop(): Promise<void>;
}

interface Figure {
  seconds: number;
  cpuSeconds: number;
}

type Round = Record<ConnectTask['kind'], Figure>;
const measuredRounds: Round[] = [];
for (let round = 0; round < rounds; round++) {
  const tcp = await measured('tcp', startListener);
  const exchange = await measured('exchange', startListener);
  const cars = await measured('cars', (index) => startEdge(`edge-${index + 1}`));
  measuredRounds.push({ tcp, exchange, cars });
}
print();

async function measured(
  kind: ConnectTask['kind'],
  start: (index: number) => Promise<Server>,
): Promise<Figure> {
  const servers: Server[] = [];
  const clients: ChildProcess[] = [];
  try {
    for (let index = 0; index < edges; index++) servers.push(await start(index));
    const ports = servers.map(({ port }) => port);
    const cpu = (): number => servers.reduce((sum, server) => sum + server.cpuSeconds(), 0);
    for (const task of tasks(kind, ports)) clients.push(startClient(task));
    await Promise.all(clients.map(heard));
    const before = cpu();
    const measuring = clients.map(heard);
    for (const client of clients) client.send('go on');
    const figures = (await Promise.all(measuring)) as Figure[];
    return {
      seconds: Math.max(...figures.map(({ seconds }) => seconds)),
      cpuSeconds: figures.reduce((sum, { cpuSeconds }) => sum + cpuSeconds, cpu() - before),
    };
  } finally {
    await Promise.all(clients.map(stopped));
    for (const server of servers) await server.stop();
  }
}

/** As many processes as a run would have for so many cars. */
function tasks(kind: ConnectTask['kind'], ports: number[]): ConnectTask[] {
  const clients = Math.ceil(connections / machineLimits().carsPerProcess);
  const warmUp = Math.ceil(warmUpConnections / clients);
  return Array.from({ length: clients }, (_, index) => {
    const from = Math.floor((connections * index) / clients);
    const until = Math.floor((connections * (index + 1)) / clients);
    const first = from + index * warmUp;
    return { kind, ports, first, connections: until - from, warmUp, opening: Math.ceil(opening / clients) };
  });
}

function startClient(task: ConnectTask): ChildProcess {
  return fork(new URL('connect/client.ts', import.meta.url), [JSON.stringify(task)], {
    execArgv: nodeArgs('simulate'),
  });
}

/** The next thing that it says. @throws Error when it ends before */
function heard(client: ChildProcess): Promise<FromConnect> {
  return new Promise((resolve, reject) => {
    const closed = (code: number | null): void => reject(new Error(`a client ended with ${code}`));
    client.once('close', closed);
    client.once('message', (message: FromConnect) => {
      client.off('close', closed);
      resolve(message);
    });
  });
}

async function startListener(): Promise<Server> {
  const port = await pickPort();
  const child = await started(
    [...nodeArgs('edge'), fileURLToPath(new URL('connect/listener.ts', import.meta.url)), String(port)],
    'listens',
  );
  return {
    port,
    cpuSeconds: () => processUsage(child.pid ?? 0)?.cpuSeconds ?? Number.NaN,
    stop: () => stopped(child),
  };
}

function print(): void {
  const median = (of: (round: Round) => number): number =>
    measuredRounds.map(of).toSorted((a, b) => a - b)[Math.floor(rounds / 2)] ?? Number.NaN;
  const write = (text: string): boolean => process.stdout.write(`${text}\n`);
  write(`${connections} connections to ${edges} servers, median of ${rounds} rounds\n`);
  write('                         seconds  ratio   CPU-seconds  ratio   CPU-us a connection');
  const column = (value: number, width: number, digits = 2): string => value.toFixed(digits).padStart(width);
  const row = (name: string, kind: ConnectTask['kind']): void => {
    const seconds = median((round) => round[kind].seconds);
    const ratio = median((round) => round[kind].seconds / round.tcp.seconds);
    const cpu = median((round) => round[kind].cpuSeconds);
    const cpuRatio = median((round) => round[kind].cpuSeconds / round.tcp.cpuSeconds);
    const times = column(seconds, 10) + column(ratio, 7);
    const cpus = column(cpu, 14) + column(cpuRatio, 7) + column((cpu / connections) * 1e6, 22, 0);
    write(`  ${name.padEnd(22)}${times}${cpus}`);
  };
  row('bare TCP', 'tcp');
  row('TCP and an exchange', 'exchange');
  row('cars, accepted', 'cars');
}
