import { readdir, stat } from 'node:fs/promises';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { inWords, UserError } from '#runtime/errors.ts';

/** The scenarios that ship with fleetbed. */
export const shippedFolder = fileURLToPath(new URL('../../scenarios/', import.meta.url));

/** Every scenario of a folder (.yaml, .yml), or the file itself; sorted. @throws UserError when there is no such place */
export async function scenarioFiles(place: string): Promise<string[]> {
  try {
    if (!(await stat(place)).isDirectory()) return [place];
    const names = await readdir(place);
    return names
      .filter((name) => /\.ya?ml$/.test(name))
      .sort()
      .map((name) => path.join(place, name));
  } catch (error) {
    throw new UserError('config', inWords(error), { cause: error });
  }
}

/** A path as a user of the current folder would type it. */
export function shownPath(file: string): string {
  const relative = path.relative(process.cwd(), file);
  return relative.startsWith('..') ? file : relative;
}
