import { isName, runKey } from '#contract/identity.ts';
import {
  chunkBytes,
  decodeSigned,
  parseModelKey,
  type DetectorKind,
  type ModelKey,
  type ReleaseManifest,
} from '#contract/release.ts';
import { inWords } from '#runtime/errors.ts';
import { readToEnd, type ReadRecord } from '#wire/kafka-reader.ts';
import type { Kafka } from '#wire/kafka.ts';
import { trainerTopic } from './topics.ts';

/** A release in short. */
export interface ReleaseEntry {
  run: string;
  id: string;
  counter: number;
  detector: DetectorKind;
  /** Of the artefact. */
  length: number;
  /** ms since 1970. */
  created: number;
  expires: number;
  trainedOnReadings: number;
  /** Are all of its chunks there? */
  complete: boolean;
}

interface Parts {
  run: string;
  id: string;
  manifest: ReleaseManifest | null;
  /** Why there is a manifest's record and no manifest. */
  unreadable: string | null;
  /** Number -> length. */
  chunks: Map<number, number>;
}

/** What lies in fleet.models: the last of each key counts, so that it is all one whether Kafka has compacted it. */
export class ReleaseShelf {
  readonly #run: string | null;
  readonly #parts = new Map<string, Parts>();
  #highestCounter = 0;

  /** @param run null: of every run */
  constructor(run: string | null) {
    this.#run = run;
  }

  take({ key, value }: Pick<ReadRecord, 'key' | 'value'>): void {
    const parsed = parseModelKey(key);
    if (parsed === null || (this.#run !== null && parsed.run !== this.#run)) return;
    this.#highestCounter = Math.max(this.#highestCounter, counterOf(parsed.release));
    const parts = this.#partsOf(parsed);
    if (parsed.part === 'manifest') Object.assign(parts, readManifest(parsed, value));
    else if (value === null) parts.chunks.delete(parsed.part);
    else parts.chunks.set(parsed.part, value.length);
  }

  /** Those whose manifest is there, the newest first: by their counters; of every run, by their time. */
  manifests(): ReleaseManifest[] {
    const there = [...this.#parts.values()].flatMap(({ manifest }) => manifest ?? []);
    const age = this.#run === null ? 'created' : 'counter';
    return there.sort((one, other) => other[age] - one[age] || other.counter - one.counter);
  }

  entries(): ReleaseEntry[] {
    return this.manifests().map((manifest) => {
      const { run, id, counter, detector, length, created, expires, training } = manifest;
      const complete = this.isComplete(manifest);
      const trainedOnReadings = training.readings;
      return { run, id, counter, detector, length, created, expires, trainedOnReadings, complete };
    });
  }

  /** Are all chunks there, as long as they should be? */
  isComplete({ run, id, length, chunks }: ReleaseManifest): boolean {
    const there = this.#parts.get(runKey(run, id))?.chunks;
    return Array.from({ length: chunks }, (_, n) => n).every(
      (n) => there?.get(n) === Math.min(chunkBytes, length - n * chunkBytes),
    );
  }

  /** Which parts of the release are there, the manifest first. */
  partsOf(run: string, id: string): ModelKey['part'][] {
    const parts = this.#parts.get(runKey(run, id));
    if (parts === undefined) return [];
    const isThere = parts.manifest !== null || parts.unreadable !== null;
    return [...(isThere ? (['manifest'] as const) : []), ...parts.chunks.keys()];
  }

  /** Why manifests that are there cannot be read, in words. */
  unreadable(): string[] {
    return [...this.#parts.values()].flatMap(({ run, id, unreadable }) =>
      unreadable === null ? [] : `${runKey(run, id)}: ${unreadable}`,
    );
  }

  /** Of all whose traces are there, withdrawn ones too; 0 where there is none. */
  get highestCounter(): number {
    return this.#highestCounter;
  }

  #partsOf({ run, release }: ModelKey): Parts {
    const key = runKey(run, release);
    const known = this.#parts.get(key);
    if (known !== undefined) return known;
    const parts = { run, id: release, manifest: null, unreadable: null, chunks: new Map() };
    this.#parts.set(key, parts);
    return parts;
  }
}

function readManifest(
  { run, release }: ModelKey,
  value: Buffer | null,
): Pick<Parts, 'manifest' | 'unreadable'> {
  if (value === null) return { manifest: null, unreadable: null };
  try {
    const manifest = decodeSigned(value);
    if (manifest.run === run && manifest.id === release) return { manifest, unreadable: null };
    return { manifest: null, unreadable: `its manifest is that of ${runKey(manifest.run, manifest.id)}` };
  } catch (error) {
    return { manifest: null, unreadable: inWords(error) };
  }
}

/** The counter that a release's name says; 0 where it is no release's name. */
export function counterOf(id: string): number {
  const counter = Number(/^r([1-9]\d{0,15})-/.exec(id)?.[1] ?? 0);
  return isName(id) && Number.isSafeInteger(counter) ? counter : 0;
}

/**
 * Reads all of fleet.models.
 * @param run null: of every run
 * @throws UserError when Kafka cannot be reached or lacks the topic
 */
export async function readReleases(
  kafka: Kafka,
  { run, topicPrefix }: { run: string | null; topicPrefix: string },
): Promise<ReleaseShelf> {
  const shelf = new ReleaseShelf(run);
  await readToEnd(kafka, {
    topics: [trainerTopic('fleet.models', topicPrefix)],
    onBatch: (records) => {
      for (const record of records) shelf.take(record);
    },
    timeoutMs: readTimeoutMs,
  });
  return shelf;
}

/** Many releases of 20 MB over a slow line. */
const readTimeoutMs = 120_000;
