import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { setImmediate } from 'node:timers/promises';
import { PatientWriter } from '#wire/patient-writer.ts';
import { UserError } from '#runtime/errors.ts';
import { createLog } from '#runtime/log.ts';
import { testKafka, type TestKafka } from '#test/kafka.ts';
import { connectKafka, kafkaConfig, type Kafka } from '#wire/kafka.ts';
import { readToEnd } from '#wire/kafka-reader.ts';
import { ensureTopics } from '#wire/kafka-topics.ts';

const topic = 'fleet.desired';

describe('a patient writer', { timeout: 110_000 }, () => {
  let local: TestKafka;
  let kafka: Kafka;
  let writer: PatientWriter;
  let onWarning: (() => void) | undefined;
  const log = createLog({
    component: 'test',
    level: 'warn',
    destination: { write: (line: string) => line.includes('trying again') && onWarning?.() },
  });

  before(async () => {
    local = await testKafka();
    kafka = connectKafka(
      kafkaConfig.parse({ brokers: local.brokers }),
      createLog({ component: 'test', level: 'silent' }),
    );
    await ensureTopics(kafka, { prefix: '', given: false, tieredStorage: true });
    writer = new PatientWriter(kafka, log);
  });
  after(async () => {
    await writer.close();
    await local.stop();
  });

  it('writes in the order of the calls, however long Kafka is away in between', async () => {
    await writer.write(topic, 'away/edge-1', Buffer.from('1'));
    await local.local.stop();
    const { promise: warned, resolve } = Promise.withResolvers<void>();
    onWarning = resolve;
    const writes = ['2', '3', '4'].map(async (text) => writer.write(topic, 'away/edge-1', Buffer.from(text)));
    // By then kafkajs has given up, and a new producer tries.
    await warned;
    await local.local.start();
    await Promise.all(writes);
    const values = await valuesOf('away/edge-1');
    assert.deepEqual([...new Set(values)], ['1', '2', '3', '4']);
    assert.deepEqual(values, [...values].sort(), 'none of them comes again later');
  });

  it('gives up what Kafka refuses for good, and goes on with the next', async () => {
    const tooLarge = writer.write(topic, 'refused/edge-1', Buffer.alloc(2 * 1024 * 1024));
    const next = writer.write(topic, 'refused/edge-1', Buffer.from('next'));
    await assert.rejects(
      tooLarge,
      isTold(/^Kafka does not take refused\/edge-1 into fleet\.desired: .*larger/),
    );
    await next;
    assert.deepEqual(await valuesOf('refused/edge-1'), ['next']);
    const missing = writer.write('no.such.topic', 'key', null);
    await assert.rejects(missing, isTold(/^Kafka does not take key into no\.such\.topic: /));
  });

  // Less than one request's own time: 10 s.
  it('does not wait for Kafka when it is closed', { timeout: 8000 }, async () => {
    const closing = new PatientWriter(kafka, log);
    await closing.write(topic, 'closed/edge-1', Buffer.from('1'));
    const { pid } = local.local;
    process.kill(pid, 'SIGSTOP');
    try {
      const writes = ['2', '3'].map(async (text) => closing.write(topic, 'closed/edge-1', Buffer.from(text)));
      const rejected = writes.map(async (write) =>
        assert.rejects(write, /closed before Kafka had all of it/),
      );
      // The first is on its way then. Nobody answers it, so only what does not wait comes back.
      await setImmediate();
      await closing.close();
      await Promise.all(rejected);
      await assert.rejects(closing.write(topic, 'closed/edge-1', null), /closed before/);
    } finally {
      process.kill(pid, 'SIGCONT');
    }
    assert.ok(!(await valuesOf('closed/edge-1')).includes('3'));
  });

  async function valuesOf(key: string): Promise<string[]> {
    const values: string[] = [];
    await readToEnd(kafka, {
      topics: [topic],
      timeoutMs: 20_000,
      onBatch: (records) => {
        for (const record of records) {
          if (record.key?.toString() === key) values.push(record.value?.toString() ?? '');
        }
      },
    });
    return values;
  }
});

function isTold(words: RegExp): (error: unknown) => true {
  return (error) => {
    assert.ok(error instanceof UserError, String(error));
    assert.equal(error.kind, 'component');
    assert.match(error.message, words);
    return true;
  };
}
