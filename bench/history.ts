import { mkdtemp, rm } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { readHistory, type HistoryQuery } from '#cloud/history.ts';
import { encodeOrigin, originHeader } from '#contract/origin.ts';
import { signals } from '#contract/signals.ts';
import { encodeTelemetry, type TelemetryBatch } from '#contract/telemetry.ts';
import { topicName } from '#contract/topics.ts';
import { featureCount, FeatureExtractor } from '#model/features.ts';
import { createLog } from '#runtime/log.ts';
import { startLocalKafka } from '#testbed/run/kafka/local-kafka.ts';
import { pickPort } from '#testbed/run/ports.ts';
import { connectKafka, kafkaConfig, type Kafka } from '#wire/kafka.ts';
import { readToEnd } from '#wire/kafka-reader.ts';
import { ensureTopics } from '#wire/kafka-topics.ts';

/**
 * How fast history comes out of Kafka on one core: fetched only, decoded to batches, and on to rows of features. CPU time
 * of this process is what counts, since Kafka works beside it; three rounds, the best of each way.
 *
 *     npm run bench:history
 */
const cars = 200;
const readingsPerCar = 2000;
const readingsPerMessage = 10;
const intervalMs = 1000;
const rounds = 3;
const run = 'bench';
const simStart = Date.UTC(2026, 0, 1);
const query: HistoryQuery = { run, topicPrefix: '' };

interface Figure {
  readings: number;
  cpuSeconds: number;
  seconds: number;
}

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
  await ensureTopics(kafka, {
    prefix: '',
    given: false,
    tieredStorage: true,
    segmentBytes: 64 * 1024 * 1024,
  });
  await produce(kafka);
  const ways = { fetched, decoded, features };
  const best = new Map<string, Figure>();
  for (let round = 0; round < rounds; round++) {
    for (const [name, way] of Object.entries(ways)) {
      const figure = await measured(async () => way(kafka));
      if (figure.cpuSeconds < (best.get(name)?.cpuSeconds ?? Infinity)) best.set(name, figure);
    }
  }
  print(best);
} finally {
  await local.stop();
  await rm(folder, { recursive: true, force: true });
}

async function produce(kafka: Kafka): Promise<void> {
  const producer = kafka.producer({ idempotent: true, maxInFlightRequests: 1 });
  await producer.connect();
  const messagesPerCar = readingsPerCar / readingsPerMessage;
  const headers = {
    [originHeader]: encodeOrigin({ run, edge: 'edge-1', epoch: 'a'.repeat(16), number: 1, stored: false }),
  };
  for (let seq = 1; seq <= messagesPerCar; seq++) {
    const messages = Array.from({ length: cars }, (_, car) => {
      const batch = batchOf(car, seq);
      return { key: batch.vin, value: encodeTelemetry(batch), headers };
    });
    await producer.send({ topic: topicName('fleet.telemetry'), messages });
  }
  await producer.disconnect();
}

function batchOf(car: number, seq: number): TelemetryBatch {
  const first = (seq - 1) * readingsPerMessage;
  return {
    vin: `BENCH${String(car).padStart(12, '0')}`,
    session: car + 1,
    seq,
    scheduledAt: Date.now(),
    simTime: simStart + first * intervalMs,
    intervalMs,
    columns: signals.map(({ range: { min, max } }, index) =>
      Float32Array.from({ length: readingsPerMessage }, (_, reading) => {
        const wave = Math.sin((first + reading) / (5 + index) + car);
        return min + (max - min) * (0.5 + 0.2 * wave);
      }),
    ),
  };
}

/** Takes the records apart as Kafka's protocol has them, and nothing else. */
async function fetched(kafka: Kafka): Promise<number> {
  let records = 0;
  await readToEnd(kafka, {
    topics: [topicName('fleet.telemetry')],
    onBatch: (batch) => void (records += batch.length),
    timeoutMs: 60_000,
  });
  return records * readingsPerMessage;
}

async function decoded(kafka: Kafka): Promise<number> {
  const { readings } = await readHistory(kafka, query, { onBatch: () => undefined });
  return readings;
}

async function features(kafka: Kafka): Promise<number> {
  const extractor = new FeatureExtractor();
  const slots = new Map<string, number>();
  const rows = new Float32Array(featureCount * readingsPerMessage);
  let readings = 0;
  await readHistory(kafka, query, {
    onBatch: (batch) => {
      let slot = slots.get(batch.vin);
      if (slot === undefined) slots.set(batch.vin, (slot = slots.size));
      readings += extractor.extract(slot, batch, rows, 0);
    },
  });
  return readings;
}

async function measured(way: () => Promise<number>): Promise<Figure> {
  const startedAt = performance.now();
  const before = process.cpuUsage();
  const readings = await way();
  const { user, system } = process.cpuUsage(before);
  return { readings, cpuSeconds: (user + system) / 1e6, seconds: (performance.now() - startedAt) / 1000 };
}

function print(best: ReadonlyMap<string, Figure>): void {
  const write = (text: string): boolean => process.stdout.write(`${text}\n`);
  const raw = best.get('fetched');
  if (raw?.readings !== cars * readingsPerCar) throw new Error(`fetched ${raw?.readings} readings`);
  write(`\n${raw.readings} readings of ${cars} cars, ${readingsPerMessage} a message, best of ${rounds}`);
  write('\n  to           readings/CPU-s   of fetching   readings/s by the clock');
  for (const [name, { readings, cpuSeconds, seconds }] of best) {
    if (readings !== raw.readings)
      throw new Error(`${name}: ${readings} readings instead of ${raw.readings}`);
    const rate = Math.round(readings / cpuSeconds).toLocaleString('en');
    const ratio = (raw.cpuSeconds / cpuSeconds).toFixed(2);
    const clock = Math.round(readings / seconds).toLocaleString('en');
    write(`  ${name.padEnd(10)} ${rate.padStart(16)} ${ratio.padStart(13)} ${clock.padStart(25)}`);
  }
}
