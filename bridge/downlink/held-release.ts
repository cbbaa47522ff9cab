import type { ModelKey } from '#contract/release.ts';

export type Part = ModelKey['part'];

/**
 * What fleet.models has of one release. The chunks' bytes lie with the broker alone, as retained messages; the manifest's
 * are here too, because it goes out after the last chunk.
 */
export class HeldRelease {
  readonly id: string;
  /** The higher, the newer. 0 where the id has none: such a release is the first to go. */
  readonly counter: number;
  /** null: none has come, or it cannot be read, or the release was put aside. */
  manifest: { payload: Buffer; chunks: number } | null = null;
  /** Its parts are retained. False: it was put aside to keep below the limit, and only sizes are known. */
  isKept = true;
  /** Its manifest is retained: edges may fetch it. */
  isOut = false;
  /** It is being read a second time, and not whole before that is over. */
  isRestoring = false;
  readonly #bytesOf = new Map<Part, number>();
  #bytes = 0;

  constructor(id: string) {
    this.id = id;
    this.counter = Number(/^r(\d{1,15})-/.exec(id)?.[1] ?? 0);
  }

  /** Of all parts, kept or put aside. */
  get bytes(): number {
    return this.#bytes;
  }

  /** Nothing is left of it in Kafka. */
  get isGone(): boolean {
    return this.#bytesOf.size === 0;
  }

  /** Every chunk that the manifest speaks of is there. */
  get isComplete(): boolean {
    if (this.manifest === null) return false;
    for (let n = 0; n < this.manifest.chunks; n++) if (!this.#bytesOf.has(n)) return false;
    return true;
  }

  /** Numbers of the chunks that are there. */
  get chunks(): number[] {
    return [...this.#bytesOf.keys()].filter((part) => part !== 'manifest');
  }

  /** null: the part is gone. */
  note(part: Part, bytes: number | null): void {
    this.#bytes += (bytes ?? 0) - (this.#bytesOf.get(part) ?? 0);
    if (bytes === null) this.#bytesOf.delete(part);
    else this.#bytesOf.set(part, bytes);
  }
}
