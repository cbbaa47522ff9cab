import os from 'node:os';
import path from 'node:path';
import { releaseKeys } from '#cloud/keys.ts';
import type { KeyFiles } from './plan.ts';

/** Where this user's keys are: outside every project and every run, made at first use. */
export function keyFiles(): KeyFiles {
  const config = process.env['XDG_CONFIG_HOME'] || path.join(os.homedir(), '.config');
  const folder = path.join(config, 'fleetbed');
  const { publicKeyFile } = releaseKeys(folder);
  return { folder, publicKeyFile };
}
