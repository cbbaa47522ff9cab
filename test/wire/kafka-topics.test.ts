import assert from 'node:assert/strict';
import { existsSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { topics } from '#contract/topics.ts';
import { UserError } from '#runtime/errors.ts';
import { createLog } from '#runtime/log.ts';
import { testKafka, type TestKafka } from '#test/kafka.ts';
import { until } from '#test/until.ts';
import { ConfigResourceTypes, connectKafka, kafkaConfig, type Admin, type Kafka } from '#wire/kafka.ts';
import { readTopics } from '#wire/kafka-reader.ts';
import { ensureTopics } from '#wire/kafka-topics.ts';

describe('topics', { timeout: 120_000 }, () => {
  let local: TestKafka;
  let kafka: Kafka;
  let admin: Admin;

  before(async () => {
    local = await testKafka();
    const config = kafkaConfig.parse({ brokers: local.brokers });
    kafka = connectKafka(config, createLog({ component: 'test', level: 'silent' }));
    admin = kafka.admin();
    await admin.connect();
  });
  after(async () => {
    await admin.disconnect();
    await local.stop();
  });

  async function configOf(topic: string): Promise<Record<string, string>> {
    const { resources } = await admin.describeConfigs({
      includeSynonyms: false,
      resources: [{ type: ConfigResourceTypes.TOPIC, name: topic }],
    });
    const entries = resources[0]?.configEntries ?? [];
    return Object.fromEntries(entries.map(({ configName, configValue }) => [configName, configValue]));
  }

  it('of the contract are all created for a local run, with their partitions and settings', async () => {
    const { created, notes } = await ensureTopics(kafka, { prefix: '', given: false, tieredStorage: true });
    assert.deepEqual(
      created,
      topics.map(({ name }) => name),
    );
    assert.deepEqual(notes, []);
    const metadata = await admin.fetchTopicMetadata({ topics: created });
    for (const { name, partitions } of metadata.topics) {
      assert.equal(partitions.length, topics.find((spec) => spec.name === name)?.partitions);
    }
    const telemetry = await configOf('fleet.telemetry');
    assert.equal(telemetry['message.timestamp.type'], 'LogAppendTime');
    assert.equal(telemetry['remote.storage.enable'], 'true');
    assert.equal((await configOf('fleet.frames'))['cleanup.policy'], 'compact');
  });

  it('that are there already are left as they are, and nothing is created twice', async () => {
    const again = await ensureTopics(kafka, { prefix: '', given: true, tieredStorage: 'detect' });
    assert.deepEqual(again, { created: [], notes: [] });
  });

  it("on a given Kafka are created behind a prefix, with the broker's own replication, tiered where it has tiers", async () => {
    const { created, notes } = await ensureTopics(kafka, {
      prefix: 'team.',
      given: true,
      tieredStorage: 'detect',
    });
    assert.equal(created.length, topics.length);
    assert.ok(created.every((name) => name.startsWith('team.fleet.')));
    assert.deepEqual(notes, []);
    assert.equal((await configOf('team.fleet.telemetry'))['remote.storage.enable'], 'true');
  });

  it('take at once what is written, on every partition, so that nothing is refused in part and sent again', async () => {
    const messages = Array.from({ length: 500 }, (_, n) => ({ key: String(n), value: 'written once' }));
    for (let round = 0; round < 8; round++) {
      const prefix = `new-${round}.`;
      await ensureTopics(kafka, { prefix, given: false, tieredStorage: false });
      // One that knows nothing of what it wrote before, as anybody's may be.
      const producer = kafka.producer();
      await producer.connect();
      await producer.send({ topic: `${prefix}fleet.telemetry`, messages });
      await producer.disconnect();
      const written = await admin.fetchTopicOffsets(`${prefix}fleet.telemetry`);
      assert.equal(
        written.reduce((sum, { high }) => sum + Number(high), 0),
        messages.length,
        `round ${round}`,
      );
    }
  });

  it('say once that there is no tiered storage', async () => {
    const { notes } = await ensureTopics(kafka, { prefix: 'flat.', given: true, tieredStorage: false });
    assert.equal(notes.length, 1);
    assert.match(notes[0] ?? '', /no tiered storage/);
    assert.equal((await configOf('flat.fleet.telemetry'))['remote.storage.enable'], 'false');
  });

  it('that do not fit are named with what is wrong, and stay as they are', async () => {
    await admin.createTopics({
      waitForLeaders: false,
      topics: [
        {
          topic: 'odd.fleet.frames',
          numPartitions: 1,
          configEntries: [{ name: 'cleanup.policy', value: 'delete' }],
        },
        {
          topic: 'odd.fleet.telemetry',
          numPartitions: 2,
          configEntries: [{ name: 'message.timestamp.type', value: 'CreateTime' }],
        },
      ],
    });
    const isThere = async (topic: string): Promise<boolean> => (await admin.listTopics()).includes(topic);
    await until(async () => (await isThere('odd.fleet.frames')) && (await isThere('odd.fleet.telemetry')));
    await assert.rejects(
      ensureTopics(kafka, { prefix: 'odd.', given: true, tieredStorage: 'detect' }),
      (error: unknown) => {
        assert.ok(error instanceof UserError);
        assert.match(error.message, /odd\.fleet\.frames: cleanup\.policy is delete, expected compact/);
        assert.match(
          error.message,
          /odd\.fleet\.telemetry: message\.timestamp\.type is CreateTime, expected LogAppendTime/,
        );
        return true;
      },
    );
    assert.equal((await configOf('odd.fleet.frames'))['cleanup.policy'], 'delete');
    assert.equal((await configOf('odd.fleet.telemetry'))['message.timestamp.type'], 'CreateTime');
    const names = await admin.listTopics();
    assert.ok(!names.includes('odd.fleet.edges'));
  });

  it('with history move to the remote tier, and are read from the beginning all the same', async () => {
    const prefix = 'tiers.';
    const topic = 'tiers.fleet.telemetry';
    const sizes = { localRetentionMs: 1000, segmentBytes: 1024 * 1024 };
    await ensureTopics(kafka, { prefix, given: false, tieredStorage: true, ...sizes });
    const producer = kafka.producer({ transactionalId: 'tiers' });
    await producer.connect();
    const value = Buffer.alloc(100_000, 1);
    const count = 60;
    for (let n = 0; n < count; n++) {
      const transaction = await producer.transaction();
      await transaction.send({ topic, messages: [{ key: String(n), value, partition: 0 }] });
      await (n % 10 === 9 ? transaction.abort() : transaction.commit());
    }
    await producer.disconnect();
    const logFolder = join(local.dataDir, 'log', `${topic}-0`);
    await until(() => oldestLocalSegment(logFolder) > 0);
    assert.ok(existsSync(join(local.dataDir, 'tier')));

    const keys: string[] = [];
    const reader = await readTopics(kafka, {
      topics: [topic],
      from: 'beginning',
      onBatch: (records) => void keys.push(...records.map(({ key }) => String(key))),
    });
    await reader.reachEnd(30_000);
    await reader.stop();
    const committed = Array.from({ length: count }, (_, n) => n).filter((n) => n % 10 !== 9);
    assert.deepEqual(keys, committed.map(String));
  });
});

/** First offset of the oldest segment that the broker itself still has. */
function oldestLocalSegment(folder: string): number {
  const segments = readdirSync(folder).filter((file) => file.endsWith('.log'));
  return Math.min(...segments.map((file) => Number.parseInt(file, 10)));
}
