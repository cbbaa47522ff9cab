import { systemFiles, type Files } from '#edge-agent/models/files.ts';

/** Calls `at` before every step that changes something on disk, and in the middle of every file that is written. */
export function stepping(at: () => void): Files {
  const before =
    <A extends unknown[]>(act: (...args: A) => Promise<void>) =>
    async (...args: A): Promise<void> => {
      at();
      return act(...args);
    };
  return {
    ...systemFiles,
    makeFolder: before(systemFiles.makeFolder),
    write: before(async (file, bytes) => {
      await systemFiles.write(file, bytes.subarray(0, bytes.length / 2));
      at();
      return systemFiles.write(file, bytes);
    }),
    rename: before(systemFiles.rename),
    syncFolder: before(systemFiles.syncFolder),
    remove: before(systemFiles.remove),
  };
}
