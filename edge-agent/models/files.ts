import { mkdir, open, readdir, readFile, rename, rm } from 'node:fs/promises';

/** What model slots and downloads need of a file system. Each resolves when it is done, and throws the system's errors. */
export interface Files {
  /** null: there is no such file. */
  read: (file: string) => Promise<Buffer | null>;
  /** Names in a folder; none where there is no folder. */
  list: (folder: string) => Promise<string[]>;
  /** With those above it; it may be there already. */
  makeFolder: (folder: string) => Promise<void>;
  /** Made anew, and through fsync: the bytes are durable, the file's name only with its folder. */
  write: (file: string, bytes: Buffer) => Promise<void>;
  /** Replaces `to` in one step. */
  rename: (from: string, to: string) => Promise<void>;
  /** Makes durable which names are in it. */
  syncFolder: (folder: string) => Promise<void>;
  /** A file or a folder with all that is in it; it may be gone already. */
  remove: (path: string) => Promise<void>;
}

export const systemFiles: Files = {
  read: async (file) => orIfAbsent(readFile(file), null),
  list: async (folder) => orIfAbsent(readdir(folder), []),
  makeFolder: async (folder) => {
    await mkdir(folder, { recursive: true });
  },
  write: async (file, bytes) => {
    await using handle = await open(file, 'w');
    await handle.writeFile(bytes);
    await handle.sync();
  },
  rename,
  syncFolder: async (folder) => {
    await using handle = await open(folder, 'r');
    await handle.sync();
  },
  remove: async (path) => rm(path, { recursive: true, force: true }),
};

async function orIfAbsent<T, U>(result: Promise<T>, absent: U): Promise<T | U> {
  try {
    return await result;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return absent;
    throw error;
  }
}
