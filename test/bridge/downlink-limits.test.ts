import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { bridgeMetrics } from '#bridge/bridge-metrics.ts';
import { Downlink } from '#bridge/downlink/downlink.ts';
import { edgeTopics, releaseTopics } from '#contract/mqtt-topics.ts';
import { encodeDesired } from '#contract/release.ts';
import { Metrics } from '#runtime/metrics.ts';
import { testKafka, type TestKafka } from '#test/kafka.ts';
import { until } from '#test/until.ts';
import { ensureTopics } from '#wire/kafka-topics.ts';
import { connectKafka, kafkaConfig } from '#wire/kafka.ts';
import { fetchAll, releasesOut, topicsOf, withRun, type Parts } from './downlink-parts.ts';
import { quiet } from './rig.ts';
import type { CloudRelease } from './test-cloud.ts';

/** What of all that Kafka holds a downlink retains: at its start, and when it is too much. */

const timeout = 60_000;
const mebibyte = 1024 * 1024;

let kafka: TestKafka;
before(
  async () => {
    kafka = await testKafka();
    // Topics are there before a bridge is.
    await ensureTopics(connectKafka(kafkaConfig.parse({ brokers: kafka.brokers }), quiet), {
      prefix: '',
      given: false,
      tieredStorage: false,
    });
  },
  { timeout },
);
after(async () => kafka.stop());

const withParts = async (story: (parts: Parts) => Promise<void>): Promise<void> => withRun(kafka, story);

const desiredTopic = edgeTopics.desired('edge-1');

/** All that a downlink retains of what Kafka holds, in order; no bytes where it clears. */
async function retainedAtStart(
  run: string,
  maxReleaseBytes: number,
): Promise<{ retained: [topic: string, bytes: number][]; heldBack: number }> {
  const retained: [string, number][] = [];
  const downlink = await Downlink.open({
    kafka: connectKafka(kafkaConfig.parse({ brokers: kafka.brokers }), quiet),
    run,
    topicPrefix: '',
    maxReleaseBytes,
    retain: async (topic, payload) => void retained.push([topic, payload.length]),
    fail: assert.fail,
    metrics: bridgeMetrics(new Metrics({ component: 'bridge', name: 'bridge' })),
    log: quiet,
  });
  try {
    await until(() => downlink.isUpToDate, 'read');
  } finally {
    await downlink.stop();
  }
  return { retained, heldBack: downlink.heldBack };
}

test('from the beginning on, nothing goes out that a later record takes back', { timeout }, async () => {
  await withParts(async ({ cloud, run }) => {
    const [old, withdrawn, present] = [cloud.make(1, 1), cloud.make(2, 2), cloud.make(3, 1)];
    for (const release of [old, withdrawn, present]) {
      await cloud.publish(release);
      for (const edge of ['edge-1', 'edge-2', 'edge-3']) await cloud.desire(edge, release.id);
    }
    await cloud.desire('edge-2', withdrawn.id);
    await cloud.desire('edge-3', null);
    await cloud.withdraw(withdrawn);
    const { retained, heldBack } = await retainedAtStart(run, 10 * mebibyte);
    const chunks = [old, withdrawn, present].flatMap(({ id, chunks: parts }) =>
      [...parts.keys()].map((n): [string, number] => [releaseTopics.chunk(id, n), parts[n]?.length ?? 0]),
    );
    assert.deepEqual(retained, [
      ...chunks,
      [releaseTopics.chunk(withdrawn.id, 0), 0],
      [releaseTopics.chunk(withdrawn.id, 1), 0],
      [releaseTopics.manifest(old.id), old.bytes.length],
      [releaseTopics.manifest(present.id), present.bytes.length],
      [desiredTopic, encodeDesired({ release: present.id }).length],
    ]);
    assert.equal(heldBack, 1);
  });
});

test('what is desired is known before a limit decides what goes', { timeout }, async () => {
  await withParts(async ({ cloud, run }) => {
    const releases = [1, 2, 3, 4].map((counter) => cloud.make(counter, 4));
    for (const release of releases) await cloud.publish(release);
    const [oldest] = releases as [CloudRelease];
    await cloud.desire('edge-1', oldest.id);
    const { retained } = await retainedAtStart(run, 2 * mebibyte);
    assert.deepEqual(
      retained.filter(([topic]) => topic.includes(oldest.id)).map(([topic, bytes]) => [topic, bytes > 0]),
      topicsOf(oldest).map((topic) => [topic, true]),
    );
    assert.ok(retained.some(([, bytes]) => bytes === 0));
  });
});

test(
  'above the limit the oldest release that nobody desires goes; desired again, it is read again',
  { timeout },
  async () => {
    await withParts(async ({ cloud, ...parts }) => {
      const over = { downlink: { maxReleaseBytes: 2 * mebibyte } };
      const bridge = await parts.bridge(over);
      const edge = parts.edge(bridge);
      edge.subscribe(desiredTopic);
      await until(() => edge.subscribed.length === 1, 'subscribed');
      // 0.75 MiB each: two of them fit.
      const releases = [1, 2, 3, 4].map((counter) => cloud.make(counter, 4));
      const [first, second, third, fourth] = releases as [
        CloudRelease,
        CloudRelease,
        CloudRelease,
        CloudRelease,
      ];
      await cloud.desire('edge-1', first.id);
      for (const release of releases) await cloud.publish(release);
      await until(
        async () => (await bridge.metric('fleetbed_bridge_releases_cleared_total')) === 2,
        'two cleared',
      );
      await releasesOut(bridge, 2);
      assert.ok((await bridge.metric('fleetbed_bridge_release_bytes')) <= 2 * mebibyte);
      const late = parts.edge(bridge, 'edge-2');
      await fetchAll(late, first);
      await fetchAll(late, fourth);
      late.subscribe(...topicsOf(second), ...topicsOf(third));
      await until(() => late.subscribed.length === 20, 'subscribed');
      assert.equal(late.messages.length, 10);

      await cloud.desire('edge-1', second.id);
      await until(() => edge.last(desiredTopic)?.includes(second.id) ?? false, 'desired');
      await fetchAll(parts.edge(bridge, 'edge-3'), second);
      assert.ok((await bridge.metric('fleetbed_bridge_release_bytes')) <= 2 * mebibyte);

      // A new bridge with the same limit spares what is desired.
      const next = await parts.bridge(over);
      const moved = parts.edge(next);
      moved.subscribe(desiredTopic);
      await until(() => moved.hasHeard(desiredTopic), 'desired');
      await fetchAll(moved, second);
    });
  },
);

test('desired releases that do not fit together: the newer ones are given', { timeout }, async () => {
  await withParts(async ({ cloud, ...parts }) => {
    const bridge = await parts.bridge({ downlink: { maxReleaseBytes: 1 * mebibyte } });
    const edges = ['edge-1', 'edge-2'].map((name) => parts.edge(bridge, name));
    const [older, newer] = [cloud.make(1, 4), cloud.make(2, 4)];
    for (const [index, release] of [older, newer].entries()) {
      const { name } = edges[index] ?? assert.fail();
      edges[index]?.subscribe(edgeTopics.desired(name));
      await cloud.desire(name, release.id);
      await cloud.publish(release);
      await until(() => edges[index]?.hasHeard(edgeTopics.desired(name)) ?? false, 'desired');
    }
    await until(() => edges[0]?.last(desiredTopic)?.length === 0, 'taken back');
    assert.equal(await bridge.metric('fleetbed_bridge_desires_held_back'), 1);
    // As soon as there is room, the older one is read again.
    await cloud.withdraw(newer);
    await until(() => edges[0]?.last(desiredTopic)?.includes(older.id) ?? false, 'desired');
    await fetchAll(parts.edge(bridge, 'edge-3'), older);
  });
});
