import { releaseTopics } from '#contract/mqtt-topics.ts';
import { decodeSigned, type ModelKey } from '#contract/release.ts';
import { inWords } from '#runtime/errors.ts';
import type { Log } from '#runtime/log.ts';
import type { BridgeMetrics } from '../bridge-metrics.ts';
import { HeldRelease } from './held-release.ts';

export interface ReleasesOptions {
  run: string;
  /** Of retained parts, over all releases. */
  maxBytes: number;
  /** Publishes retained, and resolves when present subscribers have it. No bytes: clears. */
  retain: (topic: string, payload: Buffer) => Promise<void>;
  isDesired: (release: string) => boolean;
  /** The manifest is retained, after all its chunks. */
  onOut: (release: string) => Promise<void>;
  /** The manifest is about to be cleared. */
  onWithdrawing: (release: string) => Promise<void>;
  metrics: BridgeMetrics;
  log: Log;
}

const nothing = Buffer.alloc(0);

/**
 * The releases of one run as retained messages: chunks as they come, a manifest once all its chunks are out. Above the limit
 * whole releases are put aside: first those that nobody desires, the oldest first. Calls come one after the other.
 */
export class Releases {
  readonly #options: ReleasesOptions;
  readonly #byId = new Map<string, HeldRelease>();
  #isOpen = false;

  constructor(options: ReleasesOptions) {
    this.#options = options;
  }

  /** Of what is retained. */
  get bytes(): number {
    return this.#kept().reduce((sum, release) => sum + release.bytes, 0);
  }

  /** Whose manifests are retained. */
  get count(): number {
    return this.#kept().filter((release) => release.isOut).length;
  }

  isOut(id: string): boolean {
    return this.#byId.get(id)?.isOut ?? false;
  }

  /** Until this is called no manifest goes out: a later record of the same reading may withdraw it. */
  async open(): Promise<void> {
    this.#isOpen = true;
    for (const release of this.#byId.values()) await this.#settle(release);
  }

  /** One record of fleet.models; null is a tombstone. */
  async take(
    { release: id, part }: Pick<ModelKey, 'release' | 'part'>,
    payload: Buffer | null,
  ): Promise<void> {
    const release = this.#byId.get(id) ?? new HeldRelease(id);
    this.#byId.set(id, release);
    if (part === 'manifest') await this.#takeManifest(release, payload);
    else await this.#takeChunk(release, part, payload);
    if (release.isGone && !release.isRestoring) this.#byId.delete(id);
    await this.#makeRoom();
  }

  /** Desired releases that were put aside and would fit now; the newest first. */
  toRestore(): string[] {
    const { isDesired, maxBytes } = this.#options;
    const desired = [...this.#byId.values()].filter(({ id }) => isDesired(id));
    const taken = desired.reduce((sum, { isKept, bytes }) => sum + (isKept ? bytes : 0), 0);
    return desired
      .filter(({ isKept, bytes }) => !isKept && taken + bytes <= maxBytes)
      .sort((one, other) => other.counter - one.counter)
      .map(({ id }) => id);
  }

  /** Takes a release that was put aside anew; `read` gives all its records to take(). What it throws is thrown. */
  async restore(id: string, read: () => Promise<void>): Promise<void> {
    const aside = this.#byId.get(id);
    // Withdrawn, or no more desired, since it was asked for.
    if (!aside || aside.isKept || !this.#options.isDesired(id)) return;
    const release = new HeldRelease(id);
    release.isRestoring = true;
    this.#byId.set(id, release);
    try {
      await read();
    } catch (error) {
      await this.#putAside(release);
      this.#byId.set(id, aside);
      throw error;
    }
    release.isRestoring = false;
    if (release.isGone) this.#byId.delete(id);
    else await this.#settle(release);
  }

  async #takeChunk(release: HeldRelease, n: number, payload: Buffer | null): Promise<void> {
    release.note(n, payload?.length ?? null);
    // Behind a chunk that is gone nothing may point to it any more.
    if (payload === null) await this.#settle(release);
    if (release.isKept) await this.#options.retain(releaseTopics.chunk(release.id, n), payload ?? nothing);
    if (payload !== null) await this.#settle(release);
  }

  async #takeManifest(release: HeldRelease, payload: Buffer | null): Promise<void> {
    const manifest = payload && this.#readManifest(release.id, payload);
    release.note('manifest', manifest?.payload.length ?? null);
    if (!release.isKept) return;
    release.manifest = manifest;
    const isAnother = release.isOut && release.isComplete;
    await this.#settle(release);
    if (isAnother && manifest) {
      await this.#options.retain(releaseTopics.manifest(release.id), manifest.payload);
    }
  }

  /** Whether it is signed well is for its edges to judge. */
  #readManifest(id: string, payload: Buffer): HeldRelease['manifest'] {
    const { run, metrics, log } = this.#options;
    try {
      const manifest = decodeSigned(payload);
      if (manifest.id !== id || manifest.run !== run) {
        throw new Error(`it is of release ${manifest.id} of run ${manifest.run}`);
      }
      return { payload, chunks: manifest.chunks };
    } catch (error) {
      metrics.downlinkRefused.inc({ reason: 'bad-manifest' });
      log.warn({ release: id, reason: inWords(error) }, 'a manifest that is none: not given to edges');
      return null;
    }
  }

  /** Lets the manifest out, or takes it back, as the release now is. */
  async #settle(release: HeldRelease): Promise<void> {
    const { retain, onOut, onWithdrawing, log } = this.#options;
    const { id, manifest } = release;
    const mayBeOut = this.#isOpen && release.isKept && !release.isRestoring && release.isComplete;
    if (mayBeOut === release.isOut) return;
    if (mayBeOut && manifest) {
      await retain(releaseTopics.manifest(id), manifest.payload);
      release.isOut = true;
      log.info({ release: id, chunks: manifest.chunks, bytes: release.bytes }, 'gives a release to edges');
      await onOut(id);
    } else {
      release.isOut = false;
      log.info({ release: id }, 'takes a release back');
      await onWithdrawing(id);
      await retain(releaseTopics.manifest(id), nothing);
    }
  }

  async #makeRoom(): Promise<void> {
    const { maxBytes, isDesired, metrics, log } = this.#options;
    while (this.bytes > maxBytes) {
      const [last] = this.#kept()
        .map((release) => ({ release, desired: isDesired(release.id) }))
        .sort(
          (one, other) =>
            Number(one.desired) - Number(other.desired) || one.release.counter - other.release.counter,
        );
      if (!last) return;
      const { release, desired } = last;
      metrics.releasesCleared.inc();
      log.warn(
        { release: release.id, bytes: release.bytes, desired, maxBytes },
        desired
          ? 'desired releases take more than downlink.maxReleaseBytes: this one is not given to edges'
          : 'retained releases take more than downlink.maxReleaseBytes: cleared one that nobody desires',
      );
      await this.#putAside(release);
    }
  }

  async #putAside(release: HeldRelease): Promise<void> {
    release.isKept = false;
    await this.#settle(release);
    release.manifest = null;
    for (const n of release.chunks) await this.#options.retain(releaseTopics.chunk(release.id, n), nothing);
  }

  #kept(): HeldRelease[] {
    return [...this.#byId.values()].filter((release) => release.isKept);
  }
}
