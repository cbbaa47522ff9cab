import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';
import { testKafka, type TestKafka } from '#test/kafka.ts';
import type { TestBroker } from '#test/mqtt-broker.ts';
import { until } from '#test/until.ts';
import type { TestBridge, TestEdge } from '../rig.ts';
import {
  assertEachOnceInOrder,
  bridgeAt,
  BridgeProcess,
  brokers,
  edgeAt,
  edgeNames,
  stream,
  untilStored,
} from './parts.ts';

/** Bridges at a broker of the user's own: who takes an edge, and what becomes of its frames when that changes. */

const timeout = 300_000;

let kafka: TestKafka;
before(
  async () => {
    kafka = await testKafka();
  },
  { timeout },
);
after(async () => kafka.stop());

const servedBy = async (bridge: BridgeProcess): Promise<number> => bridge.metric('fleetbed_bridge_edges');
const isBeyond = (edges: TestEdge[], count: number) => () => edges.every((edge) => edge.acked.length > count);

for (const { name, id, skip, start } of brokers) {
  describe(`bridges at ${name}`, { skip }, () => {
    let broker: TestBroker;
    before(
      async () => {
        broker = await start();
      },
      { timeout },
    );
    after(async () => broker.stop());

    test(
      'the owner is killed, comes back, is paused and wakes: each frame once, in order',
      { timeout },
      async () => {
        const run = `${id}-killed`;
        const owner = new BridgeProcess(broker, kafka.brokers, run, { owns: edgeNames });
        const standby = new BridgeProcess(broker, kafka.brokers, run, { standsBy: edgeNames });
        const edges: TestEdge[] = [];
        try {
          await owner.start();
          await until(async () => owner.serves(2), 'the owner serves');
          await standby.start();
          edges.push(...edgeNames.map((edge) => edgeAt(broker, edge)));
          const last = 2400;
          const streaming = Promise.all(edges.map(async (edge) => stream(edge, 1, last)));
          await until(isBeyond(edges, 100), 'some are acknowledged');
          assert.ok(await standby.serves(0));

          await owner.end('SIGKILL');
          await until(async () => standby.serves(2), 'the standby serves');
          await until(isBeyond(edges, 400), 'more are acknowledged');

          await owner.start();
          await until(async () => owner.serves(2), 'the owner serves again');
          await until(async () => standby.serves(0), 'the standby stands by');
          await until(isBeyond(edges, 800), 'more are acknowledged');

          owner.signal('SIGSTOP');
          await until(async () => standby.serves(2), 'the standby serves again');
          await until(isBeyond(edges, 1400), 'more are acknowledged');
          owner.signal('SIGCONT');

          await streaming;
          await until(isBeyond(edges, last - 1), 'all are acknowledged');
          await untilStored(kafka.brokers, run, 2 * 3 * last);
          await assertEachOnceInOrder(kafka.brokers, run, edgeNames, last);
          // Whoever wakes may fence once more before it sees that its connection is gone: then the edge moves again.
          assert.ok((await standby.metric('fleetbed_bridge_take_overs_total')) >= 4);
          const served = async (): Promise<number> => (await servedBy(owner)) + (await servedBy(standby));
          await until(async () => (await served()) === 2, 'each edge is served by one');
          for (const bridge of [owner, standby]) {
            assert.equal(await bridge.metric('fleetbed_bridge_sessions_forgotten_total'), 0);
            assert.equal(await bridge.metric('fleetbed_bridge_frame_gaps_total'), 0);
          }

          assert.equal(await standby.end('SIGTERM'), 0);
          await until(async () => owner.serves(2), 'the owner serves at last');
          assert.equal(await owner.end('SIGTERM'), 0);
        } finally {
          for (const edge of edges) edge.close();
          await owner.end('SIGKILL');
          await standby.end('SIGKILL');
        }
      },
    );

    test('of two that stand by, one takes the edge, and nobody takes it from it', { timeout }, async () => {
      const run = `${id}-two-standbys`;
      const standsBy = ['edge-3'];
      const owner = await bridgeAt(broker, kafka.brokers, run, { owns: standsBy });
      const standbys: TestBridge[] = [];
      for (let n = 0; n < 2; n++) standbys.push(await bridgeAt(broker, kafka.brokers, run, { standsBy }));
      const edge = edgeAt(broker, 'edge-3');
      try {
        const streaming = stream(edge, 1, 1500);
        await until(isBeyond([edge], 50), 'some are acknowledged');
        await owner.drain();
        await streaming;
        await untilStored(kafka.brokers, run, 3 * 1500);
        await assertEachOnceInOrder(kafka.brokers, run, ['edge-3'], 1500);
        const sum = async (metric: string): Promise<number> =>
          (await Promise.all(standbys.map(async (bridge) => bridge.metric(metric)))).reduce((a, b) => a + b);
        assert.equal(await sum('fleetbed_bridge_edges'), 1);
        // Both may have come at the same moment; then the second has it.
        assert.ok((await sum('fleetbed_bridge_take_overs_total')) <= 2);
      } finally {
        edge.close();
        await Promise.all(standbys.map(async (bridge) => bridge.drain()));
      }
    });

    test('the owner and the broker die together: the standby takes the edge', { timeout }, async () => {
      const run = `${id}-both-die`;
      const owner = new BridgeProcess(broker, kafka.brokers, run, { owns: ['edge-5'] });
      const standby = new BridgeProcess(broker, kafka.brokers, run, { standsBy: ['edge-5'] });
      const edge = edgeAt(broker, 'edge-5');
      try {
        await owner.start();
        await until(async () => owner.serves(1), 'the owner serves');
        await standby.start();
        await stream(edge, 1, 20);
        await untilStored(kafka.brokers, run, 3 * 20);
        // What it remembers is who has the edge; the owner's last will dies with it.
        await broker.save();
        await broker.kill();
        await owner.end('SIGKILL');
        await broker.start();
        await until(async () => standby.serves(1), 'the standby serves');
        await stream(edge, 21, 40);
        await untilStored(kafka.brokers, run, 3 * 40);
        await assertEachOnceInOrder(kafka.brokers, run, ['edge-5'], 40);
      } finally {
        edge.close();
        await owner.end('SIGKILL');
        await standby.end('SIGKILL');
      }
    });

    test('an edge sends nothing before a bridge has subscribed', { timeout }, async () => {
      const run = `${id}-early-edge`;
      const edge = edgeAt(broker, 'edge-4');
      try {
        const streaming = stream(edge, 1, 50);
        await delay(300);
        assert.equal(edge.acked.length, 0);
        const bridge = await bridgeAt(broker, kafka.brokers, run, { owns: ['edge-4'] });
        await streaming;
        await untilStored(kafka.brokers, run, 3 * 50);
        await bridge.drain();
      } finally {
        edge.close();
      }
    });
  });
}
