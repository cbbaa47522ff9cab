import path from 'node:path';
import { releaseTopics } from '#contract/mqtt-topics.ts';
import { assertArtefact, chunkBytes, ReleaseError, type ReleaseManifest } from '#contract/release.ts';
import type { Files } from './files.ts';

const incomingPrefix = 'incoming-';

export interface DownloadOptions {
  files: Files;
  /** Where folders of downloads are made. */
  folder: string;
  /** Fetches one retained message. */
  fetch: (topic: string) => Promise<Buffer>;
}

/**
 * Fetches an artefact chunk by chunk. Each is on disk before the next is asked for, so that after a cut, or the end of
 * the process, only what is missing is fetched.
 * @throws ReleaseError 'wrong-length' or 'bad-hash'
 */
export async function download(manifest: ReleaseManifest, options: DownloadOptions): Promise<Buffer> {
  const { files } = options;
  const folder = incomingFolder(options.folder, manifest.id);
  await files.makeFolder(folder);
  const there = new Set(await files.list(folder));
  const isContinued = there.size > 0;
  try {
    await fetchMissing(manifest, options, there);
    return await assemble(manifest, options);
  } catch (error) {
    // Chunks of an earlier life may have been spoilt on disk, which is not the release's fault: once more, all of it.
    if (!isContinued || !(error instanceof ReleaseError)) throw error;
    await files.remove(folder);
    await files.makeFolder(folder);
    await fetchMissing(manifest, options, new Set());
    return assemble(manifest, options);
  }
}

export async function removeDownload(files: Files, folder: string, id: string): Promise<void> {
  await files.remove(incomingFolder(folder, id));
}

/** What is left of downloads that nobody wants any more. */
export async function removeDownloadsBut(files: Files, folder: string, id: string | null): Promise<void> {
  for (const name of await files.list(folder)) {
    const isOther = name.startsWith(incomingPrefix) && name !== `${incomingPrefix}${id}`;
    if (isOther) await files.remove(path.join(folder, name));
  }
}

async function fetchMissing(
  { id, length, chunks }: ReleaseManifest,
  { files, folder, fetch }: DownloadOptions,
  there: ReadonlySet<string>,
): Promise<void> {
  for (let n = 0; n < chunks; n++) {
    if (there.has(chunkName(n))) continue;
    const chunk = await fetch(releaseTopics.chunk(id, n));
    const expected = Math.min(chunkBytes, length - n * chunkBytes);
    if (chunk.length !== expected) {
      const words = `chunk ${n} of ${id}: expected ${expected} bytes, got ${chunk.length}`;
      throw new ReleaseError('wrong-length', words);
    }
    const file = path.join(incomingFolder(folder, id), chunkName(n));
    // Under its own name it is whole.
    await files.write(`${file}.part`, chunk);
    await files.rename(`${file}.part`, file);
  }
}

async function assemble(manifest: ReleaseManifest, { files, folder }: DownloadOptions): Promise<Buffer> {
  const artefact = Buffer.alloc(manifest.length);
  for (let n = 0; n < manifest.chunks; n++) {
    const chunk = await files.read(path.join(incomingFolder(folder, manifest.id), chunkName(n)));
    chunk?.copy(artefact, n * chunkBytes);
  }
  assertArtefact(manifest, artefact);
  return artefact;
}

function incomingFolder(folder: string, id: string): string {
  return path.join(folder, `${incomingPrefix}${id}`);
}

function chunkName(n: number): string {
  return `chunk-${n}`;
}
