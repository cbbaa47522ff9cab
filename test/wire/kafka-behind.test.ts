import assert from 'node:assert/strict';
import { randomFillSync } from 'node:crypto';
import { existsSync, readdirSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { createLog } from '#runtime/log.ts';
import { testKafka, type TestKafka } from '#test/kafka.ts';
import { until } from '#test/until.ts';
import { ensureTopics } from '#wire/kafka-topics.ts';
import { connectKafka, kafkaConfig, type Kafka } from '#wire/kafka.ts';
import { readTopics, type TopicReader } from '#wire/kafka-reader.ts';

const mebibyte = 1024 * 1024;
const recordBytes = 32 * 1024;
const log = createLog({ component: 'test', level: 'silent' });

describe('a reader that has fallen behind', { timeout: 180_000 }, () => {
  let local: TestKafka;
  let kafka: Kafka;
  const readers: TopicReader[] = [];

  before(async () => {
    local = await testKafka();
    kafka = connectKafka(kafkaConfig.parse({ brokers: local.brokers }), log);
  });
  after(async () => {
    for (const reader of readers) await reader.stop();
    await local.stop();
  });

  /** Numbers `from` to `to` in one partition, a transaction for every 16, each record 32 KiB of noise behind its number. */
  async function write(topic: string, partition: number, from: number, to: number): Promise<void> {
    const producer = kafka.producer({ transactionalId: `${topic}-${partition}`, maxInFlightRequests: 1 });
    await producer.connect();
    for (let first = from; first <= to; first += 16) {
      const transaction = await producer.transaction();
      const numbers = Array.from({ length: Math.min(16, to - first + 1) }, (_, n) => first + n);
      const messages = numbers.map((number) => {
        const value = randomFillSync(Buffer.allocUnsafe(recordBytes));
        value.writeUInt32BE(number);
        return { partition, value };
      });
      await transaction.send({ topic, messages });
      await transaction.commit();
    }
    await producer.disconnect();
  }

  function segmentsOf(folder: string): string[] {
    return existsSync(folder) ? readdirSync(folder).filter((file) => file.endsWith('.log')) : [];
  }

  /** First offset that the broker's own disk still has: what ListOffsets calls the earliest local one. */
  function oldestLocal(topic: string, partition: number): number {
    const segments = segmentsOf(join(local.dataDir, 'log', `${topic}-${partition}`));
    return Math.min(...segments.map((file) => Number.parseInt(file, 10)));
  }

  /** Of a topic's segments that are in the remote tier. */
  function tierBytes(topic: string): number {
    const all = readdirSync(join(local.dataDir, 'tier'), { recursive: true, encoding: 'utf8' });
    return all
      .filter((file) => file.includes(topic) && file.endsWith('.log'))
      .reduce((sum, file) => sum + statSync(join(local.dataDir, 'tier', file)).size, 0);
  }

  it('catches up from tiered storage: every record once, in order', async (context) => {
    const prefix = 'behind.';
    const topic = `${prefix}fleet.telemetry`;
    const sizes = { localRetentionMs: 1000, segmentBytes: mebibyte };
    await ensureTopics(kafka, { prefix, given: false, tieredStorage: true, ...sizes });
    const partitions = [0, 1];
    const numbers = new Map<number, number[]>(partitions.map((partition) => [partition, []]));
    const reader = await readTopics(kafka, {
      topics: [topic],
      from: 'beginning',
      onBatch: (records, { partition }) => {
        for (const { value } of records) numbers.get(partition)?.push(value?.readUInt32BE() ?? -1);
      },
    });
    readers.push(reader);
    const early = 32;
    for (const partition of partitions) await write(topic, partition, 1, early);
    await reader.reachEnd(20_000);
    reader.pause();
    const positions = reader.progress().map(({ position }) => position);
    const last = 3200;
    await Promise.all(partitions.map(async (partition) => write(topic, partition, early + 1, last)));
    for (const partition of partitions) {
      await until(() => oldestLocal(topic, partition) > (positions[partition] ?? 0) + 3000);
    }
    await until(() => reader.lag().records >= 2 * (last - early - 16));
    const remoteOnly = partitions.map(
      (partition) => oldestLocal(topic, partition) - (positions[partition] ?? 0),
    );
    reader.resume();
    await reader.reachEnd(60_000);
    for (const partition of partitions) {
      assert.deepEqual(
        numbers.get(partition),
        Array.from({ length: last }, (_, n) => n + 1),
        `partition ${partition}`,
      );
    }
    // What it read is gone from the broker's own disk, and has not come back.
    for (const partition of partitions) {
      assert.ok(oldestLocal(topic, partition) >= (positions[partition] ?? 0) + (remoteOnly[partition] ?? 0));
    }
    assert.equal(reader.lag().records, 0);
    assert.ok(reader.lag().peak.records >= 2 * (last - early - 16));
    context.diagnostic(
      `${inMb(2 * (last - early) * recordBytes)} behind, ${remoteOnly.join(' and ')} offsets on no local disk, ` +
        `${inMb(tierBytes(topic))} in the tier`,
    );
  });

  it('reads its partitions in turns, and holds one fetch at a time, however far it is behind', async (context) => {
    const topic = 'turns';
    const partitions = Array.from({ length: 12 }, (_, partition) => partition);
    const admin = kafka.admin();
    await admin.connect();
    await admin.createTopics({
      topics: [{ topic, numPartitions: partitions.length }],
      waitForLeaders: false,
    });
    await admin.disconnect();
    // Twelve times 25 MB, where a partition gives 4 and a fetch 32.
    for (const partition of partitions) await write(topic, partition, 1, 768);
    const order: number[] = [];
    const handed = { largestBytes: 0, bytes: 0 };
    const buffers = { beforeBytes: process.memoryUsage().arrayBuffers, peakBytes: 0 };
    const reader = await readTopics(kafka, {
      topics: [topic],
      from: 'beginning',
      onBatch: async (records, { partition }) => {
        order.push(partition);
        const bytes = records.length * recordBytes;
        handed.bytes += bytes;
        handed.largestBytes = Math.max(handed.largestBytes, bytes);
        buffers.peakBytes = Math.max(buffers.peakBytes, process.memoryUsage().arrayBuffers);
        // As slow as a consumer with work to do.
        await sleep(5);
      },
    });
    readers.push(reader);
    await reader.reachEnd(60_000);
    const begun = partitions.map((partition) => order.indexOf(partition));
    const finished = partitions.map((partition) => order.lastIndexOf(partition));
    assert.ok(Math.max(...begun) < Math.min(...finished), order.join(' '));
    const grownBytes = buffers.peakBytes - buffers.beforeBytes;
    context.diagnostic(`${inMb(handed.bytes)} behind, buffers grew by ${inMb(grownBytes)}`);
    assert.ok(handed.largestBytes <= 4 * mebibyte);
    // Three fetches' worth, until the garbage collector looks: about 100 MB behind 400 MB as behind 1.6 GB.
    assert.ok(grownBytes < (2 / 3) * handed.bytes, `${inMb(grownBytes)} held at once`);
  });
});

function inMb(bytes: number): string {
  return `${Math.round(bytes / 1e6)} MB`;
}
