import assert from 'node:assert/strict';
import { generateKeyPairSync } from 'node:crypto';
import { test } from 'node:test';
import { releaseTopics } from '#contract/mqtt-topics.ts';
import type { ReleaseRefusal } from '#contract/release.ts';
import { encodeArtefact } from '#model/artefact.ts';
import { until } from '#test/until.ts';
import { tempFolder } from '../rig.ts';
import {
  expires,
  goldenOf,
  Retained,
  runnable,
  runnableInTwo,
  signedRelease,
  testModels,
  untrained,
  type TestRelease,
} from './rig.ts';

const options = { timeout: 60_000 };
const good = runnable(5);

interface Bad {
  /** Published and desired. */
  release: TestRelease;
  reason: ReleaseRefusal;
  /** What is done to what is retained of it. */
  spoil?: (cloud: Retained) => void;
  now?: () => number;
}

function spoilt(release: TestRelease, change: (bytes: Buffer) => Buffer): (cloud: Retained) => void {
  return (cloud) => {
    const topic = releaseTopics.chunk(release.id, 0);
    cloud.topics.set(topic, change(Buffer.from(cloud.topics.get(topic) ?? '')));
  };
}

const flipped = (bytes: Buffer, at: number): Buffer => {
  bytes[at] = (bytes[at] ?? 0) ^ 1;
  return bytes;
};

const other = generateKeyPairSync('ed25519');
const inTwo = runnableInTwo(7);
const six = runnable(6);
const junk = Buffer.from('this is no artefact');
const artefact = untrained(6);
const golden = goldenOf(artefact);

const bad: Record<string, Bad> = {
  'an expired one': { release: six, reason: 'expired', now: () => expires },
  'an older counter': { release: runnable(4), reason: 'old-counter' },
  'the same counter again': { release: runnable(5, {}, 4), reason: 'old-counter' },
  'tampered chunks': {
    release: inTwo,
    reason: 'bad-hash',
    spoil: spoilt(inTwo, (bytes) => flipped(bytes, 1000)),
  },
  'a truncated chunk': {
    release: inTwo,
    reason: 'wrong-length',
    spoil: spoilt(inTwo, (bytes) => bytes.subarray(0, -1)),
  },
  'signed by another key': {
    release: signedRelease(encodeArtefact(artefact), { counter: 6, golden: [golden] }, other.privateKey),
    reason: 'wrong-key',
  },
  'a tampered manifest': {
    release: { ...six, signed: Buffer.from(six.signed.toString().replace('\\"seed\\":1', '\\"seed\\":2')) },
    reason: 'bad-signature',
  },
  'another feature schema': {
    release: runnable(6, { featureSchema: 'other' }),
    reason: 'wrong-feature-schema',
  },
  'scores that do not come out here': {
    release: runnable(6, {
      golden: [{ ...golden, scores: golden.scores.map((score) => score + 2e-5 * Math.max(1, score)) }],
    }),
    reason: 'self-test-failed',
  },
  'signed bytes that are no artefact': {
    release: signedRelease(junk, { counter: 6, golden: [golden] }),
    reason: 'bad-artefact',
  },
  'an artefact of another kind': {
    release: runnable(6, { detector: 'virtual-sensors' }),
    reason: 'bad-artefact',
  },
  'no manifest': { release: { ...six, signed: Buffer.from('{}') }, reason: 'bad-manifest' },
  'the manifest of another release': {
    release: { ...six, signed: inTwo.signed },
    reason: 'bad-manifest',
  },
};

for (const [what, { release, reason, spoil, now }] of Object.entries(bad)) {
  test(`refuses ${what}: ${reason}, said once, and the last good one runs`, options, async (t) => {
    const dataDir = await tempFolder(t);
    const cloud = new Retained();
    cloud.release(good);
    cloud.desire(good.id);
    const before = await testModels(t, dataDir, cloud);
    await until(() => before.models.running === good.id);
    await before.models.close();
    const { models, adopted, changes, metrics } = await testModels(t, dataDir, cloud, now && { now });
    cloud.release(release);
    spoil?.(cloud);
    cloud.desire(release.id);
    await until(() => models.refusals[reason] === 1);
    const manifests = (): number =>
      cloud.served.filter((topic) => topic === releaseTopics.manifest(release.id)).length;
    // After each reconnect the manifest is looked at, and known.
    for (const times of [2, 3]) {
      await until(() => {
        if (manifests() < times) cloud.reconnect();
        return manifests() === times;
      });
    }
    assert.deepEqual([models.running, adopted.length, changes()], [good.id, 1, 1]);
    assert.deepEqual(models.refusals, { [reason]: 1 });
    assert.equal((await metrics()).value('fleetbed_edge_release_refused_total', { reason }), 1);
    if (now) return;
    const next = runnable(8);
    cloud.release(next);
    cloud.desire(next.id);
    await until(() => models.running === next.id);
    assert.equal(models.previous, good.id);
    assert.deepEqual(models.refusals, { [reason]: 1 });
  });
}

test('a refused release is looked at again when its manifest is another', options, async (t) => {
  const cloud = new Retained();
  const release = runnable(6);
  const { models } = await testModels(t, await tempFolder(t), cloud, { now: () => expires });
  cloud.release(release);
  cloud.desire(release.id);
  await until(() => models.refusals['expired'] === 1);
  const renewed = runnable(6, { expires: expires + 1 });
  assert.equal(renewed.id, release.id);
  cloud.release(renewed);
  await until(() => {
    cloud.desire(renewed.id);
    return models.running === release.id;
  });
});

test('without a public key no release runs, and that is said', options, async (t) => {
  const dataDir = await tempFolder(t);
  const cloud = new Retained();
  cloud.release(good);
  cloud.desire(good.id);
  const withKey = await testModels(t, dataDir, cloud);
  await until(() => withKey.models.running === good.id);
  await withKey.models.close();
  const { models, adopted } = await testModels(t, dataDir, cloud, { publicKey: undefined });
  await until(() => models.refusals['wrong-key'] === 1);
  assert.deepEqual([models.running, adopted.length], [null, 0]);
});
