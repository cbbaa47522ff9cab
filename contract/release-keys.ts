import { isName, runKey } from './identity.ts';
import { chunkBytes, maxArtefactBytes } from './release-manifest.ts';

/** Keys of fleet.models, and the record of fleet.desired. */

export function manifestKey(run: string, id: string): string {
  return `${runKey(run, id)}/manifest`;
}

/** `n` from 0. */
export function chunkKey(run: string, id: string, n: number): string {
  return `${runKey(run, id)}/chunk/${n}`;
}

export interface ModelKey {
  run: string;
  release: string;
  /** The manifest, or the chunk's number from 0. */
  part: 'manifest' | number;
}

const modelKey = /^([^/]+)\/([^/]+)\/(?:manifest|chunk\/(0|[1-9]\d{0,4}))$/;

/** null where the text is no key of fleet.models. */
export function parseModelKey(key: Buffer | string | null): ModelKey | null {
  const [, run = '', release = '', chunk] = modelKey.exec(key?.toString() ?? '') ?? [];
  if (!isName(run) || !isName(release)) return null;
  const part = chunk === undefined ? 'manifest' : Number(chunk);
  return part === 'manifest' || part < maxArtefactBytes / chunkBytes ? { run, release, part } : null;
}

/** Which release an edge should run: fleet.desired, and retained on edges/{edge}/desired. */
export interface Desired {
  release: string;
}

export function encodeDesired({ release }: Desired): Buffer {
  return Buffer.from(JSON.stringify({ release }));
}

const maxDesiredBytes = 4096;

/**
 * null: nothing is desired, which a tombstone and an empty payload say.
 * @throws Error where the bytes say neither
 */
export function decodeDesired(bytes: Buffer | null): Desired | null {
  if (bytes === null || bytes.length === 0) return null;
  const value: unknown = bytes.length <= maxDesiredBytes ? parseJson(bytes) : undefined;
  const release =
    typeof value === 'object' && value !== null && 'release' in value ? value.release : undefined;
  if (typeof release !== 'string' || !isName(release)) {
    throw new Error(`not a desired release: ${JSON.stringify(bytes.toString('utf8', 0, 80))}`);
  }
  return { release };
}

function parseJson(bytes: Buffer): unknown {
  try {
    return JSON.parse(bytes.toString());
  } catch {
    return undefined;
  }
}
