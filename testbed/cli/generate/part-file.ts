import { open, rename, rm, stat, type FileHandle } from 'node:fs/promises';
import { inWords, UserError } from '#runtime/errors.ts';

/** A file that has its name only when it is complete: until then it is NAME.part. */
export class PartFile {
  readonly file: string;
  readonly #handle: FileHandle;
  bytes = 0;

  private constructor(file: string, handle: FileHandle) {
    this.file = file;
    this.#handle = handle;
  }

  /**
   * @param force overwrites what is there
   * @throws UserError when the file, or another's part of it, is there, or none can be made
   */
  static async create(file: string, force: boolean): Promise<PartFile> {
    if (!force && (await isThere(file))) {
      throw new UserError(
        'config',
        `${file} is there already: name another folder, or give --force to overwrite it`,
      );
    }
    try {
      return new PartFile(file, await open(`${file}.part`, force ? 'w' : 'wx'));
    } catch (error) {
      if (codeOf(error) !== 'EEXIST') throw refused(file, error);
      const whose = 'another generate is writing it, or one was killed';
      throw new UserError('config', `${file}.part is there already: ${whose}. Give --force to overwrite it`);
    }
  }

  async write(bytes: Uint8Array): Promise<void> {
    try {
      await this.#handle.writeFile(bytes);
      this.bytes += bytes.length;
    } catch (error) {
      throw refused(this.file, error);
    }
  }

  /** On the disk, under its name. */
  async complete(): Promise<void> {
    try {
      await this.#handle.sync();
      await this.#handle.close();
      await rename(`${this.file}.part`, this.file);
    } catch (error) {
      throw refused(this.file, error);
    }
  }

  async remove(): Promise<void> {
    await this.#handle.close().catch(() => undefined);
    await rm(`${this.file}.part`, { force: true });
  }
}

async function isThere(file: string): Promise<boolean> {
  try {
    await stat(file);
    return true;
  } catch (error) {
    if (codeOf(error) === 'ENOENT') return false;
    throw refused(file, error);
  }
}

function refused(file: string, error: unknown): UserError {
  return new UserError('component', `${file} cannot be written: ${inWords(error)}`, { cause: error });
}

function codeOf(error: unknown): string | undefined {
  return error instanceof Error && 'code' in error ? String(error.code) : undefined;
}
