import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import path from 'node:path';
import { test } from 'node:test';
import { decodeOrigin, originHeader } from '#contract/origin.ts';
import { predictionCodec, truthCodec, type Prediction, type Truth } from '#contract/records.ts';
import { decodeTelemetry } from '#contract/telemetry.ts';
import { readReleases } from '#cloud/release-shelf.ts';
import { createLog } from '#runtime/log.ts';
import { fleetbed, readSummary, scratch } from '#test/fleetbed.ts';
import { testKafka } from '#test/kafka.ts';
import type { DetectionRecord } from '#testbed/verdict/detection/case.ts';
import { connectKafka, kafkaConfig, type Kafka } from '#wire/kafka.ts';

/**
 * The whole loop, once: history in Kafka -> model -> release -> edges -> alarms, held against the ground truth. An edge that is
 * killed forgets what it knew of its cars: it is killed after their engines have failed.
 */

const loop = `
name: loop
seed: 7
fleet: { interval: 2s, readingsPerMessage: 10, qos: 1, speedup: 60, start: warm }
stages: [{ for: 58s, cars: 120 }]
edges: { count: 2 }
training: { at: [12s], history: { since: start } }
timeline:
  - { at: 38s, fail: coolant-loss, cars: 8, severity: 1, over: 10m }
  - { at: 39s, for: 6s, cut: edge-2/bridge }
  - { at: 52s, kill: edge-1 }
thresholds: { delivery.lost: '== 0', detection.recall: '>= 0.8', inference.scoredOffline: '> 0' }
`;

interface Found {
  value: Buffer;
  partition: number;
  offset: number;
  run: string | undefined;
}

/** Everything in a topic by kafkajs' own consumer, which nothing of ours reads with. */
async function consumed(kafka: Kafka, topic: string): Promise<Found[]> {
  const admin = kafka.admin();
  await admin.connect();
  const ends = await admin.fetchTopicOffsets(topic);
  await admin.disconnect();
  const open = new Set(ends.filter(({ low, high }) => low !== high).map(({ partition }) => partition));
  const found: Found[] = [];
  const consumer = kafka.consumer({ groupId: `test-${topic}` });
  await consumer.connect();
  await consumer.subscribe({ topics: [topic], fromBeginning: true });
  const all = Promise.withResolvers<void>();
  if (open.size === 0) all.resolve();
  await consumer.run({
    eachBatchAutoResolve: true,
    eachBatch: async ({ batch }) => {
      for (const { value, offset, headers } of batch.messages) {
        const origin = decodeOrigin(headers?.[originHeader]?.toString());
        if (value)
          found.push({ value, partition: batch.partition, offset: Number(offset), run: origin?.run });
      }
      const high = ends.find(({ partition }) => partition === batch.partition)?.high;
      // The last offset of a topic that is written in transactions is a marker.
      if (Number(batch.lastOffset()) >= Number(high) - 2) open.delete(batch.partition);
      if (open.size === 0) all.resolve();
      return Promise.resolve();
    },
  });
  await all.promise;
  await consumer.disconnect();
  return found;
}

test(
  'a model learned from Kafka reaches the edges, and finds engines that fail',
  { timeout: 240_000 },
  async () => {
    await using folder = await scratch();
    const local = await testKafka();
    try {
      const scenario = await folder.file('loop.yaml', loop);
      const out = path.join(folder.dir, 'out');
      const ended = await fleetbed(['run', scenario, '--out', out, '--kafka', local.brokers.join(',')]);
      assert.equal(ended.code, 0, ended.stdout + ended.stderr);
      const summary = await readSummary(out);
      const log = createLog({ component: 'test', level: 'silent' });
      const kafka = connectKafka(kafkaConfig.parse({ brokers: local.brokers }), log);

      const [release] = summary.releases;
      assert.ok(release, 'a release was published');
      assert.equal(release.edges, 2);
      assert.ok((release.convergedSeconds ?? 0) > 0);
      assert.deepEqual(summary.training, { refused: [], releaseRefusals: {} });

      // What it learned from, counted by somebody else.
      const shelf = await readReleases(kafka, { run: summary.run.id, topicPrefix: '' });
      const manifest = shelf.manifests().find(({ id }) => id === release.id);
      assert.ok(manifest);
      const telemetry = (await consumed(kafka, 'fleet.telemetry')).filter(({ partition, offset, run }) => {
        const span = manifest.training.offsets.find((one) => one.partition === partition);
        return run === summary.run.id && span && offset >= Number(span.from) && offset < Number(span.to);
      });
      const readings = telemetry.reduce(
        (sum, { value }) => sum + (decodeTelemetry(value).columns[0]?.length ?? 0),
        0,
      );
      assert.equal(release.trainedOnReadings, readings);

      // What was injected, and what the edges said of it.
      const truths = new Map<string, Truth>();
      for (const { value } of await consumed(kafka, 'fleet.truth')) {
        const truth = truthCodec.decode(value);
        truths.set(truth.vin, truth);
      }
      assert.equal(truths.size, 8);
      const predictions = (await consumed(kafka, 'fleet.predictions')).map(({ value }) =>
        predictionCodec.decode(value),
      );
      assertNumbered(predictions);
      const first = predictions.find(({ vin, alarm }) => alarm === 'raised' && truths.has(vin));
      assert.ok(first);
      assert.equal(first.release, release.id);
      assert.ok((summary.latency.alarmMs.count ?? 0) > 0);
      // A hybrid whose engine rests may never show its loss.
      const visible = [...truths.values()].filter(({ detectableAt }) => detectableAt !== null).length;
      assert.equal(summary.detection.byMode['coolant-loss']?.cars, visible);

      const record = JSON.parse(await readFile(path.join(out, 'detection.json'), 'utf8')) as DetectionRecord;
      assert.deepEqual(record.models.map(({ edge }) => edge).toSorted(), ['edge-1', 'edge-2']);
      const [told] = record.cases;
      assert.ok(told?.raised && told.points.some(({ level }) => (level ?? 0) >= 1));
      assert.match(await readFile(path.join(out, 'report.html'), 'utf8'), /id="case-0-residual"/);
    } finally {
      await local.stop();
    }
  },
);

/** Every edge's predictions are numbered from 1 without a gap and without a double, although one was killed. */
function assertNumbered(predictions: readonly Prediction[]): void {
  for (const [edge, of] of Map.groupBy(predictions, (prediction) => prediction.edge)) {
    const numbers = of.map(({ predictionSeq }) => predictionSeq).toSorted((a, b) => a - b);
    assert.deepEqual(
      numbers,
      Array.from({ length: numbers.length }, (_, index) => index + 1),
      edge,
    );
  }
}
