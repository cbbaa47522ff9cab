import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { createLog } from '#runtime/log.ts';
import { Metrics, parseMetrics, type ParsedMetrics } from '#runtime/metrics.ts';
import { testKafka, type TestKafka } from '#test/kafka.ts';
import { until } from '#test/until.ts';
import { connectKafka, kafkaConfig, type Kafka, type Transaction } from '#wire/kafka.ts';
import { readTopics, type ReadRecord, type TopicReader } from '#wire/kafka-reader.ts';
import { readSpans } from '#wire/kafka-spans.ts';

const log = createLog({ component: 'test', level: 'silent' });

describe('the lag of a reader of Kafka', { timeout: 120_000 }, () => {
  let local: TestKafka;
  let kafka: Kafka;
  let topicCount = 0;
  const closers: (() => Promise<void>)[] = [];
  const metrics = new Metrics({ component: 'test', name: 'test' });

  before(async () => {
    local = await testKafka();
    kafka = connectKafka(kafkaConfig.parse({ brokers: local.brokers }), log, metrics);
  });
  after(async () => {
    metrics.close();
    for (const close of closers.reverse()) await close();
    await local.stop();
  });

  async function newTopic(numPartitions = 1): Promise<string> {
    const topic = `lag-${++topicCount}`;
    const configEntries = [{ name: 'message.timestamp.type', value: 'LogAppendTime' }];
    const admin = kafka.admin();
    await admin.connect();
    await admin.createTopics({ topics: [{ topic, numPartitions, configEntries }], waitForLeaders: false });
    await admin.disconnect();
    return topic;
  }

  async function write(topic: string, values: string[], partition = 0): Promise<void> {
    const producer = kafka.producer();
    await producer.connect();
    await producer.send({ topic, messages: values.map((value) => ({ value, partition })) });
    await producer.disconnect();
  }

  async function begin(topic: string, values: string[]): Promise<Transaction> {
    const producer = kafka.producer({ transactionalId: `${topic}-${Math.random()}` });
    await producer.connect();
    closers.push(async () => producer.disconnect());
    const transaction = await producer.transaction();
    await transaction.send({ topic, messages: values.map((value) => ({ value, partition: 0 })) });
    return transaction;
  }

  async function follow(
    topics: string[],
    onBatch: (records: ReadRecord[]) => void | Promise<void> = () => undefined,
    consumer?: string,
  ): Promise<TopicReader> {
    const named = consumer === undefined ? {} : { consumer };
    const reader = await readTopics(kafka, { topics, from: 'beginning', onBatch, ...named });
    closers.push(async () => reader.stop());
    return reader;
  }

  async function shown(): Promise<ParsedMetrics> {
    return parseMetrics(await metrics.text());
  }

  it('counts what was fetched and is not handled yet, topic by topic, and says how long it has waited', async () => {
    const [one, other] = [await newTopic(2), await newTopic()];
    await write(one, ['1', '2', '3']);
    await write(one, ['4'], 1);
    await write(other, ['5', '6']);
    const called = Promise.withResolvers<number>();
    const held = Promise.withResolvers<void>();
    const reader = await follow([one, other], async ([record]) => {
      called.resolve(record?.timestamp ?? 0);
      await held.promise;
    });
    closers.push(async () => held.resolve());
    const appendedAt = await called.promise;
    const asOf = Date.now();
    const lag = reader.lag();
    assert.equal(lag.records, 6);
    assert.deepEqual([lag.topics.get(one)?.records, lag.topics.get(other)?.records], [4, 2]);
    assert.ok(lag.waitedMs >= asOf - appendedAt, `${lag.waitedMs} ms`);
    held.resolve();
    await reader.reachEnd(10_000);
    const { records, waitedMs, peak } = reader.lag();
    assert.deepEqual([records, waitedMs, peak.records], [0, 0, 6]);
  });

  it('ends at the last stable offset: what open transactions hold back is told apart', async () => {
    const topic = await newTopic();
    await write(topic, ['before']);
    const open = await begin(topic, ['undecided', 'undecided too']);
    await write(topic, ['behind it']);
    const reader = await follow([topic]);
    await reader.reachEnd(10_000, 'stable');
    await until(() => reader.lag().openTransactionRecords === 3);
    assert.equal(reader.lag().records, 0);
    await open.commit();
    await reader.reachEnd(10_000);
    const { records, openTransactionRecords, peak } = reader.lag();
    assert.deepEqual([records, openTransactionRecords, peak.openTransactionRecords], [0, 0, 3]);
  });

  it('grows while the reader is paused, and is gone when it has read on: each record once, in order', async () => {
    const topic = await newTopic();
    const values: string[] = [];
    const reader = await follow([topic], (records) => {
      values.push(...records.map(({ value }) => String(value)));
    });
    await write(topic, ['1', '2']);
    await reader.reachEnd(10_000);
    reader.pause();
    // A fetch that is under way may still bring this one.
    await write(topic, ['3']);
    await until(() => reader.lag().records + values.length === 3);
    const handed = values.length;
    await write(topic, ['4', '5']);
    await write(topic, ['6']);
    await until(() => reader.lag().records + handed === 6);
    assert.ok(reader.lag().waitedMs > 0);
    assert.deepEqual(values, ['1', '2', '3'].slice(0, handed));
    const behind = reader.lag().records;
    reader.resume();
    await reader.reachEnd(10_000);
    assert.deepEqual(values, ['1', '2', '3', '4', '5', '6']);
    const { records, waitedMs, peak } = reader.lag();
    assert.deepEqual([records, waitedMs, peak.records], [0, 0, behind]);
  });

  it('is known again after Kafka was killed while the reader was paused', async () => {
    const topic = await newTopic();
    const reader = await follow([topic]);
    reader.pause();
    local.local.kill();
    await local.local.start();
    await write(topic, ['1', '2']);
    await until(() => reader.lag().records === 2);
    reader.resume();
    await reader.reachEnd(20_000);
  });

  it('stands in the metrics of the process under the name of the reader; when it has stopped, only its peak does', async () => {
    const topic = await newTopic();
    await write(topic, ['1', '2', '3', '4']);
    const called = Promise.withResolvers<void>();
    const held = Promise.withResolvers<void>();
    const reader = await follow(
      [topic],
      async () => {
        called.resolve();
        await held.promise;
      },
      'shown',
    );
    closers.push(async () => held.resolve());
    await called.promise;
    const labels = { consumer: 'shown', topic };
    const during = await shown();
    assert.equal(during.value('fleetbed_consumer_lag_records', labels), 4);
    assert.ok(during.value('fleetbed_consumer_lag_ms', labels) >= 0);
    assert.ok(during.has('fleetbed_open_transaction_lag_records'));
    held.resolve();
    await reader.reachEnd(10_000);
    assert.equal((await shown()).value('fleetbed_consumer_lag_records', labels), 0);
    await reader.stop();
    const stopped = await shown();
    assert.equal(stopped.byLabel('fleetbed_consumer_lag_records', 'consumer').get('shown'), undefined);
    assert.equal(stopped.value('fleetbed_consumer_lag_records_max', { consumer: 'shown' }), 4);
  });

  it('of a reading that has an end is the way to it, from the beginning', async () => {
    const topic = await newTopic();
    await write(topic, ['1', '2', '3', '4', '5']);
    const choose = (): Promise<{ topic: string; partition: number; position: number; end: number }[]> =>
      Promise.resolve([{ topic, partition: 0, position: 1, end: 4 }]);
    const lags: number[] = [];
    const note = async (): Promise<void> => {
      lags.push((await shown()).value('fleetbed_consumer_lag_records', { consumer: 'span' }));
    };
    await readSpans(kafka, { topic, choose, consumer: 'span', onBatch: note });
    assert.deepEqual(lags, [3]);
    assert.equal((await shown()).value('fleetbed_consumer_lag_records_max', { consumer: 'span' }), 3);
  });
});
