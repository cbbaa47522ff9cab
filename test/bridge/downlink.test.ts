import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';
import { edgeTopics, releaseTopics } from '#contract/mqtt-topics.ts';
import { encodeDesired } from '#contract/release.ts';
import { testKafka, type TestKafka } from '#test/kafka.ts';
import { until } from '#test/until.ts';
import { fetchAll, releasesOut, topicsOf, withRun, type Parts } from './downlink-parts.ts';
import { TestEdge } from './rig.ts';

/** Releases and desires on their way from Kafka to edges. */

const timeout = 60_000;

let kafka: TestKafka;
before(
  async () => {
    kafka = await testKafka();
  },
  { timeout },
);
after(async () => kafka.stop());

/** Runs a story with parts of one run, which are closed after it. */
const withParts = async (story: (parts: Parts) => Promise<void>): Promise<void> => withRun(kafka, story);

const desiredTopic = edgeTopics.desired('edge-1');
test('an edge sees chunks as they come, then the manifest, then what is desired', { timeout }, async () => {
  await withParts(async ({ cloud, ...parts }) => {
    const edge = parts.edge(await parts.bridge());
    const release = cloud.make(1);
    edge.subscribe(desiredTopic, ...topicsOf(release));
    await until(() => edge.subscribed.length === 5, 'subscribed');
    // Against the order in which a registry writes them.
    await cloud.desire('edge-1', release.id);
    await cloud.manifest(release.id, release.bytes);
    for (const n of [2, 0]) await cloud.chunk(release, n);
    await until(() => edge.messages.length === 2, 'two chunks');
    await cloud.chunk(release, 1);
    await until(() => edge.messages.length === 5, 'all');
    assert.deepEqual(
      edge.messages.map(({ topic }) => topic),
      [
        ...[2, 0, 1].map((n) => releaseTopics.chunk(release.id, n)),
        releaseTopics.manifest(release.id),
        desiredTopic,
      ],
    );
    assert.deepEqual(edge.last(desiredTopic), encodeDesired({ release: release.id }));
    assert.deepEqual(edge.last(releaseTopics.chunk(release.id, 2)), release.chunks[2]);
  });
});

test('an edge that comes later gets everything, from a new bridge as well', { timeout }, async () => {
  await withParts(async ({ cloud, ...parts }) => {
    const first = await parts.bridge();
    const release = cloud.make(3);
    await cloud.publish(release);
    await cloud.desire('edge-1', release.id);
    await releasesOut(first, 1);
    const late = parts.edge(first);
    await fetchAll(late, release);
    late.subscribe(desiredTopic);
    await until(() => late.hasHeard(desiredTopic), 'desired');
    late.close();
    await first.drain();
    const second = await parts.bridge();
    const again = parts.edge(second);
    again.subscribe(desiredTopic);
    await until(() => again.hasHeard(desiredTopic), 'desired');
    assert.deepEqual(again.last(desiredTopic), encodeDesired({ release: release.id }));
    await fetchAll(again, release);
    const bytes = [release.bytes, ...release.chunks].reduce((sum, { length }) => sum + length, 0);
    assert.equal(await second.metric('fleetbed_bridge_release_bytes'), bytes);
    const consumer = 'downlink';
    assert.ok((await second.metric('fleetbed_consumer_lag_records_max', { consumer })) >= 4);
    await until(async () => (await second.metric('fleetbed_consumer_lag_records')) === 0, 'caught up');
  });
});

test(
  'a desired release is held back until it is whole, and the former one stands until then',
  { timeout },
  async () => {
    await withParts(async ({ cloud, ...parts }) => {
      const bridge = await parts.bridge();
      const edge = parts.edge(bridge);
      edge.subscribe(desiredTopic);
      await until(() => edge.subscribed.length === 1, 'subscribed');
      const [former, next] = [cloud.make(1, 1), cloud.make(2, 2)];
      await cloud.publish(former);
      await cloud.desire('edge-1', former.id);
      await until(() => edge.messages.length === 1, 'the former');
      await cloud.desire('edge-1', next.id);
      await cloud.chunk(next, 0);
      await cloud.manifest(next.id, next.bytes);
      await until(async () => (await bridge.metric('fleetbed_bridge_desires_held_back')) === 1, 'held back');
      await until(
        async () => (await bridge.metric('fleetbed_bridge_release_bytes')) > next.chunks[0]!.length,
        'chunk and manifest were read',
      );
      const late = parts.edge(bridge, 'edge-1');
      edge.close();
      late.subscribe(releaseTopics.chunk(next.id, 0), releaseTopics.manifest(next.id), desiredTopic);
      await until(() => late.messages.length === 2, 'what is out');
      assert.deepEqual(late.last(desiredTopic), encodeDesired({ release: former.id }));
      await cloud.chunk(next, 1);
      await until(() => late.messages.length === 4, 'the next');
      assert.deepEqual(
        late.messages.slice(2).map(({ topic }) => topic),
        [releaseTopics.manifest(next.id), desiredTopic],
      );
      assert.deepEqual(late.last(desiredTopic), encodeDesired({ release: next.id }));
    });
  },
);

test('a release that is withdrawn is taken back: desired first, then all of it', { timeout }, async () => {
  await withParts(async ({ cloud, ...parts }) => {
    const bridge = await parts.bridge();
    const edge = parts.edge(bridge);
    const release = cloud.make(1, 2);
    edge.subscribe(desiredTopic, ...topicsOf(release));
    await until(() => edge.subscribed.length === 4, 'subscribed');
    await cloud.publish(release);
    await cloud.desire('edge-1', release.id);
    await until(() => edge.messages.length === 4, 'all');
    await cloud.withdraw(release);
    await until(() => edge.messages.length === 8, 'cleared');
    const cleared = edge.messages.slice(4);
    assert.deepEqual(
      cleared.map(({ topic }) => topic),
      [desiredTopic, releaseTopics.manifest(release.id), ...topicsOf(release).slice(0, 2)],
    );
    assert.ok(cleared.every(({ payload }) => payload.length === 0));
    assert.equal(await bridge.metric('fleetbed_bridge_release_bytes'), 0);
    // Whoever comes later finds nothing, until it is published again. Two of one name would take over from each other.
    edge.close();
    const late = parts.edge(bridge, 'edge-1');
    late.subscribe(desiredTopic, ...topicsOf(release));
    await until(() => late.subscribed.length === 4, 'subscribed');
    assert.deepEqual(late.messages, []);
    await cloud.publish(release);
    await until(() => late.hasHeard(desiredTopic), 'desired again');
    assert.equal(late.messages.length, 4);
  });
});

test('a tombstone clears what is desired of one edge', { timeout }, async () => {
  await withParts(async ({ cloud, ...parts }) => {
    const bridge = await parts.bridge();
    const edges = ['edge-1', 'edge-2'].map((name) => parts.edge(bridge, name));
    const release = cloud.make(1, 1);
    await cloud.publish(release);
    for (const edge of edges) {
      edge.subscribe(edgeTopics.desired(edge.name));
      // What is retained while one subscribes may come twice.
      await until(() => edge.subscribed.length === 1, 'subscribed');
      await cloud.desire(edge.name, release.id);
    }
    await until(() => edges.every((edge) => edge.messages.length === 1), 'desired');
    await cloud.desire('edge-1', null);
    await until(() => edges[0]?.messages.length === 2, 'cleared');
    assert.equal(edges[0]?.last(desiredTopic)?.length, 0);
    const late = parts.edge(bridge, 'edge-1');
    late.subscribe(desiredTopic, releaseTopics.manifest(release.id));
    await until(() => late.messages.length > 0, 'the manifest');
    assert.deepEqual(
      late.messages.map(({ topic }) => topic),
      [releaseTopics.manifest(release.id)],
    );
    assert.equal(edges[1]?.messages.length, 1);
  });
});

test('two runs on the same Kafka do not mix', { timeout }, async () => {
  await withParts(async (one) => {
    await withParts(async (other) => {
      const bridges = [await one.bridge(), await other.bridge()];
      const release = one.cloud.make(1, 1);
      await one.cloud.publish(release);
      await one.cloud.desire('edge-1', release.id);
      const stranger = other.cloud.make(9, 1);
      await other.cloud.publish(stranger);
      await other.cloud.desire('edge-2', stranger.id);
      for (const bridge of bridges) await releasesOut(bridge, 1);
      const edges = bridges.map((bridge) => new TestEdge(bridge.port, 'edge-1'));
      for (const edge of edges) edge.subscribe(desiredTopic, ...topicsOf(release), ...topicsOf(stranger));
      await until(
        () => edges[0]?.messages.length === 3 && edges[1]?.messages.length === 2,
        'all that there is',
      );
      assert.deepEqual(edges[0]?.messages.map(({ topic }) => topic).sort(), [
        desiredTopic,
        ...topicsOf(release),
      ]);
      assert.deepEqual(edges[1]?.messages.map(({ topic }) => topic).sort(), topicsOf(stranger));
      for (const edge of edges) edge.close();
    });
  });
});

test("an edge may not subscribe to another's, nor to whole trees", { timeout }, async () => {
  await withParts(async ({ cloud, ...parts }) => {
    const bridge = await parts.bridge();
    const edge = parts.edge(bridge);
    const release = cloud.make(1, 1);
    const mine = [desiredTopic, ...topicsOf(release)];
    const foreign = [
      edgeTopics.desired('edge-2'),
      edgeTopics.state('edge-2'),
      edgeTopics.uplink('edge-1'),
      'releases/#',
      'releases/+/manifest',
      '#',
    ];
    edge.subscribe(...foreign, ...mine);
    await until(() => edge.subscribed.length === mine.length + foreign.length, 'answered');
    assert.deepEqual(
      edge.subscribed.filter(({ granted }) => granted).map(({ filter }) => filter),
      mine,
    );
    assert.equal(
      await bridge.metric('fleetbed_bridge_refused_total', { reason: 'forbidden-topic' }),
      foreign.length,
    );
    await cloud.desire('edge-2', release.id);
    await cloud.publish(release);
    await until(() => edge.messages.length === 2, 'the release');
    assert.deepEqual(edge.closes, []);
  });
});

test(
  'records that are no manifest and no desire are counted and not given to edges',
  { timeout },
  async () => {
    await withParts(async ({ cloud, run, ...parts }) => {
      const bridge = await parts.bridge();
      const edge = parts.edge(bridge);
      const [good, other] = [cloud.make(1, 1), cloud.make(2, 1)];
      edge.subscribe(desiredTopic, ...topicsOf(good), ...topicsOf(other));
      await until(() => edge.subscribed.length === 5, 'subscribed');
      await cloud.chunk(other, 0);
      await cloud.manifest(other.id, Buffer.from('no manifest'));
      // Well signed, but of another release: its edges would fetch chunks that are not there.
      await cloud.manifest(other.id, good.bytes);
      await cloud.desire('edge-1', other.id);
      await cloud.write('fleet.desired', `${run}/edge-1`, 'no desire');
      await cloud.write('fleet.desired', `${run}/edge+1`, 'a name that no edge has');
      await cloud.write('fleet.models', 'rubbish', 'rubbish');
      await cloud.write('fleet.models', `${run}/${good.id}/chunk/x`, 'rubbish');
      await cloud.publish(good);
      await cloud.desire('edge-1', good.id);
      await until(() => edge.hasHeard(desiredTopic), 'the good one');
      assert.deepEqual(
        edge.messages.map(({ topic }) => topic),
        [releaseTopics.chunk(other.id, 0), ...topicsOf(good), desiredTopic],
      );
      const refused = async (reason: string): Promise<number> =>
        bridge.metric('fleetbed_bridge_downlink_refused_total', { reason });
      assert.equal(await refused('bad-manifest'), 2);
      assert.equal(await refused('bad-desired'), 1);
    });
  },
);

test('goes on after Kafka was killed and started again', { timeout }, async () => {
  await withParts(async ({ cloud, ...parts }) => {
    const bridge = await parts.bridge();
    const edge = parts.edge(bridge);
    edge.subscribe(desiredTopic);
    await until(() => edge.subscribed.length === 1, 'subscribed');
    const [before_, after_] = [cloud.make(1, 1), cloud.make(2, 1)];
    await cloud.publish(before_);
    await cloud.desire('edge-1', before_.id);
    await until(() => edge.messages.length === 1, 'desired');
    kafka.local.kill();
    await delay(200);
    const late = parts.edge(bridge, 'edge-2');
    await fetchAll(late, before_);
    await kafka.local.start();
    await cloud.publish(after_);
    await cloud.desire('edge-1', after_.id);
    await until(() => edge.messages.length === 2, 'desired');
    assert.deepEqual(edge.last(desiredTopic), encodeDesired({ release: after_.id }));
    assert.deepEqual(edge.closes, []);
  });
});
