import { readdir, stat } from 'node:fs/promises';
import path from 'node:path';
import { inWords, UserError } from '#runtime/errors.ts';

const endings = ['.csv', '.tsv', '.txt'];

export interface DriveFile {
  path: string;
  /** Below the folder that was given, with / between folders: what it is called where it is told. */
  name: string;
}

/**
 * The file itself, or every CSV below a folder, by name: 2 before 10.
 * @throws UserError when there is no such place, or no CSV
 */
export async function driveFiles(place: string): Promise<{ files: DriveFile[]; others: number }> {
  try {
    if (!(await stat(place)).isDirectory())
      return { files: [{ path: place, name: path.basename(place) }], others: 0 };
    const entries = await readdir(place, { recursive: true, withFileTypes: true });
    const files = entries.filter((entry) => entry.isFile() || entry.isSymbolicLink());
    const found = files.filter(({ name }) => endings.includes(path.extname(name).toLowerCase()));
    if (found.length === 0) {
      const others = files.length === 1 ? '1 file of another kind' : `${files.length} files of other kinds`;
      const got = files.length === 0 ? 'an empty one' : others;
      throw new UserError('config', `${place}: expected a folder with ${endings.join(', ')}, got ${got}`);
    }
    const named = found.map((entry): DriveFile => {
      const file = path.join(entry.parentPath, entry.name);
      return { path: file, name: path.relative(place, file).split(path.sep).join('/') };
    });
    const order = new Intl.Collator('en', { numeric: true });
    // Names that a language takes for the same still have an order.
    named.sort((a, b) => order.compare(a.name, b.name) || (a.name < b.name ? -1 : 1));
    return { files: named, others: files.length - found.length };
  } catch (error) {
    if (error instanceof UserError) throw error;
    throw new UserError('config', `recorded drives: ${inWords(error)}`, { cause: error });
  }
}
