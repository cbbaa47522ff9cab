import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { ledgerMarksCodec } from '#contract/ledger-records.ts';
import { createLog } from '#runtime/log.ts';
import { KafkaSink } from '#simulator/marks-sink.ts';
import { testKafka, type TestKafka } from '#test/kafka.ts';
import { readTopics } from '#wire/kafka-reader.ts';
import { ensureTopics } from '#wire/kafka-topics.ts';
import { connectKafka, kafkaConfig } from '#wire/kafka.ts';

const log = createLog({ component: 'test', level: 'silent' });
let server: TestKafka;
before(async () => (server = await testKafka()), { timeout: 120_000 });
after(() => server.stop());

const record = (shard: string, vin: string, sent: number): Buffer =>
  ledgerMarksCodec.encode({
    shard,
    qos: 1,
    at: sent,
    marks: [{ vin, session: 1, sent, acked: 0, dropped: 0 }],
  });

test(
  'marks reach fleet.ledger under run and shard, and an outage of Kafka loses none',
  { timeout: 120_000 },
  async () => {
    const config = kafkaConfig.parse({ brokers: server.brokers });
    const kafka = connectKafka(config, log);
    await ensureTopics(kafka, { prefix: '', given: true, tieredStorage: 'detect' });
    const sink = await KafkaSink.connect(config, 'run1', log);
    const last = new Map<string, { sent: number; key: string }>();
    const reader = await readTopics(kafka, {
      topics: ['fleet.ledger'],
      from: 'beginning',
      onBatch: (records) => {
        for (const { value, key } of records)
          for (const { vin, sent } of ledgerMarksCodec.decode(value!).marks)
            last.set(vin, { sent, key: String(key) });
      },
    });
    reader.failed.catch(() => {});
    sink.take(record('simulator-1-1', 'A', 1));
    sink.take(record('simulator-1-2', 'B', 1));
    await sleep(300);
    server.local.kill();
    for (let sent = 2; sent <= 20; sent++) sink.take(record('simulator-1-1', 'A', sent));
    await sleep(1000);
    await server.local.start();
    sink.take(record('simulator-1-2', 'B', 2));
    await sleep(1000);
    await sink.close();
    await reader.reachEnd(30_000);
    await reader.stop();
    assert.deepEqual(Object.fromEntries(last), {
      A: { sent: 20, key: 'run1/simulator-1-1' },
      B: { sent: 2, key: 'run1/simulator-1-2' },
    });
  },
);
