import assert from 'node:assert/strict';
import { after, before, mock, test } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';
import { bridgeMetrics } from '#bridge/bridge-metrics.ts';
import { HandOver } from '#bridge/hand-over.ts';
import { Outages } from '#bridge/outages.ts';
import { Metrics } from '#runtime/metrics.ts';
import { testKafka, type TestKafka } from '#test/kafka.ts';
import { until } from '#test/until.ts';
import { LinkProxy } from '#testbed/run/link-proxy.ts';
import { pickPort } from '#testbed/run/ports.ts';
import { frame, quiet, stored, testBridge, TestEdge, textsOf } from './rig.ts';

/** Edges that go from one bridge to another: each frame is in Kafka once, and in order, all the same. */

const timeout = 120_000;
const epoch = 'aaaaaaaaaaaaaaaa';
const host = '127.0.0.1';

let kafka: TestKafka;
/** The first bridge's way to Kafka. */
let kafkaLink: LinkProxy;
before(
  async () => {
    const advertised = { host, port: await pickPort() };
    kafka = await testKafka({ linksAdvertised: [advertised] });
    const [target] = kafka.local.linkTargets;
    assert.ok(target);
    kafkaLink = new LinkProxy('bridge-1/kafka', advertised, target);
    await kafkaLink.open();
  },
  { timeout },
);
after(async () => {
  await kafkaLink.cut();
  await kafka.stop();
});

const numbersTo = (last: number): number[] => Array.from({ length: last }, (_, index) => index + 1);

async function stream(edge: TestEdge, from: number, to: number): Promise<void> {
  for (let number = from; number <= to; number++) {
    await edge.send(frame(epoch, number), String(number));
    await delay(2);
  }
}

/** All frames of the edge up to `last` are in Kafka, each once, and in order within each key. */
async function assertEachOnceInOrder(run: string, edge: string, last: number): Promise<void> {
  const records = (await stored(kafka.brokers, run)).filter((record) => record.origin?.edge === edge);
  const texts = records.map((record) => record.text);
  assert.deepEqual(texts.toSorted(), textsOf(epoch, numbersTo(last)).toSorted());
  for (const key of ['VIN00000', 'VIN00001', 'VIN00002']) {
    const numbers = records.filter((record) => record.key === key).map((record) => record.origin?.number);
    assert.deepEqual(numbers, numbersTo(last));
  }
}

test('an edge that is thrown from bridge to bridge under load', { timeout }, async () => {
  const run = 'thrown';
  // Both find no topics, and create them.
  const bridges = await Promise.all([testBridge(kafka.brokers, run), testBridge(kafka.brokers, run)]);
  const links = await Promise.all(
    bridges.map(async ({ port }, index) => {
      const listen = { host, port: await pickPort() };
      const link = new LinkProxy(`edge-1/bridge-${index + 1}`, listen, { host, port });
      await link.open();
      return { link, port: listen.port };
    }),
  );
  const [one, other] = links;
  assert.ok(one && other);
  const edge = new TestEdge(one.port, 'edge-1', { others: [other.port] });
  try {
    const last = 700;
    const streaming = stream(edge, 1, last);
    for (let turn = 0; turn < 6; turn++) {
      const left = turn % 2;
      await until(() => edge.acked.length >= 100 * (turn + 1), 'some are acknowledged');
      await links[left]?.link.cut();
      await until(async () => {
        return (await bridges[1 - left]?.metric('fleetbed_bridge_edges')) === 1;
      }, 'the other one has it');
      await links[left]?.link.open();
    }
    await streaming;
    await until(() => edge.acked.length === last, 'all are acknowledged');
    assert.deepEqual(edge.acked, numbersTo(last).map(String));
    await assertEachOnceInOrder(run, 'edge-1', last);
    for (const bridge of bridges) {
      assert.ok((await bridge.metric('fleetbed_bridge_frames_total')) > 100, 'both took frames');
      assert.equal(await bridge.metric('fleetbed_bridge_handed_over_total'), 0);
    }
  } finally {
    edge.close();
    await Promise.all(links.map(async ({ link }) => link.cut()));
    await Promise.all(bridges.map(async (bridge) => bridge.drain()));
  }
});

test(
  'a bridge without Kafka sends its edges to one that has it, and takes edges again when it has it too',
  { timeout },
  async () => {
    const run = 'sent-away';
    const over = { handOverAfter: '500ms' };
    const [without, having] = await Promise.all([
      testBridge([kafkaLink.address], run, over),
      testBridge(kafka.brokers, run, over),
    ]);
    const edges = ['edge-1', 'edge-2'].map(
      (name) => new TestEdge(without.port, name, { others: [having.port] }),
    );
    let late: TestEdge | undefined;
    try {
      const last = 400;
      const streaming = Promise.all(edges.map(async (edge) => stream(edge, 1, last)));
      await until(() => edges.every((edge) => edge.acked.length > 50), 'some are acknowledged');
      assert.equal(await having.metric('fleetbed_bridge_edges'), 0);
      await kafkaLink.cut();
      await streaming;
      await until(() => edges.every((edge) => edge.acked.length === last), 'all are acknowledged');
      assert.equal(await having.metric('fleetbed_bridge_edges'), 2);
      assert.equal(await without.metric('fleetbed_bridge_handed_over_total'), 1);
      assert.equal(await having.metric('fleetbed_bridge_handed_over_total'), 0);
      assert.equal(without.readiness.ready, false);
      assert.match(without.readiness.reason ?? '', /Kafka takes no frames/);
      for (const edge of edges) assert.ok(edge.closes.includes('refused:unavailable'), edge.closes.join());
      for (const edge of edges) await assertEachOnceInOrder(run, edge.name, last);

      await kafkaLink.open();
      await until(() => without.readiness.ready, 'ready');
      late = new TestEdge(without.port, 'edge-3');
      await stream(late, 1, 20);
      await until(() => late?.acked.length === 20, 'all are acknowledged');
      await assertEachOnceInOrder(run, 'edge-3', 20);
    } finally {
      await kafkaLink.open();
      for (const edge of [...edges, ...(late ? [late] : [])]) edge.close();
      await Promise.all([without.drain(), having.drain()]);
    }
  },
);

test('a bridge that nobody wants frames of sends nobody away', { timeout }, async () => {
  const run = 'idle';
  const bridge = await testBridge([kafkaLink.address], run, { handOverAfter: '100ms' });
  const edge = new TestEdge(bridge.port, 'edge-1');
  try {
    await stream(edge, 1, 5);
    await until(() => edge.acked.length === 5, 'all are acknowledged');
    // A first transaction may last longer than this bridge's patience, and then the edge was sent away for it.
    const closed = edge.closes.length;
    await kafkaLink.cut();
    await delay(600);
    assert.equal(edge.connected, true);
    assert.equal(edge.closes.length, closed);
    await edge.send(frame(epoch, 6), '6');
    await until(() => edge.closes.length > closed, 'sent away');
    await kafkaLink.open();
    await until(() => edge.acked.length === 6, 'acknowledged');
    await assertEachOnceInOrder(run, 'edge-1', 6);
  } finally {
    await kafkaLink.open();
    edge.close();
    await bridge.drain();
  }
});

test('where no bridge has Kafka its edges do not go round in circles: each time it waits longer', async () => {
  mock.timers.enable({ apis: ['setInterval'] });
  const metrics = new Metrics({ component: 'bridge', name: 'bridge' });
  const waits: number[] = [];
  let waitedMs = 0;
  let settledFrames = 0;
  const handOver = new HandOver({
    afterMs: 1000,
    edges: {
      pendingBytes: 1,
      get settledFrames() {
        return settledFrames;
      },
      turnAway: () => {
        waits.push(waitedMs);
        waitedMs = 0;
      },
      takeAgain: () => undefined,
    },
    outages: new Outages(() => undefined),
    askKafka: () => Promise.resolve(),
    metrics: bridgeMetrics(metrics),
    log: quiet,
  });
  const pass = async (ms: number): Promise<void> => {
    for (let at = 0; at < ms; at += 100) {
      waitedMs += 100;
      mock.timers.tick(100);
      await Promise.resolve().then(() => undefined);
    }
  };
  try {
    await pass(40_000);
    assert.deepEqual(waits.slice(0, 5), [1000, 2000, 4000, 8000, 8000]);
    settledFrames = 1;
    await pass(100);
    waits.length = waitedMs = 0;
    await pass(1000);
    assert.deepEqual(waits, [1000], 'once a frame has got through it is as impatient as before');
  } finally {
    handOver.stop();
    metrics.close();
    mock.timers.reset();
  }
});
