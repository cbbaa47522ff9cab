import {
  createPrivateKey,
  createPublicKey,
  generateKeyPairSync,
  randomBytes,
  type KeyObject,
} from 'node:crypto';
import {
  closeSync,
  fsyncSync,
  linkSync,
  mkdirSync,
  openSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import path from 'node:path';
import { keyIdOf } from '#contract/release.ts';
import { inWords, UserError } from '#runtime/errors.ts';

/** What releases are signed with (Ed25519), and what edges are given to check them. */
export interface ReleaseKeys {
  privateKey: KeyObject;
  publicKey: KeyObject;
  keyId: string;
  /** PEM, for edges' model.publicKey. */
  publicKeyFile: string;
}

const names = { private: 'release-key.pem', public: 'release-key.pub.pem' };

/**
 * The keys that lie in the folder; made at first use. Processes that start at once get the same.
 * @throws UserError when a file cannot be read or written, or is not what its name says
 */
export function releaseKeys(folder: string): ReleaseKeys {
  const privateKeyFile = path.join(folder, names.private);
  const publicKeyFile = path.join(folder, names.public);
  const privateKey = privateKeyOf(privateKeyFile, readOrMake(privateKeyFile, 0o600, newPrivateKey));
  const publicKey = createPublicKey(privateKey);
  const pem = publicKey.export({ type: 'spki', format: 'pem' }).toString();
  // As text: read as a key, a private one would pass for its public half, and be given to edges.
  if (readOrMake(publicKeyFile, 0o644, () => pem).trim() !== pem.trim()) {
    const words = `${publicKeyFile} is not the public key of ${privateKeyFile}: remove it, and it is made anew`;
    throw new UserError('config', words);
  }
  return { privateKey, publicKey, keyId: keyIdOf(publicKey), publicKeyFile };
}

function newPrivateKey(): string {
  return generateKeyPairSync('ed25519').privateKey.export({ type: 'pkcs8', format: 'pem' }).toString();
}

/** Who comes second reads what the first has written, whole: a file gets its name when its content is there. */
function readOrMake(file: string, mode: number, make: () => string): string {
  try {
    return read(file) ?? made(file, mode, make());
  } catch (error) {
    throw new UserError('config', `release key ${file}: ${inWords(error)}`, { cause: error });
  }
}

function read(file: string): string | undefined {
  try {
    return readFileSync(file, 'utf8');
  } catch (error) {
    if (codeOf(error) === 'ENOENT') return undefined;
    throw error;
  }
}

function made(file: string, mode: number, content: string): string {
  mkdirSync(path.dirname(file), { recursive: true, mode: 0o700 });
  const temporary = `${file}.${randomBytes(6).toString('hex')}`;
  try {
    const handle = openSync(temporary, 'wx', mode);
    try {
      writeFileSync(handle, content);
      fsyncSync(handle);
    } finally {
      closeSync(handle);
    }
    // A rename would overwrite.
    linkSync(temporary, file);
    return content;
  } catch (error) {
    if (codeOf(error) === 'EEXIST') return readFileSync(file, 'utf8');
    throw error;
  } finally {
    rmSync(temporary, { force: true });
  }
}

function privateKeyOf(file: string, pem: string): KeyObject {
  let key: KeyObject;
  try {
    key = createPrivateKey(pem);
  } catch (error) {
    throw new UserError('config', `${file} is no private key in PEM: ${inWords(error)}`, { cause: error });
  }
  if (key.asymmetricKeyType !== 'ed25519') {
    throw new UserError(
      'config',
      `${file}: expected an Ed25519 key, got ${key.asymmetricKeyType ?? 'another'}`,
    );
  }
  return key;
}

function codeOf(error: unknown): string | undefined {
  return error instanceof Error && 'code' in error ? String(error.code) : undefined;
}
