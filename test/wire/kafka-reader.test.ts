import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { createLog } from '#runtime/log.ts';
import { testKafka, type TestKafka } from '#test/kafka.ts';
import { connectKafka, kafkaConfig, type Kafka, type Transaction } from '#wire/kafka.ts';
import { readToEnd, readTopics, type ReadRecord, type TopicReader } from '#wire/kafka-reader.ts';

describe('the reader of Kafka topics', { timeout: 120_000 }, () => {
  let local: TestKafka;
  let kafka: Kafka;
  let topicCount = 0;
  const closers: (() => Promise<void>)[] = [];

  before(async () => {
    local = await testKafka();
    const config = kafkaConfig.parse({ brokers: local.brokers });
    kafka = connectKafka(config, createLog({ component: 'test', level: 'silent' }));
  });
  after(async () => {
    for (const close of closers.reverse()) await close();
    await local.stop();
  });

  async function newTopic(numPartitions = 1): Promise<string> {
    const topic = `reader-${++topicCount}`;
    const admin = kafka.admin();
    await admin.connect();
    await admin.createTopics({ topics: [{ topic, numPartitions }], waitForLeaders: false });
    await admin.disconnect();
    return topic;
  }

  /** Sends values in one transaction of a producer of their own; the caller ends it. */
  async function begin(topic: string, values: string[], timeoutMs = 60_000): Promise<Transaction> {
    const id = `${topic}-${Math.random()}`;
    const producer = kafka.producer({ transactionalId: id, transactionTimeout: timeoutMs });
    await producer.connect();
    closers.push(async () => producer.disconnect());
    const transaction = await producer.transaction();
    await transaction.send({ topic, messages: values.map((value) => ({ value, partition: 0 })) });
    return transaction;
  }

  async function write(topic: string, values: string[], partition = 0): Promise<void> {
    const producer = kafka.producer();
    await producer.connect();
    await producer.send({ topic, messages: values.map((value) => ({ value, partition })) });
    await producer.disconnect();
  }

  async function read(
    topic: string,
  ): Promise<{ reader: TopicReader; values: string[]; records: ReadRecord[] }> {
    const records: ReadRecord[] = [];
    const values: string[] = [];
    const reader = await readTopics(kafka, {
      topics: [topic],
      from: 'beginning',
      onBatch: (batch) => {
        records.push(...batch);
        values.push(...batch.map(({ value }) => String(value)));
      },
    });
    closers.push(async () => reader.stop());
    return { reader, values, records };
  }

  it('hands out key, value, headers, offset and time of each record in order', async () => {
    const topic = await newTopic();
    const producer = kafka.producer();
    await producer.connect();
    await producer.send({
      topic,
      messages: [
        { key: 'vin', value: 'one', headers: { origin: 'a/b' }, timestamp: '1700000000000' },
        { value: null },
      ],
    });
    await producer.disconnect();
    const { reader, records } = await read(topic);
    await reader.reachEnd(10_000);
    const [first, second] = records;
    assert.equal(String(first?.key), 'vin');
    assert.equal(String(first?.value), 'one');
    assert.equal(String(first?.headers['origin']), 'a/b');
    assert.equal(first?.timestamp, 1_700_000_000_000);
    assert.deepEqual([first?.topic, first?.partition, first?.offset], [topic, 0, '0']);
    assert.equal(second?.value, null);
    assert.equal(second?.offset, '1');
  });

  it('reaches the end of a topic where nothing was ever written', async () => {
    const { reader, values } = await read(await newTopic(3));
    await reader.reachEnd(10_000);
    await reader.reachEnd(10_000, 'stable');
    assert.deepEqual(values, []);
    assert.equal(reader.lag().records, 0);
  });

  it('reaches the end behind aborted transactions, and hands out none of their records', async () => {
    const topic = await newTopic();
    await (await begin(topic, ['kept 1', 'kept 2'])).commit();
    await (await begin(topic, ['gone 1', 'gone 2'])).abort();
    await (await begin(topic, ['gone 3'])).abort();
    const { reader, values } = await read(topic);
    await reader.reachEnd(10_000);
    assert.deepEqual(values, ['kept 1', 'kept 2']);
    // Five records, three markers.
    assert.equal(reader.progress()[0]?.position, 8);
  });

  it('hands out nothing of transactions that were aborted in another order than they began', async () => {
    const topic = await newTopic();
    const outer = await begin(topic, ['gone outer']);
    const inner = await begin(topic, ['gone inner']);
    await inner.abort();
    const kept = await begin(topic, ['kept']);
    await kept.commit();
    await outer.abort();
    const { reader, values } = await read(topic);
    await reader.reachEnd(10_000);
    assert.deepEqual(values, ['kept']);
  });

  it('reaches the end behind a batch of markers alone, while it is waiting there', async () => {
    const topic = await newTopic();
    const transaction = await begin(topic, ['a record']);
    const { reader, values } = await read(topic);
    await reader.reachEnd(10_000, 'stable');
    assert.deepEqual(values, []);
    await transaction.commit();
    await reader.reachEnd(10_000);
    assert.deepEqual(values, ['a record']);
    const aborted = await begin(topic, ['gone']);
    await aborted.abort();
    await reader.reachEnd(10_000);
    assert.equal(reader.progress()[0]?.position, 4);
    assert.equal(reader.lag().records, 0);
  });

  it('takes the last stable offset for the end: what stands behind an open transaction is not there yet', async () => {
    const topic = await newTopic();
    await write(topic, ['before']);
    const open = await begin(topic, ['undecided']);
    await (await begin(topic, ['committed behind it'])).commit();
    const { reader, values } = await read(topic);
    await reader.reachEnd(10_000, 'stable');
    assert.deepEqual(values, ['before']);
    await assert.rejects(
      reader.reachEnd(300),
      /not read to the end within 300 ms: .* at 1 of 4, where a transaction is undecided/,
    );
    const reached = reader.reachEnd(10_000);
    await open.commit();
    await reached;
    assert.deepEqual(values, ['before', 'undecided', 'committed behind it']);
  });

  it('begins at the end when it is told to', async () => {
    const topic = await newTopic(2);
    await write(topic, ['old'], 0);
    await write(topic, ['old'], 1);
    const seen: string[] = [];
    const reader = await readTopics(kafka, {
      topics: [topic],
      from: 'end',
      onBatch: (records) => void seen.push(...records.map(({ value }) => String(value))),
    });
    closers.push(async () => reader.stop());
    await write(topic, ['new 0'], 0);
    await write(topic, ['new 1'], 1);
    await reader.reachEnd(10_000);
    assert.deepEqual(seen.sort(), ['new 0', 'new 1']);
  });

  it('has failed for good when onBatch throws, and says why', async () => {
    const topic = await newTopic();
    await write(topic, ['1']);
    const reader = await readTopics(kafka, {
      topics: [topic],
      from: 'beginning',
      onBatch: () => {
        throw new Error('cannot take it');
      },
    });
    closers.push(async () => reader.stop());
    await assert.rejects(reader.failed, /cannot take it/);
    await assert.rejects(reader.reachEnd(10_000), /cannot take it|stopped/);
  });

  it('says which topic is missing', async () => {
    await assert.rejects(read('no-such-topic'), /no-such-topic cannot be read: .*(does not host|no topic)/);
  });

  it('goes on after a restart and after a kill of the broker: each record once, in order', async () => {
    const topic = await newTopic(2);
    const { reader, values, records } = await read(topic);
    const expected: string[] = [];
    const round = async (n: number): Promise<void> => {
      const transaction = await begin(topic, [`${n} a`, `${n} b`]);
      await transaction.commit();
      await write(topic, [`${n} c`], 1);
      expected.push(`${n} a`, `${n} b`, `${n} c`);
    };
    await round(1);
    await reader.reachEnd(10_000);
    await round(2);
    await local.local.stop();
    await local.local.start();
    await round(3);
    await reader.reachEnd(20_000);
    await round(4);
    local.local.kill();
    await sleep(200);
    await local.local.start();
    await round(5);
    await reader.reachEnd(20_000);
    assert.deepEqual([...values].sort(), expected.sort());
    for (const partition of [0, 1]) {
      const offsets = records
        .filter((record) => record.partition === partition)
        .map(({ offset }) => Number(offset));
      assert.deepEqual(
        offsets,
        [...new Set(offsets)].sort((one, other) => one - other),
      );
    }
  });

  it('reads a topic to its end in one go, and waits for what was undecided when it was asked', async () => {
    const topic = await newTopic();
    const open = await begin(topic, ['undecided']);
    await (await begin(topic, ['behind it'])).commit();
    const values: string[] = [];
    const onBatch = (records: ReadRecord[]): void =>
      void values.push(...records.map(({ value }) => String(value)));
    await assert.rejects(
      readToEnd(kafka, { topics: [topic], onBatch, timeoutMs: 300 }),
      /not read to the end/,
    );
    assert.deepEqual(values, []);
    const reading = readToEnd(kafka, { topics: [topic], onBatch, timeoutMs: 10_000 });
    await open.abort();
    await reading;
    assert.deepEqual(values, ['behind it']);
  });
});
