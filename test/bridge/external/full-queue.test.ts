import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { testKafka, type TestKafka } from '#test/kafka.ts';
import type { TestBroker } from '#test/mqtt-broker.ts';
import { until } from '#test/until.ts';
import { stored } from '../rig.ts';
import { bridgeAt, brokers, edgeAt, numbersTo, stream, untilStored } from './parts.ts';

/** A broker that keeps too little for bridges that are away: what it acknowledges and drops can be seen. */

const timeout = 300_000;
const maxQueued = 50;

let kafka: TestKafka;
before(
  async () => {
    kafka = await testKafka();
  },
  { timeout },
);
after(async () => kafka.stop());

for (const { name, id, skip, start } of brokers) {
  describe(`a full queue of ${name}`, { skip }, () => {
    let broker: TestBroker;
    before(
      async () => {
        broker = await start(maxQueued);
      },
      { timeout },
    );
    after(async () => broker.stop());

    test(
      'what it drops is a gap that the bridge counts; the rest comes once and in order',
      { timeout },
      async () => {
        const run = `${id}-full`;
        const edge = edgeAt(broker, 'edge-1', 32);
        try {
          const first = await bridgeAt(broker, kafka.brokers, run, { owns: ['edge-1'] });
          await stream(edge, 1, 20);
          await untilStored(kafka.brokers, run, 3 * 20);
          await first.drain();
          await stream(edge, 21, 300);
          await until(() => edge.acked.length === 300, 'acknowledged');

          const second = await bridgeAt(broker, kafka.brokers, run, { standsBy: ['edge-1'] });
          // Of either broker's queue the oldest are there, and what is on its way to a bridge may not count.
          await untilStored(kafka.brokers, run, 3 * (20 + maxQueued));
          assert.equal(await second.metric('fleetbed_bridge_frame_gaps_total'), 0);
          await stream(edge, 301, 310);
          await until(async () => (await numbersStored(run)).includes(310), 'the last has come');

          const numbers = await numbersStored(run);
          const missing = numbersTo(310).filter((number) => !numbers.includes(number));
          assert.ok(missing.length > 150, `${missing.length} are missing`);
          assert.ok(missing.every((number) => number > 20 + maxQueued && number <= 300));
          assert.deepEqual(
            numbers,
            numbersTo(310).filter((number) => !missing.includes(number)),
          );
          assert.equal(await second.metric('fleetbed_bridge_frame_gaps_total'), 1);
          // Its session was there all the time: this is not what was forgotten.
          assert.equal(await second.metric('fleetbed_bridge_sessions_forgotten_total'), 0);
          await second.drain();
        } finally {
          edge.close();
        }
      },
    );
  });
}

async function numbersStored(run: string): Promise<number[]> {
  const records = await stored(kafka.brokers, run);
  return records.filter(({ key }) => key === 'VIN00001').map(({ origin }) => origin?.number ?? 0);
}
