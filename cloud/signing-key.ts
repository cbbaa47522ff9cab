import { createPrivateKey, type KeyObject } from 'node:crypto';
import { readFileSync, statSync } from 'node:fs';
import { UserError, inWords } from '#runtime/errors.ts';
import { releaseKeys } from './keys.ts';

/**
 * What releases are signed with: of a folder its release keys (made at first use), of a file the key in it.
 * @throws UserError when there is no private Ed25519 key to be had
 */
export function signingKey(folderOrFile: string): KeyObject {
  if (!statSync(folderOrFile, { throwIfNoEntry: false })?.isFile()) {
    return releaseKeys(folderOrFile).privateKey;
  }
  try {
    const key = createPrivateKey(readFileSync(folderOrFile));
    if (key.asymmetricKeyType === 'ed25519') return key;
    throw new Error(`expected an Ed25519 key, got ${key.asymmetricKeyType ?? 'another'}`);
  } catch (error) {
    throw new UserError('config', `signingKey ${folderOrFile}: ${inWords(error)}`, { cause: error });
  }
}
