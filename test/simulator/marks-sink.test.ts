import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { ledgerMarksCodec } from '#contract/ledger-marks.ts';
import { spoiledCodec } from '#contract/ledger-records.ts';
import { createLog } from '#runtime/log.ts';
import { KafkaSink } from '#simulator/marks-sink.ts';
import { testKafka, type TestKafka } from '#test/kafka.ts';
import { until } from '#test/until.ts';
import { LinkProxy } from '#testbed/run/link-proxy.ts';
import { pickPort } from '#testbed/run/ports.ts';
import { readTopics } from '#wire/kafka-reader.ts';
import { ensureTopics } from '#wire/kafka-topics.ts';
import { connectKafka, kafkaConfig } from '#wire/kafka.ts';

const log = createLog({ component: 'test', level: 'silent' });
let server: TestKafka;
let link: LinkProxy;
before(
  async () => {
    const advertised = { host: '127.0.0.1', port: await pickPort() };
    server = await testKafka({ linksAdvertised: [advertised] });
    const [target] = server.local.linkTargets;
    assert.ok(target);
    link = new LinkProxy('simulator/kafka', advertised, target);
    await link.open();
  },
  { timeout: 120_000 },
);
after(async () => {
  await link.cut();
  await server.stop();
});

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

test(
  'a record whose answer was lost does not take the place of the next in its partition',
  { timeout: 120_000 },
  async () => {
    const kafka = connectKafka(kafkaConfig.parse({ brokers: server.brokers }), log);
    await ensureTopics(kafka, { prefix: '', given: true, tieredStorage: 'detect' });
    const heard: string[] = [];
    const reader = await readTopics(kafka, {
      topics: ['fleet.ledger'],
      from: 'end',
      onBatch: (records) => {
        for (const { value } of records)
          for (const { vin, sent } of ledgerMarksCodec.decode(value!).marks) heard.push(`${vin} ${sent}`);
      },
    });
    const { promise: gaveUp, resolve } = Promise.withResolvers<void>();
    const listening = createLog({
      component: 'test',
      level: 'warn',
      destination: { write: (line) => line.includes('trying again') && resolve() },
    });
    const overLink = kafkaConfig.parse({ brokers: [link.address] });
    const sink = await KafkaSink.connect(overLink, 'run4', listening);
    sink.take(record('simulator-1-1', 'A', 1));
    await until(() => heard.includes('A 1'));
    // Kafka's answer is still on its way when the record itself is heard of.
    link.slow(2000, 0);
    sink.take(record('simulator-1-1', 'A', 2));
    await until(() => heard.includes('A 2'));
    await link.cut();
    sink.take(record('simulator-1-2', 'B', 1));
    await gaveUp;
    link.clear();
    await link.open();
    await sink.close();
    await reader.reachEnd(30_000);
    await reader.stop();
    assert.deepEqual([...new Set(heard)], ['A 1', 'A 2', 'B 1']);
  },
);

test(
  'what was spoiled reaches fleet.ledger before the marks that count it, also through an outage',
  { timeout: 120_000 },
  async () => {
    const config = kafkaConfig.parse({ brokers: server.brokers });
    const kafka = connectKafka(config, log);
    await ensureTopics(kafka, { prefix: '', given: true, tieredStorage: 'detect' });
    const sink = await KafkaSink.connect(config, 'run2', log);
    const heard: string[] = [];
    const reader = await readTopics(kafka, {
      topics: ['fleet.ledger'],
      from: 'beginning',
      onBatch: (records) => {
        for (const { value, key } of records) {
          if (String(key) !== 'run2/simulator-1-1') continue;
          if (spoiledCodec.matches(value!))
            for (const { seq, kind } of spoiledCodec.decode(value!).messages) heard.push(`${seq} ${kind}`);
          else for (const { sent } of ledgerMarksCodec.decode(value!).marks) heard.push(`sent ${sent}`);
        }
      },
    });
    reader.failed.catch(() => {});
    const spoil = (seq: number): void =>
      sink.spoiled(
        spoiledCodec.encode({
          shard: 'simulator-1-1',
          at: seq,
          messages: [{ vin: 'A', session: 1, seq, kind: 'corrupt', hash: 'hash' }],
        }),
      );
    spoil(1);
    sink.take(record('simulator-1-1', 'A', 1));
    await until(() => heard.length >= 2);
    server.local.kill();
    for (let seq = 2; seq <= 4; seq++) {
      spoil(seq);
      sink.take(record('simulator-1-1', 'A', seq));
    }
    await sleep(500);
    assert.equal(sink.waiting, 3);
    await server.local.start();
    await sink.close();
    assert.equal(sink.waiting, 0);
    await reader.reachEnd(30_000);
    await reader.stop();
    assert.deepEqual(heard, ['1 corrupt', 'sent 1', '2 corrupt', '3 corrupt', '4 corrupt', 'sent 4']);
  },
);

test(
  'what was spoiled and cannot be told has a limit: the oldest is dropped, and said',
  { timeout: 120_000 },
  async () => {
    const said: string[] = [];
    const config = kafkaConfig.parse({ brokers: server.brokers });
    const listening = createLog({ component: 'test', level: 'silent' });
    listening.warn = (_about: object, text?: string) => void said.push(text ?? '');
    const sink = await KafkaSink.connect(config, 'run3', listening);
    const messages = Array.from({ length: 5000 }, (_, seq) => ({
      vin: 'A',
      session: 1,
      seq,
      kind: 'corrupt' as const,
      hash: 'hash',
    }));
    const bytes = spoiledCodec.encode({ shard: 'simulator-1-1', at: 1, messages });
    for (let n = 0; n < 20; n++) sink.spoiled(bytes);
    assert.deepEqual([sink.waiting, said.length], [100_000, 0]);
    sink.spoiled(bytes);
    assert.equal(sink.waiting, 100_000);
    assert.match(said[0] ?? '', /Kafka was away for too long/);
    await sink.close();
    assert.equal(sink.waiting, 0);
  },
);
