import assert from 'node:assert/strict';
import { test } from 'node:test';
import { decodeOrigin, originHeader } from '#contract/origin.ts';
import { truthCodec } from '#contract/records.ts';
import { createLog } from '#runtime/log.ts';
import { testKafka } from '#test/kafka.ts';
import { GroundTruth } from '#testbed/run/ground-truth.ts';
import { readToEnd, type ReadRecord } from '#wire/kafka-reader.ts';
import { ensureTopics } from '#wire/kafka-topics.ts';
import { connectKafka, kafkaConfig } from '#wire/kafka.ts';
import { truth } from '../verdict/detection/alarm-records.ts';

test(
  'what simulators say of failures is kept and written to fleet.truth, over a death of Kafka',
  { timeout: 120_000 },
  async () => {
    const local = await testKafka();
    try {
      const log = createLog({ component: 'test', level: 'silent' });
      const kafka = connectKafka(kafkaConfig.parse({ brokers: local.brokers }), log);
      await ensureTopics(kafka, { prefix: 'p.', given: false, tieredStorage: false });
      const known = new GroundTruth(kafka, { run: 'r1', prefix: 'p.', log });
      const atOnset = { detectableAt: null, detectableAtSim: null };
      known.take(truthCodec.encode(truth('CAR1', 100, 200, atOnset)));
      known.take(truthCodec.encode(truth('CAR2', 100, 200, atOnset)));
      local.local.kill();
      known.take(truthCodec.encode(truth('CAR1', 100, 200)));
      await local.local.start();
      // Said again by a simulator that was started anew: it knows less than was known.
      known.take(truthCodec.encode(truth('CAR1', 100, 200, atOnset)));
      assert.deepEqual(
        known.truths.map(({ vin, detectableAt }) => [vin, detectableAt]),
        [
          ['CAR1', 101],
          ['CAR2', null],
        ],
      );
      await known.flush(60_000);
      await known.close();
      assert.equal(known.said, 4);
      const records: ReadRecord[] = [];
      const onBatch = (batch: readonly ReadRecord[]): void => void records.push(...batch);
      await readToEnd(kafka, { topics: ['p.fleet.truth'], timeoutMs: 20_000, onBatch });
      assert.deepEqual(
        records.map(({ key, value }) => [String(key), truthCodec.decode(value!).detectableAt]),
        [
          ['CAR1', null],
          ['CAR2', null],
          ['CAR1', 101],
          ['CAR1', null],
        ],
      );
      const origin = decodeOrigin(records[0]?.headers[originHeader] as Buffer);
      assert.deepEqual([origin?.run, origin?.edge], ['r1', 'testbed']);
    } finally {
      await local.stop();
    }
  },
);
