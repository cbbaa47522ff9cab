import { releaseRefusals, type ReleaseError } from '#contract/release.ts';
import type { Log } from '#runtime/log.ts';
import type { Counter, Metrics } from '#runtime/metrics.ts';

/** Manifests that are remembered: one that comes again after a reconnect was refused already. */
const remembered = 256;

/** Counts what is refused by its reason, says each once, and remembers which manifests those were. */
export class RefusedReleases {
  readonly counts: Record<string, number> = {};
  readonly #log: Log;
  readonly #total: Counter<'reason'> | undefined;
  /** The oldest first. */
  readonly #digests = new Set<string>();

  constructor(log: Log, metrics: Metrics | undefined) {
    this.#log = log;
    this.#total = metrics?.counter<'reason'>(
      'fleetbed_edge_release_refused_total',
      'Releases that were not run, and damaged ones on disk',
      ['reason'],
    );
    for (const reason of releaseRefusals) this.#total?.inc({ reason }, 0);
  }

  has(digest: string): boolean {
    return this.#digests.has(digest);
  }

  /** `digest`: of the signed manifest's bytes. */
  add(digest: string, error: ReleaseError, about: object): void {
    for (const oldest of this.#digests) {
      if (this.#digests.size < remembered) break;
      this.#digests.delete(oldest);
    }
    this.#digests.add(digest);
    this.count(error, about);
  }

  count(error: ReleaseError, about: object): void {
    this.counts[error.code] = (this.counts[error.code] ?? 0) + 1;
    this.#total?.inc({ reason: error.code });
    this.#log.error({ reason: error.code, detail: error.message, ...about }, 'a release is refused');
  }
}
