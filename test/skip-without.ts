import { existsSync } from 'node:fs';
import path from 'node:path';

/** Debian keeps servers in /usr/sbin, which is not on every user's path. */
const folders = [...(process.env['PATH'] ?? '').split(path.delimiter), '/usr/sbin', '/usr/local/sbin'];

/**
 * Why a test is left out on a machine without this program; false where it is there. A machine that must prove it (CI)
 * may leave nothing out: there the test fails.
 */
export function skipWithout(program: string): string | false {
  const isThere = folders.some((folder) => existsSync(path.resolve(folder, program)));
  return isThere || process.env['CI'] === 'true' ? false : `${program} is not installed`;
}
