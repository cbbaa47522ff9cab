import { randomBytes } from 'node:crypto';
import { runKey } from '#contract/identity.ts';
import {
  chunkBytes,
  chunkKey,
  chunksOf,
  encodeDesired,
  manifestKey,
  type ReleaseManifest,
} from '#contract/release.ts';
import { sampleRelease } from '#test/contract/releases.ts';
import { connectKafka, kafkaConfig, type Producer } from '#wire/kafka.ts';
import { quiet } from './rig.ts';

export interface CloudRelease {
  id: string;
  manifest: ReleaseManifest;
  chunks: Buffer[];
  bytes: Buffer;
}

/** What a trainer and a registry put into Kafka for the edges of one run. */
export class TestCloud {
  readonly run: string;
  readonly #producer: Producer;

  private constructor(run: string, producer: Producer) {
    this.run = run;
    this.#producer = producer;
  }

  static async open(brokers: string[], run: string): Promise<TestCloud> {
    const producer = connectKafka(kafkaConfig.parse({ brokers }), quiet).producer();
    await producer.connect();
    return new TestCloud(run, producer);
  }

  /** Of chance bytes; the last chunk is a small one. Nothing is written yet. */
  make(counter: number, chunks = 3): CloudRelease {
    const artefact = randomBytes((chunks - 1) * chunkBytes + 100);
    const { manifest, bytes } = sampleRelease({ run: this.run, counter }, artefact);
    return { id: manifest.id, manifest, chunks: chunksOf(artefact), bytes };
  }

  async publish(release: CloudRelease): Promise<void> {
    for (const n of release.chunks.keys()) await this.chunk(release, n);
    await this.manifest(release.id, release.bytes);
  }

  async chunk(release: CloudRelease, n: number): Promise<void> {
    await this.write('fleet.models', chunkKey(this.run, release.id, n), release.chunks[n] ?? null);
  }

  async manifest(id: string, bytes: Buffer | null): Promise<void> {
    await this.write('fleet.models', manifestKey(this.run, id), bytes);
  }

  async withdraw(release: CloudRelease): Promise<void> {
    await this.manifest(release.id, null);
    for (const n of release.chunks.keys()) {
      await this.write('fleet.models', chunkKey(this.run, release.id, n), null);
    }
  }

  /** null: nothing. */
  async desire(edge: string, release: string | null): Promise<void> {
    await this.write('fleet.desired', runKey(this.run, edge), release && encodeDesired({ release }));
  }

  async write(topic: string, key: string, value: Buffer | string | null): Promise<void> {
    await this.#producer.send({ topic, messages: [{ key, value: value === '' ? Buffer.alloc(0) : value }] });
  }

  async close(): Promise<void> {
    await this.#producer.disconnect();
  }
}
