import { createHash, type KeyObject } from 'node:crypto';
import path from 'node:path';
import { edgeTopics, releaseTopics } from '#contract/mqtt-topics.ts';
import {
  assertArtefact,
  decodeDesired,
  ReleaseError,
  verifySigned,
  type Acceptance,
  type ReleaseManifest,
} from '#contract/release.ts';
import type { Artefact } from '#model/artefact.ts';
import { featureSchemaHash } from '#model/features.ts';
import { inWords } from '#runtime/errors.ts';
import type { Log } from '#runtime/log.ts';
import type { Metrics } from '#runtime/metrics.ts';
import { Downlink, type DownlinkPort } from './downlink.ts';
import { download, removeDownload, removeDownloadsBut } from './download.ts';
import { systemFiles, type Files } from './files.ts';
import { RefusedReleases } from './refused-releases.ts';
import { openArtefact } from './self-test.ts';
import { slotNames, Slots, type SlotName } from './slots.ts';

export type { DownlinkPort } from './downlink.ts';

export interface Model {
  id: string;
  counter: number;
  artefact: Artefact;
}

export interface ModelsOptions {
  dataDir: string;
  edge: string;
  /** Whose releases are run; without one none is. */
  publicKey: KeyObject | undefined;
  log: Log;
  metrics?: Metrics;
  link: DownlinkPort;
  /** This one runs from now on. The first time, if one was kept, before open() resolves. Must not throw. */
  onAdopt: (model: Model) => void;
  /** `running`, `previous` or `refusals` has changed; never before open() resolves. Must not throw. */
  onChange: () => void;
  /** ms since 1970: has a release expired? */
  now?: () => number;
  files?: Files;
  /** After the disk took nothing. */
  retryMs?: number;
}

interface Running {
  id: string;
  counter: number;
  slot: SlotName;
}

/** One release on its way in. */
interface Task {
  id: string;
  abort: AbortController;
}

/** A disk that is full now may have room later. */
const defaultRetryMs = 30_000;
/** Expiry keeps a release from being adopted, not from being run on. */
const expiryDoesNotMatter = -1;

/**
 * The releases that this edge has and takes: what the cloud desires is fetched, verified, tested and kept in one of two
 * slots on disk before it runs. Whatever goes wrong, the last good one goes on running, cloud in sight or not.
 */
export class Models {
  readonly #options: ModelsOptions;
  readonly #folder: string;
  readonly #files: Files;
  readonly #slots: Slots;
  readonly #downlink: Downlink;
  readonly #refused: RefusedReleases;
  #running: Running | null = null;
  #previous: string | null = null;
  #task: Task | undefined;
  /** One release at a time: the next begins when the one before has ended. */
  #work: Promise<void> = Promise.resolve();
  #retry: NodeJS.Timeout | undefined;
  #closed = false;

  private constructor(options: ModelsOptions) {
    const { files = systemFiles, metrics } = options;
    this.#options = options;
    this.#folder = path.join(options.dataDir, 'models');
    this.#files = files;
    this.#slots = new Slots(files, this.#folder);
    this.#downlink = new Downlink(options.link);
    this.#refused = new RefusedReleases(options.log, metrics);
    metrics?.gauge(
      'fleetbed_edge_release_counter',
      'Counter of the release that runs; 0 without one',
      () => this.#running?.counter ?? 0,
    );
  }

  /** Adopts what was kept, and asks what is desired. @throws the system's errors */
  static async open(options: ModelsOptions): Promise<Models> {
    const models = new Models(options);
    await models.#files.makeFolder(models.#folder);
    await models.#resume();
    options.link.subscribe(edgeTopics.desired(options.edge));
    return models;
  }

  get running(): string | null {
    return this.#running?.id ?? null;
  }

  /** Well signed in the other slot. */
  get previous(): string | null {
    return this.#previous;
  }

  /** By reason, since the start. */
  get refusals(): Record<string, number> {
    return this.#refused.counts;
  }

  message(topic: string, payload: Buffer): void {
    if (this.#closed) return;
    if (topic === edgeTopics.desired(this.#options.edge)) this.#desire(payload);
    else this.#downlink.message(topic, payload);
  }

  /** What is being fetched is left for the next start to continue. */
  async close(): Promise<void> {
    this.#closed = true;
    this.#cancel();
    await this.#work;
  }

  /** What ran before goes on; the other slot takes its place when it is damaged. */
  async #resume(): Promise<void> {
    const { publicKey, log, onAdopt } = this.#options;
    const candidates = await this.#slots.candidates();
    if (publicKey === undefined) {
      if (candidates.length > 0) log.warn('no public key is configured: the release on disk does not run');
      return;
    }
    for (const slot of candidates) {
      const model = await this.#open(slot, publicKey);
      if (model === undefined) continue;
      this.#running = { id: model.id, counter: model.counter, slot };
      // Of two that were tried the first is damaged.
      if (slot === candidates[0]) this.#previous = await this.#idIn(otherThan(slot), publicKey);
      await removeDownload(this.#files, this.#folder, model.id);
      log.info({ release: model.id, slot, previous: this.#previous }, 'the release on disk runs');
      return onAdopt(model);
    }
    return candidates.length > 0 ? log.error('neither release on disk can be run') : undefined;
  }

  async #open(slot: SlotName, publicKey: KeyObject): Promise<Model | undefined> {
    try {
      const { signed, artefact } = await this.#slots.read(slot);
      const manifest = verifySigned(signed, publicKey, acceptance(expiryDoesNotMatter, 0));
      assertArtefact(manifest, artefact);
      return await opened(manifest, artefact);
    } catch (error) {
      // A disk that cannot be read is no reason not to take cars.
      const unreadable = (): ReleaseError => new ReleaseError('bad-artefact', inWords(error));
      this.#refused.count(error instanceof ReleaseError ? error : unreadable(), { slot });
      return undefined;
    }
  }

  /** null where no release is that can be read and is well signed. */
  async #idIn(slot: SlotName, publicKey: KeyObject): Promise<string | null> {
    try {
      const { signed } = await this.#slots.read(slot);
      return verifySigned(signed, publicKey, acceptance(expiryDoesNotMatter, 0)).id;
    } catch {
      return null;
    }
  }

  #desire(payload: Buffer): void {
    let id: string | undefined;
    try {
      id = decodeDesired(payload)?.release;
    } catch (error) {
      this.#options.log.warn({ err: error }, 'what is desired cannot be read');
      return;
    }
    // After a reconnect the same comes again.
    if (id !== undefined && id === this.#task?.id) return;
    this.#cancel();
    if (id !== undefined) this.#begin(id);
  }

  #cancel(): void {
    clearTimeout(this.#retry);
    this.#task?.abort.abort(new Error('no longer desired'));
    this.#task = undefined;
  }

  #begin(id: string): void {
    const task = { id, abort: new AbortController() };
    this.#task = task;
    this.#work = this.#work.then(async () => this.#run(task));
  }

  async #run(task: Task): Promise<void> {
    try {
      await this.#take(task.id, task.abort.signal);
    } catch (error) {
      if (task.abort.signal.aborted) return;
      const { log, retryMs = defaultRetryMs } = this.#options;
      log.error({ err: error, release: task.id, retryMs }, 'the release cannot be kept');
      this.#retry = setTimeout(() => this.#begin(task.id), retryMs).unref();
    } finally {
      if (this.#task === task) this.#task = undefined;
    }
  }

  async #take(id: string, signal: AbortSignal): Promise<void> {
    signal.throwIfAborted();
    await removeDownloadsBut(this.#files, this.#folder, id);
    if (id === this.running) return;
    const signed = await this.#downlink.fetch(releaseTopics.manifest(id), signal);
    const digest = createHash('sha256').update(signed).digest('hex');
    if (this.#refused.has(digest)) return;
    try {
      await this.#fetchAndAdopt(id, signed, signal);
    } catch (error) {
      if (!(error instanceof ReleaseError)) throw error;
      this.#refused.add(digest, error, { release: id, running: this.running });
      this.#options.onChange();
    }
    await removeDownload(this.#files, this.#folder, id);
  }

  async #fetchAndAdopt(id: string, signed: Buffer, signal: AbortSignal): Promise<void> {
    const { publicKey, log, now = Date.now } = this.#options;
    if (publicKey === undefined) throw new ReleaseError('wrong-key', 'no public key is configured');
    const manifest = verifySigned(signed, publicKey, acceptance(now(), this.#running?.counter ?? 0));
    if (manifest.id !== id) throw new ReleaseError('bad-manifest', `${manifest.id} is published as ${id}`);
    log.info({ release: id, bytes: manifest.length, chunks: manifest.chunks }, 'fetches a release');
    const artefact = await download(manifest, {
      files: this.#files,
      folder: this.#folder,
      fetch: async (topic) => this.#downlink.fetch(topic, signal),
    });
    const model = await opened(manifest, artefact);
    signal.throwIfAborted();
    await this.#adopt(model, { signed, artefact });
  }

  /** First on disk, then at work: what runs is what would run after a restart. */
  async #adopt(model: Model, release: { signed: Buffer; artefact: Buffer }): Promise<void> {
    const { id, counter } = model;
    const before = this.#running;
    const slot = before ? otherThan(before.slot) : slotNames[0];
    this.#previous = null;
    await this.#slots.replace(slot, release);
    await this.#slots.activate(slot);
    this.#running = { id, counter, slot };
    this.#previous = before?.id ?? null;
    this.#options.log.info({ release: id, slot, previous: this.#previous }, 'a release runs');
    this.#options.onAdopt(model);
    this.#options.onChange();
  }
}

async function opened(manifest: ReleaseManifest, bytes: Buffer): Promise<Model> {
  const { id, counter } = manifest;
  return { id, counter, artefact: await openArtefact(manifest, bytes) };
}

function acceptance(atMs: number, counterAbove: number): Acceptance {
  return { atMs, counterAbove, featureSchema: featureSchemaHash };
}

function otherThan(slot: SlotName): SlotName {
  return slot === 'a' ? 'b' : 'a';
}
