import assert from 'node:assert/strict';
import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { connect, createServer, type AddressInfo, type Server } from 'node:net';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { after, before, describe, it } from 'node:test';
import { fileURLToPath } from 'node:url';
import { releaseKeys } from '#cloud/keys.ts';
import { Registry } from '#cloud/registry.ts';
import type { FromTrainer, Ready, ToTrainer } from '#contract/control.ts';
import { runKey } from '#contract/identity.ts';
import { encodeOrigin, originHeader } from '#contract/origin.ts';
import { edgeStateCodec, truthCodec } from '#contract/records.ts';
import { decodeDesired, manifestKey, verifySigned } from '#contract/release.ts';
import { encodeTelemetry, type TelemetryBatch } from '#contract/telemetry.ts';
import { featureSchemaHash } from '#model/features.ts';
import { createLog } from '#runtime/log.ts';
import { startLocalKafka, type LocalKafka } from '#testbed/run/kafka/local-kafka.ts';
import { pickPort } from '#testbed/run/ports.ts';
import { readTopics, readToEnd } from '#wire/kafka-reader.ts';
import { ensureTopics } from '#wire/kafka-topics.ts';
import { connectKafka, kafkaConfig, type Kafka, type Message } from '#wire/kafka.ts';
import { drives } from './drives.ts';

const program = fileURLToPath(new URL('train-process.ts', import.meta.url));
const log = createLog({ component: 'test', level: 'silent' });
const history = [...drives({ cars: 30, seconds: 340 })];

describe('a trainer with Kafka', { timeout: 60_000 }, () => {
  let folder: string;
  let local: LocalKafka;
  let kafka: Kafka;
  let proxy: Server;
  let proxied: string;
  /** What clients said to Kafka through the proxy. */
  const said: Buffer[] = [];

  before(async () => {
    folder = await mkdtemp(path.join(tmpdir(), 'fleetbed-test-'));
    proxy = createServer().listen(0, '127.0.0.1');
    await once(proxy, 'listening');
    const { port } = proxy.address() as AddressInfo;
    proxied = `127.0.0.1:${port}`;
    local = await startLocalKafka({
      dataDir: path.join(folder, 'kafka'),
      logFile: path.join(folder, 'kafka.log'),
      heapMb: 256,
      pickPort,
      onProgress: () => undefined,
      linksAdvertised: [{ host: '127.0.0.1', port }],
    });
    proxy.on('connection', (near) => {
      const far = connect(local.linkTargets[0] ?? { port: 0 });
      near.on('data', (chunk: Buffer) => said.push(chunk));
      near.pipe(far).on('error', () => near.destroy());
      far.pipe(near).on('error', () => far.destroy());
    });
    kafka = connectKafka(kafkaConfig.parse({ brokers: local.brokers }), log);
    await ensureTopics(kafka, { prefix: '', given: false, tieredStorage: false });
  });
  after(async () => {
    proxy.close();
    await local.stop();
    await rm(folder, { recursive: true, force: true });
  });

  const start = (run: string, isSupervised: boolean): Trainer =>
    new Trainer(
      ['--run', run, '--kafka-brokers', proxied, '--signing-key', path.join(folder, 'keys')],
      isSupervised,
    );

  async function write(topic: string, messages: Message[]): Promise<void> {
    const producer = kafka.producer();
    await producer.connect();
    await producer.send({ topic, messages });
    await producer.disconnect();
  }

  const writeHistory = async (run: string, batches: readonly TelemetryBatch[]): Promise<void> =>
    write(
      'fleet.telemetry',
      batches.map((batch) => ({
        key: batch.vin,
        value: encodeTelemetry(batch),
        headers: { [originHeader]: encodeOrigin({ run, ...sentBy }) },
      })),
    );

  const sayEdge = async (run: string, edge: string): Promise<void> =>
    write('fleet.edges', [{ key: runKey(run, edge), value: edgeStateCodec.encode({ ...stateOf, edge }) }]);

  /** What is desired of each edge of the run, once `edge` is among them. */
  async function desiredWith(run: string, edge: string): Promise<Record<string, string>> {
    const desired: Record<string, string> = {};
    const { promise: known, resolve } = Promise.withResolvers<void>();
    const reader = await readTopics(kafka, {
      topics: ['fleet.desired'],
      from: 'beginning',
      onBatch: (records) => {
        for (const { key, value } of records) {
          const [ofRun, ofEdge = ''] = key?.toString().split('/') ?? [];
          if (ofRun === run) desired[ofEdge] = decodeDesired(value)?.release ?? '';
        }
        if (desired[edge] !== undefined) resolve();
      },
    });
    await known;
    await reader.stop();
    return desired;
  }

  async function releasesOf(run: string): Promise<string[]> {
    const registry = await Registry.open(kafka, { run, topicPrefix: '', log });
    const releases = await registry.list();
    await registry.close();
    assert.ok(releases.every(({ complete }) => complete));
    return releases.map(({ id }) => id);
  }

  it('alone learns once, signs, publishes for the edges that it knows, and ends; it never asks what truly failed', async () => {
    const run = 'alone';
    await writeHistory(run, history);
    await write('fleet.truth', [{ key: history[0]!.vin, value: truthCodec.encode(truthOf) }]);
    await sayEdge(run, 'edge-1');
    await sayEdge('another', 'edge-9');
    said.length = 0;
    const { code, output } = await start(run, false).ended;
    assert.equal(code, 0, output);

    const [release = '', ...others] = await releasesOf(run);
    assert.match(release, /^r1-/, output);
    assert.deepEqual(others, []);
    assert.deepEqual(await desiredWith(run, 'edge-1'), { 'edge-1': release });
    const signed = await recordOf(kafka, manifestKey(run, release));
    const { publicKey } = releaseKeys(path.join(folder, 'keys'));
    const now = { atMs: Date.now(), counterAbove: 0, featureSchema: featureSchemaHash };
    const { training } = verifySigned(signed, publicKey, now);
    assert.equal(training.readings, history.length * 10);
    assert.equal(training.vehicles, 30);
    const offsets = training.offsets.reduce((sum, { from, to }) => sum + Number(to) - Number(from), 0);
    assert.equal(offsets, history.length);

    const words = Buffer.concat(said).toString('latin1');
    assert.match(words, /fleet\.telemetry/);
    assert.doesNotMatch(words, /fleet\.truth/);
  });

  it('alone with too little history says so in words, and publishes nothing', async () => {
    const run = 'little';
    await writeHistory(run, history.slice(0, 40));
    const { code, output } = await start(run, false).ended;
    assert.equal(code, 106);
    assert.match(
      output,
      /\ntrainer: too little history to learn from: \d vehicles? .*20 vehicles are needed\n/,
    );
    assert.deepEqual(await releasesOf(run), []);
  });

  it('supervised trains when it is told to, answers, and gives the release to edges that come later', async () => {
    const run = 'supervised';
    await writeHistory(run, history);
    await sayEdge(run, 'edge-1');
    const trainer = start(run, true);
    await trainer.next('ready');
    trainer.train(Date.now() + 60_000);
    trainer.train(0);
    trainer.train(0);
    assert.match((await trainer.next('refused')).reason, /^too little history to learn from: 0 vehicles/);
    const { release: first } = await trainer.next('released');
    const { release } = await trainer.next('released');
    assert.deepEqual([first.counter, release.counter], [1, 2], 'one after the other');
    assert.equal(first.id.slice(3), release.id.slice(3), 'of the same history');
    assert.equal(release.trainedOnReadings, history.length * 10);
    assert.ok((release.trainSeconds ?? 0) > 0 && release.publishedAt <= Date.now());
    assert.deepEqual(await desiredWith(run, 'edge-1'), { 'edge-1': release.id });
    await sayEdge(run, 'edge-2');
    assert.deepEqual(await desiredWith(run, 'edge-2'), { 'edge-1': release.id, 'edge-2': release.id });

    // Told to end in the middle of the next one.
    trainer.train(0);
    await trainer.says('learns from', 3);
    trainer.end();
    const { code, output } = await trainer.ended;
    assert.equal(code, 0, output);
    assert.deepEqual(await releasesOf(run), [release.id, first.id]);

    assert.deepEqual(trainer.unheard, [], 'what was given up has no answer');

    // The next process knows which release is the newest.
    await sayEdge(run, 'edge-3');
    const again = start(run, true);
    assert.equal((await desiredWith(run, 'edge-3'))['edge-3'], release.id);
    again.end();
    assert.equal((await again.ended).code, 0);
  });

  it('killed in the middle, or before its answer was heard, it makes each release once when it is asked again', async () => {
    const run = 'killed';
    await writeHistory(run, history);
    await sayEdge(run, 'edge-1');
    const first = start(run, true);
    await first.next('ready');
    first.train(0);
    await first.says('learns from', 1);
    first.kill();
    await first.ended;
    assert.deepEqual(await releasesOf(run), []);

    const second = start(run, true);
    await second.next('ready');
    second.train(0);
    // Published; of the answer nobody hears.
    await second.says('"released"', 1);
    second.kill();
    await second.ended;
    const [published = '', ...others] = await releasesOf(run);
    assert.deepEqual([published.slice(0, 3), others], ['r1-', []]);

    const third = start(run, true);
    await third.next('ready');
    // Who has heard of the first one wants another; who has not gets it, once.
    third.train(0, 1);
    third.train(0);
    third.train(0);
    const answers = [
      await third.next('released'),
      await third.next('released'),
      await third.next('released'),
    ];
    const [another, known, last] = answers.map(({ release }) => release);
    assert.ok(another && known && last);
    assert.deepEqual([another.counter, known.counter, last.counter], [2, 1, 3]);
    assert.equal(known.id, published);
    assert.equal(known.trainSeconds, null);
    assert.equal(known.trainedOnReadings, history.length * 10);
    assert.deepEqual(await releasesOf(run), [last.id, another.id, published]);
    assert.deepEqual(await desiredWith(run, 'edge-1'), { 'edge-1': last.id });
    third.end();
    assert.equal((await third.ended).code, 0);
  });
});

const sentBy = { edge: 'edge-1', epoch: '00112233445566aa', number: 1, stored: false };

const stateOf = {
  edge: '',
  connection: 1,
  online: true,
  running: null,
  previous: null,
  shadow: null,
  cars: 0,
  outboxFrames: 0,
  outboxBytes: 0,
  inferenceP99Us: 0,
  alarmsPerSecond: 0,
  refusals: {},
  at: 1,
};

const truthOf = {
  vin: history[0]!.vin,
  failure: 'coolant-loss',
  dtc: 'P0217',
  kind: 'engine',
  severity: 0.5,
  onsetSim: 1,
  detectableAtSim: null,
  failureAtSim: null,
  onset: 1,
  detectableAt: null,
  failureAt: null,
} as const;

async function recordOf(kafka: Kafka, wanted: string): Promise<Buffer> {
  let found = Buffer.alloc(0);
  await readToEnd(kafka, {
    topics: ['fleet.models'],
    timeoutMs: 15_000,
    onBatch: (records) => {
      for (const { key, value } of records)
        if (key?.toString() === wanted && value) found = Buffer.from(value);
    },
  });
  return found;
}

type Said = FromTrainer | Ready;

/** A trainer's process, with or without a control channel to us. */
class Trainer {
  readonly ended: Promise<{ code: number | null; output: string }>;
  readonly #child: ChildProcess;
  readonly #said: Said[] = [];
  #output = '';

  constructor(flags: string[], isSupervised: boolean) {
    this.#child = spawn(process.execPath, [program, ...flags], {
      stdio: ['ignore', 'pipe', 'pipe', ...(isSupervised ? (['ipc'] as const) : [])],
      serialization: 'advanced',
    });
    this.#child.on('message', (message) => this.#said.push(message as Said));
    for (const stream of [this.#child.stdout, this.#child.stderr]) {
      stream?.on('data', (chunk: Buffer) => (this.#output += chunk.toString()));
    }
    this.ended = once(this.#child, 'close').then(([code]) => ({
      code: code as number | null,
      output: this.#output,
    }));
  }

  /** The first message of this type that nobody has taken yet. */
  async next<T extends Said['type']>(type: T): Promise<Extract<Said, { type: T }>> {
    for (;;) {
      const index = this.#said.findIndex((message) => message.type === type);
      if (index >= 0) return this.#said.splice(index, 1)[0] as Extract<Said, { type: T }>;
      await this.#more('message');
    }
  }

  /** What it said and nobody has taken. */
  get unheard(): readonly Said[] {
    return this.#said;
  }

  /** Its log has the text so many times. */
  async says(text: string, times: number): Promise<void> {
    while (this.#output.split(text).length <= times) await this.#more('data');
  }

  train(since: number, above = 0): void {
    this.#child.send({ type: 'train', since, above } satisfies ToTrainer);
  }

  kill(): void {
    this.#child.kill('SIGKILL');
  }

  end(): void {
    this.#child.kill('SIGTERM');
  }

  async #more(event: 'message' | 'data'): Promise<void> {
    const from = event === 'message' ? this.#child : this.#child.stdout!;
    const more = once(from, event);
    const ended = this.ended.then(({ output }) => assert.fail(`ended too early:\n${output}`));
    await Promise.race([more, ended]);
  }
}
