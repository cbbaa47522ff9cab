import { createHash } from 'node:crypto';
import { existsSync } from 'node:fs';
import { mkdir, mkdtemp, rename, rm } from 'node:fs/promises';
import { homedir } from 'node:os';
import path from 'node:path';

/**
 * What takes minutes to make and stays the same is made once, in `$XDG_CACHE_HOME/fleetbed/{name}-{recipe}`. Another recipe
 * is another folder; a folder that is there is whole, for it was made elsewhere and renamed.
 */
export async function cached(
  name: string,
  recipe: string,
  make: (folder: string) => Promise<void>,
): Promise<string> {
  const caches = path.join(process.env['XDG_CACHE_HOME'] ?? path.join(homedir(), '.cache'), 'fleetbed');
  const hash = createHash('sha256').update(recipe).digest('hex').slice(0, 8);
  const folder = path.join(caches, `${name}-${hash}`);
  if (existsSync(folder)) return folder;
  await mkdir(caches, { recursive: true });
  const making = await mkdtemp(path.join(caches, `.making-${name}-`));
  try {
    await make(making);
    await rename(making, folder);
  } catch (error) {
    await rm(making, { recursive: true, force: true });
    // Somebody else was faster.
    if (!existsSync(folder)) throw error;
  }
  return folder;
}
