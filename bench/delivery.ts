import { existsSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { topicName } from '#contract/topics.ts';
import { createLog } from '#runtime/log.ts';
import { startLocalKafka } from '#testbed/run/kafka/local-kafka.ts';
import { pickPort } from '#testbed/run/ports.ts';
import { processUsage } from '#testbed/run/resources.ts';
import { connectKafka, kafkaConfig } from '#wire/kafka.ts';
import { ensureTopics } from '#wire/kafka-topics.ts';
import { watchArrivals } from './delivery/arrivals.ts';
import { connectLoad } from './delivery/load.ts';
import {
  startFleetbedWay,
  startForwarder,
  startMosquittoWay,
  type Way,
  type WayOptions,
} from './delivery/ways.ts';
import { mosquitto } from './processes.ts';

/**
 * The price of the guarantee: messages a second and CPU-seconds per 1,000 messages from the car's socket to Kafka at full
 * speed, beside ways that promise less. Every way gets the same cars, the same bytes and the same Kafka; a first part of
 * the messages warms it up and is not counted. A message has arrived when a read_committed reader has it, which every way has. Rounds go through all ways in turn; each way's median round stands.
 *
 *     npm run bench:delivery [-- messages a car]
 */
const cars = 100;
const window = 32;
const messagesPerCar = Number(process.argv[2] ?? 400);
const warmUpPerCar = 100;
const rounds = 3;
const memoryFolder = '/dev/shm';

interface Figure {
  perSecond: number;
  /** CPU-seconds per 1,000 messages by process, Kafka's included. */
  cpu: Record<string, number>;
  total: number;
}

const ways: [name: string, start: (options: WayOptions) => Promise<Way>, base: string][] = [
  ['forwarder', startForwarder, os.tmpdir()],
  ['fleetbed', startFleetbedWay, os.tmpdir()],
];
if (existsSync(memoryFolder)) ways.push(['fleetbed, outbox in memory', startFleetbedWay, memoryFolder]);
if (mosquitto === undefined) process.stderr.write('left out: mosquitto is not installed\n');
else ways.push(['mosquitto + forwarder', startMosquittoWay, os.tmpdir()]);

const folder = await mkdtemp(path.join(os.tmpdir(), 'fleetbed-bench-'));
const local = await startLocalKafka({
  dataDir: path.join(folder, 'data'),
  logFile: path.join(folder, 'kafka.log'),
  pickPort,
  onProgress: () => undefined,
});
try {
  const log = createLog({ component: 'bench', level: 'silent' });
  const kafka = connectKafka(kafkaConfig.parse({ brokers: local.brokers }), log);
  const figures = new Map<string, Figure[]>();
  for (let round = 1; round <= rounds; round++) {
    for (const [name, start, base] of ways) {
      const prefix = `r${round}.w${figures.size}.${name.replaceAll(/\W/g, '')}.`;
      const tieredStorage = false;
      await ensureTopics(kafka, { prefix, given: false, tieredStorage, segmentBytes: 64 * 1024 * 1024 });
      const own = await mkdtemp(path.join(base, 'fleetbed-bench-way-'));
      try {
        const figure = await measured(start, prefix, own);
        const all = figures.get(name) ?? [];
        figures.set(name, [...all, figure]);
        process.stderr.write(`round ${round}: ${name}: ${Math.round(figure.perSecond)} messages/s\n`);
      } finally {
        await rm(own, { recursive: true, force: true });
      }
    }
  }
  print(figures);

  async function measured(start: typeof startForwarder, prefix: string, own: string): Promise<Figure> {
    const run = 'bench';
    const fleetSecret = 'the fleet secret of a benchmark';
    const arrivals = await watchArrivals(kafka, topicName('fleet.telemetry', prefix));
    const way = await start({ broker: local.brokers[0] ?? '', prefix, folder: own, run, fleetSecret });
    const load = await connectLoad({ port: way.port, run, fleetSecret, cars, window });
    try {
      await load.send(warmUpPerCar);
      await arrivals.reach(cars * warmUpPerCar);
      const pids = { ...way.pids, kafka: local.pid };
      const before = cpuOf(pids);
      const startedAt = performance.now();
      await load.send(messagesPerCar);
      await arrivals.reach(cars * (warmUpPerCar + messagesPerCar));
      const seconds = (performance.now() - startedAt) / 1000;
      const after = cpuOf(pids);
      const messages = cars * messagesPerCar;
      const perThousand = Object.keys(pids).map((name): [string, number] => [
        name,
        (((after[name] ?? 0) - (before[name] ?? 0)) / messages) * 1000,
      ]);
      const total = perThousand.reduce((sum, [, cost]) => sum + cost, 0);
      return { perSecond: messages / seconds, cpu: Object.fromEntries(perThousand), total };
    } finally {
      load.end();
      await way.stop();
      await arrivals.stop();
    }
  }
} finally {
  await local.stop();
  await rm(folder, { recursive: true, force: true });
}

function cpuOf(pids: Record<string, number>): Record<string, number> {
  return Object.fromEntries(
    Object.entries(pids).map(([name, pid]) => [name, processUsage(pid)?.cpuSeconds ?? Number.NaN]),
  );
}

function median(figures: readonly Figure[]): Figure | undefined {
  return figures.toSorted((a, b) => a.perSecond - b.perSecond)[Math.floor(figures.length / 2)];
}

function print(figures: ReadonlyMap<string, Figure[]>): void {
  const write = (text: string): boolean => process.stdout.write(`${text}\n`);
  const reference = median(figures.get('forwarder') ?? []);
  if (!reference) throw new Error('the reference was not measured');
  const parts = (cpu: Record<string, number>): string =>
    Object.entries(cpu)
      .map(([name, seconds]) => `${name} ${seconds.toFixed(3)}`)
      .join(', ');
  write(`\n${cars * messagesPerCar} messages of ${cars} cars, QoS 1, full speed, median of ${rounds} rounds`);
  write('\n  way                          messages/s   time   CPU-s per 1,000    CPU   of it');
  for (const [name, all] of figures) {
    const figure = median(all);
    if (!figure) continue;
    const time = `x ${(reference.perSecond / figure.perSecond).toFixed(2)}`;
    const cpu = `x ${(figure.total / reference.total).toFixed(2)}`;
    const rate = String(Math.round(figure.perSecond)).padStart(11);
    write(
      `  ${name.padEnd(28)}${rate}${time.padStart(9)}${figure.total.toFixed(3).padStart(16)}${cpu.padStart(9)}   ${parts(figure.cpu)}`,
    );
  }
  write(
    '\ntime, CPU: as multiples of the forwarder, which has no disk and takes nothing while Kafka is away.',
  );
}
