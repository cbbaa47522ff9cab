import { fork } from 'node:child_process';
import { existsSync } from 'node:fs';
import path from 'node:path';
import { parseArgs } from 'node:util';
import { startEdge, startSomeBroker, type BenchBroker } from './brokers.ts';
import type { FromLoad, LoadTask } from './clients/load.ts';
import type { Kind } from './clients/kinds.ts';

/**
 * What a connected car costs its machine, beside other clients on the same broker in the same run: resident memory per
 * connection and CPU-seconds per 1,000 messages of about 870 bytes, sent by the clock. Each kind has a process of its own, one
 * after the other, round after round; medians stand. mosquitto_pub is a process a client.
 *
 *     npm run bench:clients [-- --clients 2000 --messages 10 --rounds 3 --qos 1 --broker edge]
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
  brokerBytesPerClient: number;
  cpuSecondsPerThousand: number;
}

const broker = values.broker === 'edge' ? await startEdge('edge-1') : await startSomeBroker();
const kinds: Kind[] = ['cars', 'mqtt.js'];
// What is no telemetry would be a dead letter at an edge.
if (broker.name === 'mosquitto' && isInstalled('mosquitto_pub')) kinds.push('mosquitto_pub');
const write = (text: string): boolean => process.stdout.write(`${text}\n`);
try {
  for (const qos of qosLevels) {
    const figures = new Map<Kind, Figure[]>(kinds.map((kind) => [kind, []]));
    for (let round = 1; round <= rounds; round++) {
      for (const kind of kinds) figures.get(kind)?.push(await measured(broker, kind, qos));
    }
    print(figures, qos);
  }
} finally {
  await broker.stop();
}

async function measured(to: BenchBroker, kind: Kind, qos: 0 | 1): Promise<Figure> {
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

function print(figures: ReadonlyMap<Kind, Figure[]>, qos: 0 | 1): void {
  const median = (kind: Kind, of: (figure: Figure) => number): number =>
    (figures.get(kind) ?? []).map(of).toSorted((a, b) => a - b)[Math.floor(rounds / 2)] ?? Number.NaN;
  const memory = (kind: Kind): number => median(kind, (figure) => figure.bytesPerClient);
  const cpu = (kind: Kind): number => median(kind, (figure) => figure.cpuSecondsPerThousand);
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
