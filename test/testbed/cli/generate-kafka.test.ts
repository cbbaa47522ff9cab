import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { decodeOrigin } from '#contract/origin.ts';
import { truthCodec } from '#contract/records.ts';
import { decodeTelemetry } from '#contract/telemetry.ts';
import { createLog } from '#runtime/log.ts';
import { carLife } from '#simulator/car-life.ts';
import { vinOf } from '#simulator/population/vin.ts';
import { consoleConsumer } from '#test/console-consumer.ts';
import { fleetbed } from '#test/fleetbed.ts';
import { testKafka, type TestKafka } from '#test/kafka.ts';
import { readRequest } from '#testbed/cli/generate/request.ts';
import { connectKafka, kafkaConfig } from '#wire/kafka.ts';
import { readTopics } from '#wire/kafka-reader.ts';

describe('fleetbed generate --format kafka', { timeout: 120_000 }, () => {
  let local: TestKafka;
  let given: string[];
  before(async () => {
    local = await testKafka();
    given = ['--cars', '9', '--hours', '0.2', '--failures', 'oil-pressure-loss:2', '--over', '5m'];
    given.push('--format', 'kafka', '--kafka', local.brokers.join(','));
  });
  after(async () => local.stop());

  it('writes each record once, in order, with its run; Kafka’s own consumer finds the truth', async () => {
    const ended = await fleetbed(['generate', ...given, '--run', 'made']);
    assert.equal(ended.code, 0, ended.stderr);
    assert.match(ended.stdout, /fleet\.telemetry {2}648 records[^]*fleet\.truth {2}2 records[^]*run made/);

    const kafka = connectKafka(
      kafkaConfig.parse({ brokers: local.brokers }),
      createLog({ component: 'test', level: 'silent' }),
    );
    const found = new Map<string, Buffer[]>();
    let records = 0;
    const done = Promise.withResolvers<void>();
    const reader = await readTopics(kafka, {
      topics: ['fleet.telemetry'],
      from: 'beginning',
      onBatch: (batch) => {
        for (const { key, value, headers } of batch) {
          assert.equal(decodeOrigin(headers['origin'] as Buffer)?.run, 'made');
          const vin = String(key);
          found.set(vin, [...(found.get(vin) ?? []), value ?? Buffer.alloc(0)]);
          if (++records === 648) done.resolve();
        }
      },
    });
    await Promise.race([done.promise, reader.failed]);
    await reader.stop();
    const { fleet } = readRequest(given, {}).plan;
    for (let index = 0; index < 9; index++) {
      const vin = vinOf(1, index);
      let seq = 0;
      for (const { simTime, columns } of carLife(fleet, index)) {
        const batch = decodeTelemetry(found.get(vin)![seq]!);
        assert.deepEqual([batch.vin, batch.seq, batch.simTime], [vin, ++seq, simTime]);
        assert.deepEqual(batch.columns, columns);
      }
      assert.equal(found.get(vin)!.length, seq);
    }

    const truths = await consoleConsumer(local.brokers, 'fleet.truth', 2);
    for (const { headers, key, value } of truths) {
      assert.match(headers, /^origin:made\/generate\/0{16}\/\d+\/h$/);
      const truth = truthCodec.decode(value);
      assert.deepEqual([truth.vin, truth.failure, truth.dtc], [key, 'oil-pressure-loss', 'P0524']);
      assert.equal(truth.onset, truth.onsetSim);
    }
  });

  it('says that no Kafka is there', async () => {
    const ended = await fleetbed(['generate', '--cars', '1', '--format', 'kafka', '--kafka', 'localhost:1']);
    assert.equal(ended.code, 106);
    assert.match(ended.stderr, /Kafka at localhost:1 cannot be reached: nothing listens/);
  });
});
