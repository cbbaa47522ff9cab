import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { PassThrough } from 'node:stream';
import { after, before, describe, it } from 'node:test';
import type { ReleaseEntry } from '#cloud/release-shelf.ts';
import { Registry } from '#cloud/registry.ts';
import { checkManifest, chunkKey } from '#contract/release.ts';
import { UserError } from '#runtime/errors.ts';
import { createLog } from '#runtime/log.ts';
import { sampleRelease } from '#test/contract/releases.ts';
import { fleetbed } from '#test/fleetbed.ts';
import { testKafka, type TestKafka } from '#test/kafka.ts';
import { modelCommand } from '#testbed/cli/model.ts';
import { connectKafka, kafkaConfig, type Kafka } from '#wire/kafka.ts';
import { ensureTopics } from '#wire/kafka-topics.ts';

const log = createLog({ component: 'test', level: 'silent' });
const topicPrefix = 'site.';
const created = Date.UTC(2030, 0, 1);

const first = sampleRelease({ counter: 1, created, expires: Date.now() - 1 }, randomBytes(1_048_577));
const second = sampleRelease({ counter: 2, created: created + 1000, expires: Date.now() + 90 * 86_400_000 });
const broken = sampleRelease({ counter: 3, created: created + 2000, run: 'run2' });
const twin = sampleRelease({ counter: 2, created: created + 500, run: 'run2' }, second.artefact);

describe('fleetbed model', { timeout: 60_000 }, () => {
  let local: TestKafka;
  let kafka: Kafka;
  let where: string[];

  before(async () => {
    local = await testKafka();
    kafka = connectKafka(kafkaConfig.parse({ brokers: local.brokers }), log);
    where = ['--kafka', local.brokers.join(','), '--topic-prefix', topicPrefix];
    await ensureTopics(kafka, { prefix: topicPrefix, given: false, tieredStorage: true });
  });
  after(async () => local.stop());

  it('says that there is none', async () => {
    assert.equal((await model('ls', ...where)).stdout, 'No release is published here.\n');
    assert.equal((await model('ls', '--json', ...where)).stdout, '[]\n');
    await refused(
      /^fleetbed model: there is no release r1-1: fleetbed model ls lists them$/,
      'show',
      'r1-1',
      ...where,
    );
  });

  it('lists releases of every run, the newest first', async () => {
    await publishAll();
    const { code, stdout } = await model('ls', ...where);
    assert.equal(code, 0);
    const lines = stdout.split('\n');
    assert.deepEqual(
      lines.filter((line) => line.startsWith('r')),
      [broken, second, twin, first].map(({ manifest }) => manifest.id),
    );
    const incomplete = lines[1] ?? '';
    assert.match(incomplete, /^ {2}run run2 · virtual-sensors · 3 KB · 120,000 readings · .* · incomplete$/);
    assert.match(lines[3] ?? '', /^ {2}run run1 .* · created 2030-01-01T00:00:01Z · expires in 89 days$/);
    assert.match(lines[7] ?? '', /^ {2}run run1 · virtual-sensors · 1 MB · .* · expired$/);
  });

  it('lists those of one run, for programs too', async () => {
    const { stdout } = await model('ls', '--run', 'run1', '--json', ...where);
    const entries = JSON.parse(stdout) as ReleaseEntry[];
    assert.deepEqual(
      entries.map(({ id, run, counter, complete }) => ({ id, run, counter, complete })),
      [second, first].map(({ manifest: { id, counter } }) => ({ id, run: 'run1', counter, complete: true })),
    );
  });

  it('shows the manifest of one to people', async () => {
    const { code, stdout } = await model('show', first.manifest.id, ...where);
    assert.equal(code, 0);
    const facts = new Set(stdout.split('\n').map((line) => line.trim().replaceAll(/ {2,}/g, ' ')));
    for (const fact of [
      first.manifest.id,
      'run run1',
      'artefact 1 MB in 5 chunks',
      'trained on 120,000 readings of 500 vehicles',
      'appended since 2023-11-14T22:13:20Z',
      'partition 0: offsets 0 to 1200, exclusive',
      'thresholds coolantTemperature.raise 8.5',
      'coolantTemperature.clear 4',
      'self-test 2 readings of 1 invented car',
      'created 2030-01-01T00:00:00Z',
      `signed by key ${first.manifest.keyId}`,
    ]) {
      assert.ok(facts.has(fact), `${fact}\n${stdout}`);
    }
    assert.match(stdout, /expires +\S+Z \(expired\)/);
    assert.match(
      (await model('show', broken.manifest.id, ...where)).stdout,
      /in 1 chunk, which are not all there/,
    );
  });

  it('shows the manifest itself to programs', async () => {
    const { stdout } = await model('show', first.manifest.id, '--json', ...where);
    assert.deepEqual(checkManifest(JSON.parse(stdout)), first.manifest);
  });

  it('asks which one where two runs have the same', async () => {
    const { id } = twin.manifest;
    assert.equal(id, second.manifest.id);
    await refused(/is there in the runs run1, run2: say which by --run/, 'show', id, ...where);
    const { stdout } = await model('show', id, '--run', 'run2', '--json', ...where);
    assert.equal((JSON.parse(stdout) as { run: string }).run, 'run2');
  });

  it('is refused with the nearest right word, and 104', async () => {
    const { id } = first.manifest;
    const slip = `${id.slice(0, -1)}${id.endsWith('0') ? '1' : '0'}`;
    await refused(new RegExp(`there is no release ${slip}: did you mean ${id}\\?`), 'show', slip, ...where);
    await refused(new RegExp(`there is no release r1: did you mean ${id}\\?`), 'show', 'r1', ...where);
    await refused(/there is no release r1-\w+: fleetbed model ls/, 'show', id, '--run', 'run3', ...where);
    await refused(/^fleetbed model: ls or show\?$/, ...where);
    await refused(/expected ls or show, got lst; did you mean ls\?/, 'lst', ...where);
    await refused(/ls takes no r1-2; did you mean fleetbed model show r1-2\?/, 'ls', 'r1-2', ...where);
    await refused(/show which release\?/, 'show', ...where);
    await refused(/which Kafka\?/, 'ls');
    await refused(/there is no option --jsn; did you mean --json\?/, 'ls', '--jsn', ...where);
    await refused(/expected host:port/, 'ls', '--kafka', 'nowhere');

    const process = await fleetbed(['model', 'show', slip, ...where]);
    assert.equal(process.code, 104);
    assert.equal(process.stderr, `fleetbed model: there is no release ${slip}: did you mean ${id}?\n`);
  });

  it('names manifests that cannot be read', async () => {
    await send('run1/r9-000000000000/manifest', Buffer.from('rubbish'));
    const { stdout, stderr } = await model('ls', '--run', 'run1', ...where);
    assert.equal(stdout.split('\n').length, 5);
    assert.match(stderr, /^run1\/r9-000000000000: the release is no JSON/);
    await refused(
      /^fleetbed model: run1\/r9-000000000000: the release is no JSON/,
      'show',
      'r9-000000000000',
      ...where,
    );
  });

  async function publishAll(): Promise<void> {
    for (const run of ['run1', 'run2']) {
      const registry = await Registry.open(kafka, { run, topicPrefix, log });
      const ours = [first, second, broken, twin].filter(({ manifest }) => manifest.run === run);
      for (const { bytes, artefact } of ours) await registry.publish(bytes, artefact);
      await registry.close();
    }
    await send(chunkKey('run2', broken.manifest.id, 0), null);
  }

  async function send(key: string, value: Buffer | null): Promise<void> {
    const producer = kafka.producer();
    await producer.connect();
    await producer.send({ topic: `${topicPrefix}fleet.models`, messages: [{ key, value }] });
    await producer.disconnect();
  }
});

async function model(...args: string[]): Promise<{ code: number; stdout: string; stderr: string }> {
  const io = { stdout: new PassThrough(), stderr: new PassThrough(), env: {} };
  const code = await modelCommand.run(args, io as unknown as Parameters<typeof modelCommand.run>[1]);
  const said = (stream: PassThrough): string => ((stream.read() as Buffer | null) ?? '').toString();
  return { code, stdout: said(io.stdout), stderr: said(io.stderr) };
}

async function refused(words: RegExp, ...args: string[]): Promise<void> {
  await assert.rejects(model(...args), (error: unknown) => {
    assert.ok(error instanceof UserError, String(error));
    assert.equal(error.exitCode, 104);
    assert.match(error.message, words);
    return true;
  });
}
