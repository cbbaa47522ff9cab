import { fork } from 'node:child_process';
import { existsSync } from 'node:fs';
import path from 'node:path';
import { parseArgs } from 'node:util';
import { startEdge, startSomeBroker, type BenchBroker } from './brokers.ts';
import type { FromLoad, LoadTask } from './clients/load.ts';
import type { Kind } from './clients/kinds.ts';
import { findTool, measureTool, toolNames, type Tool } from './clients/tools.ts';

/**
 * What a connected car costs its machine, beside other clients on the same broker in the same run: resident memory per
 * connection and CPU-seconds per 1,000 messages of about 870 bytes, sent by the clock. Each kind has a process of its own, one
 * after the other, round after round; medians stand. mosquitto_pub is a process a client; k6 and Locust come along where they
 * are found.
 *
 *     npm run bench:clients [-- --clients 2000 --messages 10 --rounds 3 --qos 1 --broker edge --k6 FILE --locust FILE]
 *
 * The broker is mosquitto where it is installed, or with `--broker edge` an edge agent: that shows both ends.
 */
const { values } = parseArgs({
  options: {
    clients: { type: 'string', default: '2000' },
    messages: { type: 'string', default: '10' },
    rounds: { type: 'string', default: '3' },
    qos: { type: 'string' },
    broker: { type: 'string' },
    k6: { type: 'string' },
    locust: { type: 'string' },
  },
});
const clients = Number(values.clients);
const messagesPerClient = Number(values.messages);
const rounds = Number(values.rounds);
const qosLevels = values.qos === undefined ? ([1, 0] as const) : ([values.qos === '0' ? 0 : 1] as const);
const messagesPerSecond = 2000;
/** Of mosquitto_pub, which is a process a client. */
const processes = Math.min(100, clients);

interface Figure {
  bytesPerClient: number;
  /** Of tools undefined. */
  brokerBytesPerClient?: number;
  cpuSecondsPerThousand: number;
}

const broker = values.broker === 'edge' ? await startEdge('edge-1') : await startSomeBroker();
const kinds: (Kind | Tool)[] = ['cars', 'mqtt.js'];
const write = (text: string): boolean => process.stdout.write(`${text}\n`);
// What is no telemetry would be a dead letter at an edge, and what was sent before no message.
if (broker.name === 'mosquitto') {
  if (isInstalled('mosquitto_pub')) kinds.push('mosquitto_pub');
  else write('mosquitto_pub is left out: it is not installed');
  for (const name of toolNames) {
    const tool = await findTool(name, values[name]);
    write(typeof tool === 'string' ? `${name} is left out: ${tool}` : tool.version);
    if (typeof tool !== 'string') kinds.push(tool);
  }
}
try {
  for (const qos of qosLevels) {
    const figures = new Map<string, Figure[]>(kinds.map((kind) => [nameOf(kind), []]));
    for (let round = 1; round <= rounds; round++) {
      for (const kind of kinds) {
        const figure = await measured(broker, kind, qos);
        if (figure) figures.get(nameOf(kind))?.push(figure);
      }
    }
    print(figures, qos);
  }
} finally {
  await broker.stop();
}

function nameOf(kind: Kind | Tool): string {
  return typeof kind === 'string' ? kind : kind.name;
}

/** A tool that did not do what it was told has no figure in this round; it does not end the others'. */
async function measured(to: BenchBroker, kind: Kind | Tool, qos: 0 | 1): Promise<Figure | undefined> {
  if (typeof kind !== 'string') {
    const load = { port: to.port, clients, qos, messagesPerClient, messagesPerSecond };
    return measureTool(kind, load).catch((error: unknown) => {
      write(
        `${kind.name} has no figure in this round: ${error instanceof Error ? error.message : String(error)}`,
      );
      return undefined;
    });
  }
  const isProcess = kind === 'mosquitto_pub';
  const count = isProcess ? processes : clients;
  // Fewer clients send more each: the same number of messages.
  const each = isProcess ? Math.round((clients * messagesPerClient) / count) : messagesPerClient;
  const task: LoadTask = {
    kind,
    port: to.port,
    clients: count,
    qos,
    messagesPerClient: each,
    messagesPerSecond,
  };
  let before = Number.NaN;
  let brokerBytesPerClient = Number.NaN;
  const file = new URL('clients/load.ts', import.meta.url);
  const child = fork(file, [JSON.stringify(task)], { execArgv: ['--expose-gc'] });
  return new Promise((resolve, reject) => {
    let done: Extract<FromLoad, { type: 'done' }> | undefined;
    child.on('message', (message: FromLoad) => {
      if (message.type === 'warm') before = to.rssBytes();
      else if (message.type === 'connected')
        brokerBytesPerClient = (to.rssBytes() - before) / message.clients;
      else done = message;
    });
    child.once('error', reject);
    child.once('close', (code) => {
      if (!done) return reject(new Error(`${kind}: the process ended with ${code}`));
      const { bytesPerClient, cpuSecondsPerThousand } = done;
      return resolve({ bytesPerClient, cpuSecondsPerThousand, brokerBytesPerClient });
    });
  });
}

function print(figures: ReadonlyMap<string, Figure[]>, qos: 0 | 1): void {
  const median = (kind: string, of: (figure: Figure) => number): number => {
    const sorted = (figures.get(kind) ?? []).map(of).toSorted((a, b) => a - b);
    return sorted[Math.floor(sorted.length / 2)] ?? Number.NaN;
  };
  const memory = (kind: string): number => median(kind, (figure) => figure.bytesPerClient);
  const cpu = (kind: string): number => median(kind, (figure) => figure.cpuSecondsPerThousand);
  // What the broker keeps of earlier connections is used again: only its first growth says what one costs.
  const atBroker = figures.get('cars')?.[0]?.brokerBytesPerClient ?? Number.NaN;
  write(
    `\nQoS ${qos}: ${clients} clients at ${broker.name}, ${messagesPerSecond} messages/s, median of ${rounds} rounds`,
  );
  write('\n  client          KB a connection   ratio   CPU-s per 1,000 messages   ratio');
  for (const kind of figures.keys()) {
    const kilobytes = (memory(kind) / 1000).toFixed(1).padStart(12);
    const seconds = cpu(kind).toFixed(4).padStart(20);
    const ratios = [memory(kind) / memory('cars'), cpu(kind) / cpu('cars')].map(
      (ratio) => `x ${ratio.toFixed(1)}`,
    );
    write(`  ${kind.padEnd(16)}${kilobytes}${ratios[0]?.padStart(11)}${seconds}${ratios[1]?.padStart(14)}`);
  }
  if (qos === qosLevels[0]) write(`\n  at ${broker.name}, a car's end: ${(atBroker / 1000).toFixed(1)} KB`);
}

function isInstalled(program: string): boolean {
  return (process.env['PATH'] ?? '')
    .split(path.delimiter)
    .some((folder) => existsSync(path.join(folder, program)));
}
