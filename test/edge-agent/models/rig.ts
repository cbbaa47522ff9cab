import { createHash, generateKeyPairSync, type KeyObject } from 'node:crypto';
import type { TestContext } from 'node:test';
import { edgeTopics, releaseTopics } from '#contract/mqtt-topics.ts';
import {
  chunksOf,
  encodeDesired,
  encodeSigned,
  keyIdOf,
  releaseId,
  type GoldenVector,
  type ReleaseManifest,
} from '#contract/release.ts';
import { signals } from '#contract/signals.ts';
import { Models, type DownlinkPort, type Model, type ModelsOptions } from '#edge-agent/models/models.ts';
import { encodeArtefact, type Artefact } from '#model/artefact.ts';
import { createScorer } from '#model/detector.ts';
import { featureCount, featureSchemaHash } from '#model/features.ts';
import type { DenseLayer } from '#model/network.ts';
import { shapesOf } from '#model/shapes.ts';
import { thresholdNames } from '#model/thresholds.ts';
import { createLog } from '#runtime/log.ts';
import { Metrics, parseMetrics, type ParsedMetrics } from '#runtime/metrics.ts';

/** What tests of models share: releases that can be run, a place that retains them, and the models of an edge. */
export const edge = 'edge-1';
export const keys = generateKeyPairSync('ed25519');
/** Of every release here. */
export const expires = Date.now() + 3_600_000;

export interface TestRelease {
  id: string;
  manifest: ReleaseManifest;
  signed: Buffer;
  artefact: Buffer;
}

/** An untrained detector: `units` in the hidden layer make its artefact large, the seed makes it another one. */
export function untrained(seed: number, units = 3): Artefact {
  let last = seed;
  const weight = (): number => ((last = (last * 48_271) % 2_147_483_647) / 2_147_483_647 - 0.5) / units;
  const layer = (inputs: number, outputs: number, activation: DenseLayer['activation']): DenseLayer => ({
    inputs,
    outputs,
    weights: Float32Array.from({ length: inputs * outputs }, weight),
    biases: new Float32Array(outputs),
    activation,
  });
  const ones = (length: number): Float32Array => new Float32Array(length).fill(1);
  return {
    detector: 'autoencoder',
    featureSchema: featureSchemaHash,
    normalisation: { mean: new Float32Array(featureCount), scale: ones(featureCount) },
    networks: shapesOf('autoencoder').map(({ name, inputs, targets }) => ({
      name,
      inputs,
      targets,
      layers: [layer(inputs.length, units, 'tanh'), layer(units, targets.length, 'linear')],
      residual: { mean: new Float32Array(targets.length), scale: ones(targets.length) },
    })),
    thresholds: Object.fromEntries(thresholdNames('autoencoder').map((name) => [name, 2 + seed])),
  };
}

/** A release of these bytes and words, signed. */
export function signedRelease(
  artefact: Buffer,
  changes: Partial<ReleaseManifest> & Pick<ReleaseManifest, 'counter' | 'golden'>,
  privateKey: KeyObject = keys.privateKey,
): TestRelease {
  const sha256 = createHash('sha256').update(artefact).digest('hex');
  const manifest: ReleaseManifest = {
    id: releaseId(changes.counter, sha256),
    run: 'run',
    detector: 'autoencoder',
    sha256,
    length: artefact.length,
    chunks: chunksOf(artefact).length,
    featureSchema: featureSchemaHash,
    normalisation: { mean: [0], scale: [1] },
    thresholds: {},
    training: { since: 0, offsets: [], readings: 1, vehicles: 1, seed: 1 },
    created: 0,
    expires,
    keyId: keyIdOf(privateKey),
    ...changes,
  };
  return { id: manifest.id, manifest, signed: encodeSigned(manifest, privateKey), artefact };
}

/** A release that can be run; its artefact takes about 150 bytes a unit. */
export function runnable(counter: number, changes: Partial<ReleaseManifest> = {}, units = 3): TestRelease {
  const artefact = untrained(counter, units);
  return signedRelease(encodeArtefact(artefact), { counter, golden: [goldenOf(artefact)], ...changes });
}

/** Takes two chunks. */
export function runnableInTwo(counter: number): TestRelease {
  const { artefact: small } = runnable(counter);
  const bytesPerUnit = runnable(counter, {}, 4).artefact.length - small.length;
  return runnable(counter, {}, Math.ceil((1.5 * 256 * 1024) / bytesPerUnit));
}

export function goldenOf(artefact: Artefact): GoldenVector {
  const batches = [0, 1].map((n) => ({
    simTime: 1_600_000_000_000 + n * 4000,
    intervalMs: 2000,
    columns: signals.map(({ range }, signal) => {
      const share = ((signal * 7 + n * 3) % 10) / 10;
      const value = Math.fround(range.min + share * (range.max - range.min));
      return [value, signal === 4 ? Number.NaN : value];
    }),
  }));
  const scorer = createScorer(artefact);
  const scores = batches.flatMap(({ simTime, intervalMs, columns }, index) => {
    const batch = {
      vin: 'GOLDEN',
      session: 1,
      seq: index + 1,
      scheduledAt: simTime,
      simTime,
      intervalMs,
      columns: columns.map((column) => Float32Array.from(column)),
    };
    return [...(scorer.score([{ slot: 0, batch }])[0]?.scores ?? [])];
  });
  return { batches, scores };
}

/** Retains messages as a broker does, and serves them to one subscriber, a turn later. */
export class Retained implements DownlinkPort {
  readonly topics = new Map<string, Buffer>();
  readonly filters = new Set<string>();
  /** Each message that was delivered: its topic. */
  readonly served: string[] = [];
  deliver: (topic: string, payload: Buffer) => void = () => {};

  subscribe(filter: string): void {
    this.filters.add(filter);
    this.#serve(filter);
  }

  unsubscribe(filter: string): void {
    this.filters.delete(filter);
  }

  publish(topic: string, payload: Buffer): void {
    if (payload.length === 0) this.topics.delete(topic);
    else this.topics.set(topic, payload);
    if (this.filters.has(topic)) this.#send(topic, payload);
  }

  release({ id, signed, artefact }: TestRelease): void {
    for (const [n, chunk] of chunksOf(artefact).entries()) this.publish(releaseTopics.chunk(id, n), chunk);
    this.publish(releaseTopics.manifest(id), signed);
  }

  desire(id: string): void {
    this.publish(edgeTopics.desired(edge), encodeDesired({ release: id }));
  }

  /** As after a cut. */
  reconnect(): void {
    for (const filter of this.filters) this.#serve(filter);
  }

  /** Fetches of chunks. */
  get chunksServed(): number {
    return this.served.filter((topic) => topic.includes('/chunk/')).length;
  }

  #serve(filter: string): void {
    const payload = this.topics.get(filter);
    if (payload) this.#send(filter, payload);
  }

  #send(topic: string, payload: Buffer): void {
    setImmediate(() => {
      if (!this.filters.has(topic)) return;
      this.served.push(topic);
      this.deliver(topic, payload);
    });
  }
}

export interface TestModels {
  models: Models;
  adopted: Model[];
  changes: () => number;
  metrics: () => Promise<ParsedMetrics>;
}

/** The models of an edge whose cloud is what is retained. */
export async function testModels(
  t: TestContext,
  dataDir: string,
  cloud: Retained = new Retained(),
  options: Partial<ModelsOptions> = {},
): Promise<TestModels> {
  const adopted: Model[] = [];
  let changes = 0;
  const metrics = new Metrics({ component: 'edge', name: edge });
  const models = await Models.open({
    dataDir,
    edge,
    publicKey: keys.publicKey,
    log: createLog({ component: 'edge', level: 'silent' }),
    metrics,
    link: cloud,
    onAdopt: (model) => adopted.push(model),
    onChange: () => changes++,
    ...options,
  });
  cloud.deliver = (topic, payload) => models.message(topic, payload);
  t.after(async () => {
    await models.close();
    metrics.close();
  });
  return {
    models,
    adopted,
    changes: () => changes,
    metrics: async () => parseMetrics(await metrics.text()),
  };
}
