import assert from 'node:assert/strict';
import { existsSync, readdirSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import path from 'node:path';
import { test } from 'node:test';
import { createLog } from '#runtime/log.ts';
import { readReleases } from '#cloud/release-shelf.ts';
import { readSummary, scratch, startFleetbed } from '#test/fleetbed.ts';
import { testKafka, type TestKafka } from '#test/kafka.ts';
import { secondSampleSchema } from '#testbed/verdict/second.ts';
import type { Summary } from '#testbed/verdict/summary.ts';
import { ensureTopics } from '#wire/kafka-topics.ts';
import { connectKafka, kafkaConfig, type Kafka } from '#wire/kafka.ts';

/**
 * Readers that fall behind what the broker's own disk still has. The messages are large (100 readings), so that segments
 * of 1 MiB fill within seconds; a segment leaves the broker's disk a second after it is full.
 */
const behind = `
name: behind
seed: 5
fleet: { interval: 1s, readingsPerMessage: 100, qos: 1, speedup: 50, start: warm }
stages: [{ for: 44s, cars: 400 }]
edges: { count: 2 }
training: { at: [16s], detector: autoencoder, history: { since: start } }
timeline: [{ at: 3s, for: 15s, pause: ledger }]
thresholds:
  delivery.lost: '== 0'
  delivery.duplicated: '== 0'
  delivery.reordered: '== 0'
  lag.ledger.peakRecords: '> 1000'
  lag.ledger.endRecords: '== 0'
`;

const sizes = { localRetentionMs: 1000, segmentBytes: 1024 * 1024 };
const telemetry = 'fleet.telemetry';
const partitions = [0, 1, 2, 3, 4, 5];

/** First offset of each partition that the broker's own disk still has, looked up again and again. */
class OldestLocal {
  readonly #dataDir: string;
  readonly #seen: { at: number; offsets: number[] }[] = [];
  readonly #timer: NodeJS.Timeout;

  constructor({ dataDir }: TestKafka) {
    this.#dataDir = dataDir;
    this.#timer = setInterval(() => this.#look(), 100);
  }

  /** As it was at a time, ms since 1970. */
  asOf(at: number): number[] {
    return this.#seen.findLast((seen) => seen.at <= at)?.offsets ?? [];
  }

  stop(): void {
    clearInterval(this.#timer);
  }

  #look(): void {
    const folders = partitions.map((partition) =>
      path.join(this.#dataDir, 'log', `${telemetry}-${partition}`),
    );
    // A topic that was just created has none yet.
    if (!folders.every(existsSync)) return;
    const offsets = folders.map((folder) => {
      const files = readdirSync(folder);
      const segments = files.filter((file) => file.endsWith('.log'));
      return Math.min(...segments.map((file) => Number.parseInt(file, 10)));
    });
    this.#seen.push({ at: Date.now(), offsets });
  }
}

/** The first offset of each partition that was appended at this time or later. */
async function offsetsSince(kafka: Kafka, at: number): Promise<number[]> {
  const admin = kafka.admin();
  await admin.connect();
  const found = await retried(async () => admin.fetchTopicOffsetsByTimestamp(telemetry, at));
  await admin.disconnect();
  return partitions.map((wanted) =>
    Number(found.find(({ partition }) => partition === wanted)?.offset ?? -1),
  );
}

/**
 * Kafka 4.3 answers REQUEST_TIMED_OUT at once when a search in the tier ends between two looks at it
 * (DelayedRemoteListOffsets.tryComplete). It calls that retriable, and our readers retry it.
 */
async function retried<T>(ask: () => Promise<T>): Promise<T> {
  for (let tries = 1; ; tries++) {
    try {
      return await ask();
    } catch (error) {
      if (tries === 10 || !(error instanceof Error && 'retriable' in error && error.retriable)) throw error;
    }
  }
}

test(
  'a ledger and a trainer that are behind the broker’s own disk read on from tiered storage, and miss nothing',
  { timeout: 300_000 },
  async (context) => {
    await using folder = await scratch();
    const local = await testKafka();
    const config = kafkaConfig.parse({ brokers: local.brokers });
    const kafka = connectKafka(config, createLog({ component: 'test', level: 'silent' }));
    await ensureTopics(kafka, { prefix: '', given: false, tieredStorage: true, ...sizes });
    const oldestLocal = new OldestLocal(local);
    try {
      const scenario = await folder.file('behind.yaml', behind);
      const out = path.join(folder.dir, 'out');
      const run = startFleetbed(['run', scenario, '--out', out, '--kafka', local.brokers.join(',')]);
      const ended = await run.ended;
      assert.equal(ended.code, 0, ended.stdout + ended.stderr);
      const summary = await readSummary(out);
      assertComplete(summary);
      const startedAt = Date.parse(summary.run.startedAt);

      const [pause] = summary.faults;
      assert.ok(pause?.endedAt);
      assert.deepEqual([pause.kind, pause.target], ['pause', 'ledger']);
      // What was fetched when it was paused may be a fetch's wait older.
      const stoodAt = await offsetsSince(kafka, startedAt + pause.at * 1000 + 1000);
      const fromTier = beyond(stoodAt, oldestLocal.asOf(startedAt + pause.endedAt * 1000));
      assert.ok(fromTier.length > 0, 'the broker still had all that the ledger had not read');

      const trainedFrom = await offsetsSince(kafka, startedAt);
      const atTraining = beyond(trainedFrom, oldestLocal.asOf(startedAt + 16_000));
      assert.equal(atTraining.length, partitions.length);
      const [release] = summary.releases;
      assert.ok(release, `no release: ${summary.training.refused.join(', ')}`);
      const shelf = await readReleases(kafka, { run: summary.run.id, topicPrefix: '' });
      const offsets = shelf.manifests().find(({ id }) => id === release.id)?.training.offsets ?? [];
      const history = sum(offsets.map(({ from, to }) => Number(to) - Number(from)));
      assert.ok(offsets.every(({ partition, from }) => Number(from) <= (trainedFrom[partition] ?? 0)));
      assert.equal(summary.lag.trainer?.peakRecords, history);

      const lags = await ledgerLags(out);
      assert.ok(Math.max(...lags) > 0.5 * summary.lag.ledger.peakRecords);
      context.diagnostic(
        `ledger ${summary.lag.ledger.peakRecords} offsets and ${summary.lag.ledger.peakMs} ms behind, at least ` +
          `${sum(fromTier)} of them in the tier alone; trainer ${history} behind, ${sum(atTraining)} in the tier alone`,
      );
    } finally {
      oldestLocal.stop();
      await local.stop();
    }
  },
);

function assertComplete({ delivery, lag }: Summary): void {
  assert.ok(delivery.sent > 5000, `only ${delivery.sent} messages were sent`);
  assert.equal(delivery.stored, delivery.sent);
  assert.equal(lag.ledger.endRecords, 0);
  // What came into Kafka in 14 s, markers left out.
  assert.ok(lag.ledger.peakRecords > delivery.sent / 4, `${lag.ledger.peakRecords} of ${delivery.sent}`);
  assert.ok(lag.ledger.peakMs >= 14_000, `${lag.ledger.peakMs} ms`);
}

/** How many offsets of each partition are on no local disk, of partitions that have some. */
function beyond(positions: readonly number[], oldest: readonly number[]): number[] {
  return positions.map((position, index) => (oldest[index] ?? 0) - position).filter((count) => count > 0);
}

async function ledgerLags(out: string): Promise<number[]> {
  const lines = (await readFile(path.join(out, 'metrics.ndjson'), 'utf8')).trim().split('\n');
  return lines.map((line) => secondSampleSchema.parse(JSON.parse(line)).ledgerLagRecords);
}

function sum(counts: readonly number[]): number {
  return counts.reduce((all, count) => all + count, 0);
}
