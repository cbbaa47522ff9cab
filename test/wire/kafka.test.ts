import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createServer, type AddressInfo } from 'node:net';
import { PassThrough } from 'node:stream';
import { after, before, describe, it } from 'node:test';
import { UserError } from '#runtime/errors.ts';
import { createLog } from '#runtime/log.ts';
import { testKafka, type TestKafka } from '#test/kafka.ts';
import { saslKafka } from '#test/sasl-kafka.ts';
import { connectKafka, kafkaConfig, waitForKafka } from '#wire/kafka.ts';
import { openCluster } from '#wire/kafka-cluster.ts';

const silent = createLog({ component: 'test', level: 'silent' });

describe('the Kafka client', { timeout: 60_000 }, () => {
  let local: TestKafka;
  before(async () => {
    local = await testKafka();
  });
  after(async () => local.stop());

  it('finds Kafka when it answers', async () => {
    const kafka = connectKafka(kafkaConfig.parse({ brokers: local.brokers }), silent);
    await waitForKafka(kafka, 10_000);
  });

  it('leaves the configuration as it is: parts of it go to worker threads', async () => {
    const kafka = await saslKafka(['simulator']);
    try {
      const sasl = { mechanism: 'plain', username: 'simulator', password: kafka.password };
      const config = kafkaConfig.parse({ brokers: kafka.guarded, sasl });
      const parsed = structuredClone(config);
      await waitForKafka(connectKafka(config, silent), 10_000);
      assert.deepEqual(config, parsed);
    } finally {
      await kafka.stop();
    }
  });

  it('says in words which Kafka cannot be reached, and why', async () => {
    const kafka = connectKafka(kafkaConfig.parse({ brokers: ['127.0.0.1:9'] }), silent);
    await assert.rejects(waitForKafka(kafka, 100), (error: unknown) => {
      assert.ok(error instanceof UserError);
      assert.equal(error.kind, 'component');
      assert.match(
        error.message,
        /Kafka at 127\.0\.0\.1:9 cannot be reached: nothing listens at 127\.0\.0\.1:9$/,
      );
      return true;
    });
  });

  it('speaks TLS where it is told to', async () => {
    const server = createServer().listen(0, '127.0.0.1');
    await once(server, 'listening');
    const brokers = [`127.0.0.1:${(server.address() as AddressInfo).port}`];
    const firstBytes: (number | undefined)[] = [];
    server.on('connection', (socket) => {
      socket.once('data', (bytes) => {
        firstBytes.push(bytes[0]);
        socket.destroy();
      });
    });
    const kafka = connectKafka(kafkaConfig.parse({ brokers, ssl: {} }), silent);
    await assert.rejects(waitForKafka(kafka, 100));
    // A TLS handshake record; Kafka's own requests begin with their length.
    assert.equal(firstBytes[0], 22);
    server.close();
  });

  it('names a certificate file that it cannot read', () => {
    const config = kafkaConfig.parse({ brokers: ['a:1'], ssl: { ca: '/nowhere/ca.pem' } });
    assert.throws(() => connectKafka(config, silent), /kafka\.ssl: \/nowhere\/ca\.pem does not exist/);
  });

  it('commits a transaction right after another without a word in the log', async () => {
    const lines: string[] = [];
    const destination = new PassThrough();
    destination.on('data', (line: Buffer) => lines.push(line.toString()));
    const log = createLog({ component: 'test', level: 'info', destination });
    const kafka = connectKafka(kafkaConfig.parse({ brokers: local.brokers }), log);
    const admin = kafka.admin();
    await admin.connect();
    await admin.createTopics({ topics: [{ topic: 'quick' }], waitForLeaders: false });
    await admin.disconnect();
    const producer = kafka.producer({ transactionalId: 'quick' });
    await producer.connect();
    for (let n = 0; n < 5; n++) {
      const transaction = await producer.transaction();
      await transaction.send({ topic: 'quick', messages: [{ value: String(n) }] });
      await transaction.commit();
    }
    await producer.disconnect();
    assert.deepEqual(lines, []);
  });

  it("gives the reader kafkajs' own cluster, as the reader needs it", async () => {
    const cluster = openCluster(connectKafka(kafkaConfig.parse({ brokers: local.brokers }), silent));
    await cluster.connect();
    await cluster.addMultipleTargetTopics(['quick']);
    const [partition] = cluster.findTopicPartitionMetadata('quick');
    assert.ok(partition);
    const broker = await cluster.findBroker({ nodeId: partition.leader });
    const places = [{ partition: 0, fetchOffset: '0', maxBytes: 1_000_000 }];
    const { responses } = await broker.fetch({
      isolationLevel: 1,
      maxWaitTime: 100,
      minBytes: 1,
      maxBytes: 1_000_000,
      topics: [{ topic: 'quick', partitions: places }],
    });
    const fetched = responses[0]?.partitions[0];
    assert.equal(fetched?.lastStableOffset, '10');
    assert.equal(fetched?.highWatermark, '10');
    const last = fetched?.messages.at(-1);
    assert.equal(last?.isControlRecord, true);
    assert.deepEqual(last?.key, Buffer.from([0, 0, 0, 1]));
    const { firstOffset, lastOffsetDelta, inTransaction } = last?.batchContext ?? {};
    assert.deepEqual([firstOffset, lastOffsetDelta, inTransaction], ['9', 0, true]);
    await cluster.disconnect();
  });
});
