import { isName, runKey } from '#contract/identity.ts';
import {
  assertArtefact,
  chunkKey,
  chunksOf,
  decodeSigned,
  encodeDesired,
  manifestKey,
  type ReleaseManifest,
} from '#contract/release.ts';
import { topicName } from '#contract/topics.ts';
import { UserError } from '#runtime/errors.ts';
import type { Log } from '#runtime/log.ts';
import { waitForKafka, type Kafka } from '#wire/kafka.ts';
import { readEdges } from './known-edges.ts';
import { PatientWriter } from '#wire/patient-writer.ts';
import { counterOf, readReleases, type ReleaseEntry, type ReleaseShelf } from './release-shelf.ts';

export type { ReleaseEntry } from './release-shelf.ts';

export interface RegistryOptions {
  run: string;
  topicPrefix: string;
  log: Log;
}

const kafkaTimeoutMs = 15_000;

/**
 * The releases of a run, and which edge should run which: fleet.models and fleet.desired. Writing waits for a Kafka that
 * is away, as a release takes long to make, and rejects (UserError) only what Kafka refuses for good. Nothing is cached:
 * every question is asked anew.
 */
export class Registry {
  readonly #kafka: Kafka;
  readonly #options: RegistryOptions;
  readonly #writer: PatientWriter;

  private constructor(kafka: Kafka, options: RegistryOptions) {
    this.#kafka = kafka;
    this.#options = options;
    this.#writer = new PatientWriter(kafka, options.log);
  }

  /** @throws UserError when Kafka cannot be reached */
  static async open(kafka: Kafka, options: RegistryOptions): Promise<Registry> {
    await waitForKafka(kafka, kafkaTimeoutMs);
    return new Registry(kafka, options);
  }

  /**
   * Chunks first, then the signed manifest: who sees the manifest finds the chunks. To publish a release again is no harm.
   * @throws ReleaseError when they are not of one another, or the manifest cannot be read
   */
  async publish(manifestBytes: Buffer, artefact: Buffer): Promise<void> {
    const manifest = decodeSigned(manifestBytes);
    const { run, id } = manifest;
    if (run !== this.#options.run) throw new Error(`${id} is of run ${run}, not of ${this.#options.run}`);
    assertArtefact(manifest, artefact);
    // One by one: Kafka takes no more than 1 MB at once.
    for (const [n, chunk] of chunksOf(artefact).entries()) {
      await this.#write('fleet.models', chunkKey(run, id, n), chunk);
    }
    await this.#write('fleet.models', manifestKey(run, id), manifestBytes);
  }

  /** Takes a release away, the manifest first. @throws UserError when there is none of this name */
  async withdraw(id: string): Promise<void> {
    const { run, topicPrefix } = this.#options;
    const shelf = await readReleases(this.#kafka, { run, topicPrefix });
    const parts = shelf.partsOf(run, id);
    if (parts.length === 0) throw new UserError('config', `there is no release ${id} in run ${run}`);
    for (const part of parts) {
      const key = part === 'manifest' ? manifestKey(run, id) : chunkKey(run, id, part);
      await this.#write('fleet.models', key, null);
    }
  }

  /** Says which release the edge should run. */
  async desire(edge: string, release: string): Promise<void> {
    if (!isName(edge) || !isName(release)) throw new TypeError(`no names: ${edge}, ${release}`);
    await this.#write('fleet.desired', runKey(this.#options.run, edge), encodeDesired({ release }));
  }

  /** Releases whose manifest is there, the newest first. */
  async list(): Promise<ReleaseEntry[]> {
    return (await this.#shelf()).entries();
  }

  /** What the releases that are there in full say of themselves, the newest first. */
  async manifests(): Promise<ReleaseManifest[]> {
    const shelf = await this.#shelf();
    return shelf.manifests().filter((manifest) => shelf.isComplete(manifest));
  }

  async #shelf(): Promise<ReleaseShelf> {
    const { run, topicPrefix, log } = this.#options;
    const shelf = await readReleases(this.#kafka, { run, topicPrefix });
    for (const words of shelf.unreadable()) log.warn(`fleet.models: ${words}`);
    return shelf;
  }

  /**
   * One more than any release of this run has had, as far as it has left a trace: an edge that knew a withdrawn one
   * takes only higher ones.
   */
  async nextCounter(): Promise<number> {
    const { run, topicPrefix } = this.#options;
    const shelf = await readReleases(this.#kafka, { run, topicPrefix });
    const edges = await readEdges(this.#kafka, this.#options);
    const known = [...edges.values()].flatMap(({ running, previous }) => [running ?? '', previous ?? '']);
    return Math.max(shelf.highestCounter, ...known.map(counterOf)) + 1;
  }

  /** Names of the edges that have ever said anything in this run, in order. */
  async edges(): Promise<string[]> {
    return [...(await readEdges(this.#kafka, this.#options)).keys()].sort();
  }

  /** What is not written yet rejects. */
  async close(): Promise<void> {
    await this.#writer.close();
  }

  async #write(topic: 'fleet.models' | 'fleet.desired', key: string, value: Buffer | null): Promise<void> {
    await this.#writer.write(topicName(topic, this.#options.topicPrefix), key, value);
  }
}
