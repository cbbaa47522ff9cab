import assert from 'node:assert/strict';
import { readdir, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { test } from 'node:test';
import { edgeTopics, releaseTopics } from '#contract/mqtt-topics.ts';
import { systemFiles, type Files } from '#edge-agent/models/files.ts';
import { until } from '#test/until.ts';
import { tempFolder } from '../rig.ts';
import { edge, expires, Retained, runnable, runnableInTwo, testModels } from './rig.ts';

const options = { timeout: 60_000 };
const desired = edgeTopics.desired(edge);
const inModels = async (dataDir: string): Promise<string[]> =>
  (await readdir(path.join(dataDir, 'models'))).toSorted();

test('fetches what is desired, chunk by chunk, and runs it', options, async (t) => {
  const dataDir = await tempFolder(t);
  const cloud = new Retained();
  const release = runnableInTwo(1);
  const { models, adopted, changes, metrics } = await testModels(t, dataDir, cloud);
  assert.deepEqual([models.running, models.previous, models.refusals], [null, null, {}]);
  cloud.release(release);
  cloud.desire(release.id);
  await until(() => models.running === release.id);
  assert.deepEqual(
    adopted.map(({ id, counter, artefact }) => [id, counter, artefact.detector]),
    [[release.id, 1, 'autoencoder']],
  );
  assert.equal(changes(), 1);
  assert.deepEqual(cloud.served.slice(1), [
    releaseTopics.manifest(release.id),
    releaseTopics.chunk(release.id, 0),
    releaseTopics.chunk(release.id, 1),
  ]);
  assert.deepEqual([...cloud.filters], [desired], 'nothing else stays subscribed');
  assert.equal((await metrics()).value('fleetbed_edge_release_counter'), 1);
  await models.close();
  assert.deepEqual(await inModels(dataDir), ['active', 'slot-a']);
});

test('keeps two releases, and starts with the newer one with no cloud in sight', options, async (t) => {
  const dataDir = await tempFolder(t);
  const cloud = new Retained();
  const releases = [1, 2, 3].map((counter) => runnable(counter));
  const { models, adopted } = await testModels(t, dataDir, cloud);
  for (const release of releases) {
    cloud.release(release);
    cloud.desire(release.id);
    await until(() => models.running === release.id);
  }
  assert.equal(models.previous, releases[1]?.id);
  assert.equal(adopted.length, 3);
  await models.close();
  assert.deepEqual(await inModels(dataDir), ['active', 'slot-a', 'slot-b']);
  // Expiry keeps a release from being adopted, not from being run on.
  const later = await testModels(t, dataDir, new Retained(), { now: () => expires + 1 });
  assert.deepEqual(
    later.adopted.map(({ id }) => id),
    [releases[2]?.id],
  );
  assert.deepEqual([later.models.running, later.models.previous], [releases[2]?.id, releases[1]?.id]);
  assert.equal(later.changes(), 0);
});

test('nothing desired, or what cannot be read, changes nothing', options, async (t) => {
  const cloud = new Retained();
  const [first, second] = [runnable(1), runnable(2)];
  const { models, changes } = await testModels(t, await tempFolder(t), cloud);
  cloud.release(first);
  cloud.desire(first.id);
  await until(() => models.running === first.id);
  for (const payload of ['', 'no JSON', '{"release":7}', '{"release":"../up"}'])
    cloud.publish(desired, Buffer.from(payload));
  cloud.release(second);
  cloud.desire(second.id);
  await until(() => models.running === second.id);
  assert.deepEqual(models.refusals, {});
  assert.equal(changes(), 2);
});

test('what is no longer desired is not adopted, and its leftovers go', options, async (t) => {
  const dataDir = await tempFolder(t);
  const cloud = new Retained();
  const [first, second] = [runnableInTwo(1), runnable(2)];
  const { models, adopted } = await testModels(t, dataDir, cloud);
  cloud.release(first);
  cloud.topics.delete(releaseTopics.chunk(first.id, 1));
  cloud.desire(first.id);
  await until(() => cloud.filters.has(releaseTopics.chunk(first.id, 1)));
  assert.ok((await inModels(dataDir)).includes(`incoming-${first.id}`));
  cloud.release(second);
  cloud.desire(second.id);
  cloud.release(first);
  await until(() => models.running === second.id);
  assert.deepEqual([...cloud.filters], [desired]);
  await models.close();
  assert.deepEqual(await inModels(dataDir), ['active', 'slot-a']);
  assert.equal(adopted.length, 1);
});

test('a download that was interrupted is continued by the next process', options, async (t) => {
  const dataDir = await tempFolder(t);
  const release = runnableInTwo(1);
  const before = new Retained();
  before.release(release);
  before.topics.delete(releaseTopics.chunk(release.id, 1));
  before.desire(release.id);
  const { models } = await testModels(t, dataDir, before);
  await until(() => before.filters.has(releaseTopics.chunk(release.id, 1)));
  await models.close();
  const after = new Retained();
  after.release(release);
  after.desire(release.id);
  const next = await testModels(t, dataDir, after);
  await until(() => next.models.running === release.id);
  assert.deepEqual([before.chunksServed, after.chunksServed], [1, 1]);
});

test('a leftover chunk that was spoilt on disk is fetched again', options, async (t) => {
  const dataDir = await tempFolder(t);
  const release = runnableInTwo(1);
  const incoming = path.join(dataDir, 'models', `incoming-${release.id}`);
  await systemFiles.makeFolder(incoming);
  await writeFile(path.join(incoming, 'chunk-0'), Buffer.alloc(256 * 1024));
  const cloud = new Retained();
  cloud.release(release);
  cloud.desire(release.id);
  const { models } = await testModels(t, dataDir, cloud);
  await until(() => models.running === release.id);
  assert.equal(cloud.chunksServed, 3);
  assert.deepEqual(models.refusals, {});
});

test(
  'a damaged active slot: the other one runs, and the newer release is fetched again',
  options,
  async (t) => {
    const dataDir = await tempFolder(t);
    const cloud = new Retained();
    const [first, second] = [runnable(1), runnable(2)];
    const before = await testModels(t, dataDir, cloud);
    for (const release of [first, second]) {
      cloud.release(release);
      cloud.desire(release.id);
      await until(() => before.models.running === release.id);
    }
    await before.models.close();
    await writeFile(path.join(dataDir, 'models', 'slot-b', 'artefact'), Buffer.alloc(second.artefact.length));
    const alone = await testModels(t, dataDir);
    assert.deepEqual([alone.models.running, alone.models.previous], [first.id, null]);
    assert.deepEqual(alone.models.refusals, { 'bad-hash': 1 });
    await alone.models.close();
    const after = await testModels(t, dataDir, cloud);
    cloud.reconnect();
    await until(() => after.models.running === second.id);
    assert.equal(after.models.previous, first.id);
    await after.models.close();
    await writeFile(path.join(dataDir, 'models', 'active'), '?');
    const either = await testModels(t, dataDir);
    assert.equal(either.adopted.length, 1, 'the first that is whole');
    await either.models.close();
    for (const slot of ['slot-a', 'slot-b'])
      await writeFile(path.join(dataDir, 'models', slot, 'manifest'), 'no manifest');
    const none = await testModels(t, dataDir);
    assert.deepEqual([none.models.running, none.adopted.length], [null, 0]);
    assert.deepEqual(none.models.refusals, { 'bad-manifest': 2 });
  },
);

test('a disk that cannot be read keeps nothing from starting', options, async (t) => {
  const dataDir = await tempFolder(t);
  const cloud = new Retained();
  const [first, second] = [runnable(1), runnable(2)];
  const before = await testModels(t, dataDir, cloud);
  for (const release of [first, second]) {
    cloud.release(release);
    cloud.desire(release.id);
    await until(() => before.models.running === release.id);
  }
  await before.models.close();
  let readable = 'slot-a';
  const files: Files = {
    ...systemFiles,
    read: async (file) => {
      if (file.includes(readable)) return systemFiles.read(file);
      throw Object.assign(new Error('EIO: i/o error'), { code: 'EIO' });
    },
  };
  const { models } = await testModels(t, dataDir, new Retained(), { files });
  assert.equal(models.running, first.id);
  await models.close();
  readable = 'nothing';
  const none = await testModels(t, dataDir, new Retained(), { files });
  assert.deepEqual([none.models.running, none.models.refusals], [null, { 'bad-artefact': 2 }]);
});

test(
  'a disk that takes nothing: the last release runs on, and the next try may succeed',
  options,
  async (t) => {
    const cloud = new Retained();
    const [first, second] = [runnable(1), runnable(2)];
    let isFull = false;
    let failures = 0;
    const files: Files = {
      ...systemFiles,
      write: async (file, bytes) => {
        if (!isFull) return systemFiles.write(file, bytes);
        failures++;
        throw Object.assign(new Error('ENOSPC: no space left on device'), { code: 'ENOSPC' });
      },
    };
    const { models } = await testModels(t, await tempFolder(t), cloud, { files, retryMs: 1 });
    cloud.release(first);
    cloud.desire(first.id);
    await until(() => models.running === first.id);
    isFull = true;
    cloud.release(second);
    cloud.desire(second.id);
    await until(() => failures >= 3);
    assert.equal(models.running, first.id);
    isFull = false;
    await until(() => {
      cloud.reconnect();
      return models.running === second.id;
    });
    assert.deepEqual(models.refusals, {});
  },
);

test('a slot is durable before it is named, and named before it runs', options, async (t) => {
  const cloud = new Retained();
  const release = runnable(1);
  const steps: string[] = [];
  const noted =
    <A extends unknown[], R>(name: string, act: (...args: A) => Promise<R>) =>
    async (...args: A): Promise<R> => {
      const result = await act(...args);
      steps.push(
        `${name} ${args
          .filter((arg) => typeof arg === 'string')
          .map((file) => path.basename(file))
          .join(' ')}`,
      );
      return result;
    };
  const files: Files = {
    ...systemFiles,
    write: noted('write', systemFiles.write),
    rename: noted('rename', systemFiles.rename),
    syncFolder: noted('sync', systemFiles.syncFolder),
  };
  const { models } = await testModels(t, await tempFolder(t), cloud, {
    files,
    onAdopt: () => steps.push('adopt'),
  });
  cloud.release(release);
  cloud.desire(release.id);
  await until(() => models.running === release.id);
  assert.deepEqual(steps, [
    'write chunk-0.part',
    'rename chunk-0.part chunk-0',
    'write artefact',
    'write manifest',
    'sync slot-a',
    'sync models',
    'write active.new',
    'rename active.new active',
    'sync models',
    'adopt',
  ]);
});
