import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { after, before, describe, it } from 'node:test';
import { readReleases } from '#cloud/release-shelf.ts';
import { Registry } from '#cloud/registry.ts';
import { edgeStateCodec, type EdgeState } from '#contract/records.ts';
import {
  assertArtefact,
  chunkKey,
  decodeDesired,
  decodeSigned,
  manifestKey,
  parseModelKey,
  ReleaseError,
} from '#contract/release.ts';
import type { TopicName } from '#contract/topics.ts';
import { UserError } from '#runtime/errors.ts';
import { createLog } from '#runtime/log.ts';
import { sampleRelease } from '#test/contract/releases.ts';
import { testKafka, type TestKafka } from '#test/kafka.ts';
import { connectKafka, kafkaConfig, type Kafka } from '#wire/kafka.ts';
import { readToEnd } from '#wire/kafka-reader.ts';
import { ensureTopics } from '#wire/kafka-topics.ts';

const log = createLog({ component: 'test', level: 'silent' });
const topicPrefix = 'site.';

describe('the registry', { timeout: 60_000 }, () => {
  let local: TestKafka;
  let kafka: Kafka;
  const open: Registry[] = [];

  before(async () => {
    local = await testKafka();
    kafka = connectKafka(kafkaConfig.parse({ brokers: local.brokers }), log);
    await ensureTopics(kafka, { prefix: topicPrefix, given: false, tieredStorage: true });
  });
  after(async () => {
    await Promise.all(open.map(async (registry) => registry.close()));
    await local.stop();
  });

  async function registryOf(run: string): Promise<Registry> {
    const registry = await Registry.open(kafka, { run, topicPrefix, log });
    open.push(registry);
    return registry;
  }

  it('keeps a release in parts, which are the release again; the manifest comes last', async () => {
    const registry = await registryOf('publish');
    const { artefact, manifest, bytes } = sampleRelease({ run: 'publish' }, randomBytes(1_000_003));
    assert.equal(manifest.chunks, 4);
    await registry.publish(bytes, artefact);

    const records = await recordsOf('fleet.models', 'publish');
    assert.deepEqual(
      records.map(({ key }) => parseModelKey(key)?.part),
      [0, 1, 2, 3, 'manifest'],
    );
    assert.deepEqual(decodeSigned(records.at(-1)?.value ?? Buffer.alloc(0)), manifest);
    assertArtefact(
      manifest,
      Buffer.concat(records.slice(0, -1).map(({ value }) => value ?? Buffer.alloc(0))),
    );

    const entry = {
      run: 'publish',
      id: manifest.id,
      counter: 7,
      detector: 'virtual-sensors',
      length: 1_000_003,
      created: manifest.created,
      expires: manifest.expires,
      trainedOnReadings: 120_000,
      complete: true,
    };
    assert.deepEqual(await registry.list(), [entry]);
    await registry.publish(bytes, artefact);
    assert.deepEqual(await registry.list(), [entry], 'published twice');
  });

  it('refuses a release whose parts are not of one another, or of another run, and writes nothing', async () => {
    const registry = await registryOf('refuse');
    const { artefact, bytes } = sampleRelease({ run: 'refuse' });
    const isRefusal = (error: unknown): boolean => error instanceof ReleaseError && error.code === 'bad-hash';
    await assert.rejects(registry.publish(bytes, Buffer.alloc(artefact.length)), isRefusal);
    const foreign = sampleRelease({ run: 'publish' });
    await assert.rejects(
      registry.publish(foreign.bytes, foreign.artefact),
      /is of run publish, not of refuse/,
    );
    assert.deepEqual(await recordsOf('fleet.models', 'refuse'), []);
  });

  it('lists the newest first, what is incomplete as such, and only its own run', async () => {
    const registry = await registryOf('list');
    assert.deepEqual(await registry.list(), []);
    assert.equal(await registry.nextCounter(), 1);
    const first = sampleRelease({ run: 'list', counter: 1 });
    const second = sampleRelease({ run: 'list', counter: 2, created: first.manifest.created - 1 });
    await registry.publish(first.bytes, first.artefact);
    await registry.publish(second.bytes, second.artefact);
    const elsewhere = sampleRelease({ run: 'list2', counter: 99 });
    await (await registryOf('list2')).publish(elsewhere.bytes, elsewhere.artefact);
    await send('fleet.models', chunkKey('list', second.manifest.id, 0), second.artefact.subarray(1));
    assert.deepEqual(
      (await registry.list()).map(({ id, complete }) => ({ id, complete })),
      [
        { id: second.manifest.id, complete: false },
        { id: first.manifest.id, complete: true },
      ],
    );
    assert.equal(await registry.nextCounter(), 3);

    const shelf = await readReleases(kafka, { run: null, topicPrefix });
    const runs = new Set(shelf.entries().map(({ run }) => run));
    assert.ok(runs.has('list') && runs.has('list2'));
  });

  it('leaves out what is no manifest, and says so', async () => {
    const registry = await registryOf('rubbish');
    const { artefact, bytes, manifest } = sampleRelease({ run: 'rubbish' });
    await registry.publish(bytes, artefact);
    await send('fleet.models', manifestKey('rubbish', 'r8-000000000000'), Buffer.from('rubbish'));
    await send('fleet.models', manifestKey('rubbish', 'r9-000000000000'), bytes);
    await send('fleet.models', 'rubbish', Buffer.from('rubbish'));
    assert.deepEqual(
      (await registry.list()).map(({ id }) => id),
      [manifest.id],
    );
    const shelf = await readReleases(kafka, { run: 'rubbish', topicPrefix });
    const [rubbish, moved] = shelf.unreadable();
    assert.match(rubbish ?? '', /^rubbish\/r8-000000000000: the release is no JSON/);
    assert.equal(moved, `rubbish/r9-000000000000: its manifest is that of rubbish/${manifest.id}`);
  });

  it('withdraws the manifest first, then the chunks, and never gives its counter again', async () => {
    const registry = await registryOf('withdraw');
    const { artefact, bytes, manifest } = sampleRelease({ run: 'withdraw' }, randomBytes(300_000));
    await registry.publish(bytes, artefact);
    await registry.withdraw(manifest.id);
    assert.deepEqual(await registry.list(), []);
    const tombstones = (await recordsOf('fleet.models', 'withdraw')).filter(({ value }) => value === null);
    assert.deepEqual(
      tombstones.map(({ key }) => parseModelKey(key)?.part),
      ['manifest', 0, 1],
    );
    assert.equal(await registry.nextCounter(), 8);
    await assert.rejects(
      registry.withdraw(manifest.id),
      /^UserError: there is no release r7-\w+ in run withdraw$/,
    );
  });

  it('knows the edges of its run, and counts on from what they run', async () => {
    const registry = await registryOf('edges');
    assert.deepEqual(await registry.edges(), []);
    await send('fleet.edges', 'edges/edge-2', edgeStateCodec.encode({ ...state, edge: 'edge-2' }));
    await send('fleet.edges', 'edges/edge-1', edgeStateCodec.encode(state));
    await send(
      'fleet.edges',
      'edges/edge-1',
      edgeStateCodec.encode({ ...state, previous: 'r41-0123456789ab' }),
    );
    await send('fleet.edges', 'edges/edge-3', edgeStateCodec.encode({ ...state, edge: 'edge-3' }));
    await send('fleet.edges', 'edges/edge-3', null);
    await send('fleet.edges', 'edges/edge-4', Buffer.from('rubbish'));
    await send('fleet.edges', 'edges2/edge-5', edgeStateCodec.encode({ ...state, edge: 'edge-5' }));
    assert.deepEqual(await registry.edges(), ['edge-1', 'edge-2']);
    assert.equal(await registry.nextCounter(), 42);
  });

  it('says which edge should run what', async () => {
    const registry = await registryOf('desire');
    await registry.desire('edge-1', 'r1-0123456789ab');
    await registry.desire('edge-1', 'r2-0123456789ab');
    const records = await recordsOf('fleet.desired', 'desire');
    assert.deepEqual(
      records.map(({ key, value }) => [key, decodeDesired(value)?.release]),
      [
        ['desire/edge-1', 'r1-0123456789ab'],
        ['desire/edge-1', 'r2-0123456789ab'],
      ],
    );
    await assert.rejects(registry.desire('edge/1', 'r2-0123456789ab'), TypeError);
  });

  it('says in words that there is no such topic', async () => {
    const bare = await Registry.open(kafka, { run: 'bare', topicPrefix: 'no.such.', log });
    open.push(bare);
    await assert.rejects(bare.list(), (error: unknown) => {
      assert.ok(error instanceof UserError);
      assert.match(error.message, /no\.such\.fleet\.models cannot be read/);
      return true;
    });
  });

  async function send(topic: TopicName, key: string, value: Buffer | null): Promise<void> {
    const producer = kafka.producer();
    await producer.connect();
    await producer.send({ topic: topicPrefix + topic, messages: [{ key, value }] });
    await producer.disconnect();
  }

  async function recordsOf(topic: TopicName, run: string): Promise<{ key: string; value: Buffer | null }[]> {
    const found: { key: string; value: Buffer | null }[] = [];
    await readToEnd(kafka, {
      topics: [topicPrefix + topic],
      timeoutMs: 20_000,
      onBatch: (records) => {
        for (const { key, value } of records) {
          const text = key?.toString() ?? '';
          if (text.startsWith(`${run}/`)) found.push({ key: text, value });
        }
      },
    });
    return found;
  }
});

const state: EdgeState = {
  edge: 'edge-1',
  connection: 1,
  online: true,
  running: 'r3-0123456789ab',
  previous: null,
  shadow: null,
  cars: 0,
  outboxFrames: 0,
  outboxBytes: 0,
  inferenceP99Us: 0,
  alarmsPerSecond: 0,
  refusals: {},
  at: 1_700_000_000_000,
};
