import assert from 'node:assert/strict';
import { after, before, describe, test, type TestContext } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';
import { edgeTopics } from '#contract/mqtt-topics.ts';
import { encodeDesired } from '#contract/release.ts';
import { testKafka, type TestKafka } from '#test/kafka.ts';
import type { TestBroker } from '#test/mqtt-broker.ts';
import { until } from '#test/until.ts';
import { pickPort } from '#testbed/run/ports.ts';
import { fetchAll, releasesOut } from '../downlink-parts.ts';
import { frame, stored } from '../rig.ts';
import { TestCloud } from '../test-cloud.ts';
import {
  assertEachOnceInOrder,
  bridgeAt,
  brokers,
  edgeAt,
  epoch,
  numbersTo,
  stream,
  untilStored,
} from './parts.ts';

/** A broker of the user's own that dies, forgets, refuses, or has a bridge behind it that is slow. */

const timeout = 300_000;

let kafka: TestKafka;
before(
  async () => {
    kafka = await testKafka();
  },
  { timeout },
);
after(async () => kafka.stop());

for (const { name, id, skip, sendsAhead, start } of brokers) {
  describe(`faults of ${name}`, { skip }, () => {
    let broker: TestBroker;
    before(
      async () => {
        broker = await start();
      },
      { timeout },
    );
    after(async () => broker.stop());

    test('what it had kept while no bridge was there outlives a kill -9', { timeout }, async () => {
      const run = `${id}-kept`;
      const edge = edgeAt(broker, 'edge-1');
      try {
        const first = await bridgeAt(broker, kafka.brokers, run, { owns: ['edge-1'] });
        await stream(edge, 1, 20);
        await untilStored(kafka.brokers, run, 3 * 20);
        await first.drain();
        // More than either broker's usual limit for a queue.
        await stream(edge, 21, 1100);
        await until(() => edge.acked.length === 1100, 'acknowledged');
        edge.close();
        await broker.save();
        await broker.kill();
        await broker.start();
        const second = await bridgeAt(broker, kafka.brokers, run, { standsBy: ['edge-1'] });
        await untilStored(kafka.brokers, run, 3 * 1100);
        await assertEachOnceInOrder(kafka.brokers, run, ['edge-1'], 1100);
        assert.equal(await second.metric('fleetbed_bridge_sessions_forgotten_total'), 0);
        await second.drain();
      } finally {
        edge.close();
      }
    });

    test(
      'killed under load: nothing twice, nothing out of order, and what comes later arrives',
      { timeout },
      async (t) => {
        const run = `${id}-under-load`;
        const bridge = await bridgeAt(broker, kafka.brokers, run, { owns: ['edge-2'] });
        const edge = edgeAt(broker, 'edge-2', 32);
        try {
          const streaming = stream(edge, 1, 1500);
          await until(() => edge.acked.length > 200, 'some are acknowledged');
          await broker.kill();
          await until(() => !bridge.readiness.ready, 'not ready');
          const acknowledged = edge.acked.length;
          await broker.start();
          await streaming;
          await until(() => edge.acked.length === 1500, 'acknowledged');
          await until(() => bridge.readiness.ready, 'ready');
          await untilLast(run, 1500);
          const numbers = await numbersOf(run, 'VIN00001');
          assert.deepEqual(
            numbers,
            numbers.toSorted((one, other) => one - other),
          );
          assert.equal(new Set(numbers).size, numbers.length);
          const missing = numbersTo(1500).filter((number) => !numbers.includes(number));
          report(t, name, missing);
          // What it acknowledged in its last moments may be lost, what it acknowledged later may not.
          for (const number of missing) assert.ok(number <= acknowledged + 32, `${number} is lost`);
        } finally {
          edge.close();
          await bridge.drain();
        }
      },
    );

    test('one that has forgotten its sessions: said, and edges wait for a new one', { timeout }, async () => {
      const run = `${id}-forgotten`;
      const bridge = await bridgeAt(broker, kafka.brokers, run, { owns: ['edge-3'] });
      const edge = edgeAt(broker, 'edge-3', 32);
      try {
        await stream(edge, 1, 100);
        await untilStored(kafka.brokers, run, 3 * 100);
        await broker.kill();
        await broker.forget();
        await broker.start();
        // These find a broker that knows nobody who would want them.
        await stream(edge, 101, 300);
        await until(() => edge.acked.length === 300, 'acknowledged');
        await untilStored(kafka.brokers, run, 3 * 300);
        await assertEachOnceInOrder(kafka.brokers, run, ['edge-3'], 300);
        assert.equal(await bridge.metric('fleetbed_bridge_sessions_forgotten_total'), 1);
      } finally {
        edge.close();
        await bridge.drain();
      }
    });

    test('while Kafka stands still a bridge holds little, and the broker the rest', { timeout }, async () => {
      const run = `${id}-slow`;
      const maxPendingBytes = 300_000;
      const bridge = await bridgeAt(broker, kafka.brokers, run, {
        owns: ['edge-4'],
        over: { maxPendingBytes },
      });
      const edge = edgeAt(broker, 'edge-4', 100);
      try {
        await edge.send(frame(epoch, 1, 2000));
        await untilStored(kafka.brokers, run, 2000);
        process.kill(kafka.local.pid, 'SIGSTOP');
        const pending = async (): Promise<number> => bridge.metric('fleetbed_bridge_pending_bytes');
        let most = 0;
        try {
          for (let number = 2; number <= 60; number++) {
            await edge.send(frame(epoch, number, 2000));
            most = Math.max(most, await pending());
          }
          await until(() => edge.acked.length === 60, 'the broker has all');
          await until(
            async () => (await pending()) > (sendsAhead ? maxPendingBytes : 0),
            'the bridge holds some',
          );
          most = Math.max(most, await pending());
        } finally {
          process.kill(kafka.local.pid, 'SIGCONT');
        }
        const frameBytes = frame(epoch, 2, 2000).length;
        // The frame that reaches the limit, and what one read of the socket (64 KiB) may still bring.
        assert.ok(most < maxPendingBytes + frameBytes + 65_536, `${most} bytes`);
        await untilStored(kafka.brokers, run, 60 * 2000);
        assert.equal(await bridge.metric('fleetbed_bridge_sessions_lost_total'), 0);
      } finally {
        edge.close();
        await bridge.drain();
      }
    });

    test('releases and desires reach edges, and again after it has forgotten them', { timeout }, async () => {
      const run = `${id}-downlink`;
      const bridge = await bridgeAt(broker, kafka.brokers, run, { owns: ['edge-5'] });
      const other = await bridgeAt(broker, kafka.brokers, run, { standsBy: ['edge-5'] });
      const cloud = await TestCloud.open(kafka.brokers, run);
      const release = cloud.make(1);
      await cloud.publish(release);
      await cloud.desire('edge-5', release.id);
      const edges = [];
      try {
        await releasesOut(bridge, 1);
        const topic = edgeTopics.desired('edge-5');
        for (const isLast of [false, true]) {
          const edge = edgeAt(broker, 'edge-5');
          edges.push(edge);
          edge.subscribe(topic);
          await until(() => edge.hasHeard(topic), 'desired');
          assert.deepEqual(edge.last(topic), encodeDesired({ release: release.id }));
          await fetchAll(edge, release);
          edge.close();
          if (isLast) break;
          await broker.kill();
          await broker.forget();
          await broker.start();
        }
        // What is desired later comes from whoever has the edge by then.
        const edge = edgeAt(broker, 'edge-5');
        edges.push(edge);
        await bridge.drain();
        await until(async () => (await other.metric('fleetbed_bridge_edges')) === 1, 'the other serves');
        const next = cloud.make(2);
        await cloud.publish(next);
        await cloud.desire('edge-5', next.id);
        edge.subscribe(topic);
        await until(() => edge.last(topic)?.equals(encodeDesired({ release: next.id })) ?? false, 'desired');
      } finally {
        for (const edge of edges) edge.close();
        await other.drain();
        await cloud.close();
      }
    });

    test('a bridge that it refuses, or cannot reach, says so', { timeout }, async () => {
      const mqtt = { broker: `127.0.0.1:${broker.bridgePort}`, username: 'bridge', owns: ['edge-6'] };
      await assert.rejects(
        bridgeAt(broker, kafka.brokers, 'refused', {
          over: { mqtt: { ...mqtt, password: 'not the password' } },
        }),
        /the MQTT broker at 127\.0\.0\.1:\d+ does not take this bridge: refused:(not-authorized|bad-credentials)/,
      );
      await assert.rejects(
        bridgeAt(broker, kafka.brokers, 'unreachable', {
          over: { mqtt: { ...mqtt, broker: `127.0.0.1:${await pickPort()}`, wait: 500 } },
        }),
        /the MQTT broker at 127\.0\.0\.1:\d+ cannot be reached in 500 ms: unreachable/,
      );
    });
  });
}

async function numbersOf(run: string, key: string): Promise<number[]> {
  const records = await stored(kafka.brokers, run);
  return records.filter((record) => record.key === key).map((record) => record.origin?.number ?? 0);
}

async function untilLast(run: string, last: number): Promise<void> {
  await until(async () => {
    const hasCome = (await numbersOf(run, 'VIN00001')).includes(last);
    if (!hasCome) await delay(200);
    return hasCome;
  }, 'the last has come');
}

function report(t: TestContext, name: string, missing: number[]): void {
  t.diagnostic(
    `${name} had acknowledged ${missing.length} frames that its kill -9 took with it: ${missing.join(' ')}`,
  );
}
