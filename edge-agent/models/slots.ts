import path from 'node:path';
import type { Files } from './files.ts';

export const slotNames = ['a', 'b'] as const;
export type SlotName = (typeof slotNames)[number];

/** A release as it came: the signed manifest's bytes and the artefact's. */
export interface StoredRelease {
  signed: Buffer;
  artefact: Buffer;
}

const activeFile = 'active';

/**
 * Two releases on disk, slot-a and slot-b, and a file `active` that names the one to run. A new one goes whole into the
 * slot that is not run, and only then `active` is replaced, in one step: whenever the power goes, one of the two is
 * whole and named.
 */
export class Slots {
  readonly #files: Files;
  readonly #folder: string;

  constructor(files: Files, folder: string) {
    this.#files = files;
    this.#folder = folder;
  }

  /** In the order in which they are to be tried. None: no release was ever activated. */
  async candidates(): Promise<SlotName[]> {
    // Where it cannot be read or names neither slot, either may be the one.
    const named = await this.#files.read(path.join(this.#folder, activeFile)).catch(() => Buffer.alloc(0));
    if (named === null) return [];
    const active = named.toString().trim();
    return slotNames.toSorted((one, other) => Number(other === active) - Number(one === active));
  }

  /** A missing file is read as one of no bytes, which is no release either. */
  async read(slot: SlotName): Promise<StoredRelease> {
    const [signed, artefact] = await Promise.all([
      this.#files.read(path.join(this.#path(slot), 'manifest')),
      this.#files.read(path.join(this.#path(slot), 'artefact')),
    ]);
    return { signed: signed ?? Buffer.alloc(0), artefact: artefact ?? Buffer.alloc(0) };
  }

  /** Durable when it resolves. What was in the slot is gone from the first moment on. */
  async replace(slot: SlotName, release: StoredRelease): Promise<void> {
    const folder = this.#path(slot);
    await this.#files.remove(folder);
    await this.#files.makeFolder(folder);
    await this.#files.write(path.join(folder, 'artefact'), release.artefact);
    await this.#files.write(path.join(folder, 'manifest'), release.signed);
    await this.#files.syncFolder(folder);
    await this.#files.syncFolder(this.#folder);
  }

  /** From now on, and after every restart, this slot is the one to run. */
  async activate(slot: SlotName): Promise<void> {
    const next = path.join(this.#folder, `${activeFile}.new`);
    await this.#files.write(next, Buffer.from(`${slot}\n`));
    await this.#files.rename(next, path.join(this.#folder, activeFile));
    await this.#files.syncFolder(this.#folder);
  }

  #path(slot: SlotName): string {
    return path.join(this.#folder, `slot-${slot}`);
  }
}
