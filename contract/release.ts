import { createHash, createPublicKey, sign, verify, type KeyObject } from 'node:crypto';
import { checkManifest, chunkBytes, type ReleaseManifest } from './release-manifest.ts';
import { ReleaseError } from './release-refusals.ts';

/**
 * A release: an artefact in chunks, and a signed manifest that says what its bytes are. Where it comes from and how it
 * travelled does not matter: an edge believes the signature, and after it the hash.
 */
export * from './release-keys.ts';
export * from './release-manifest.ts';
export * from './release-refusals.ts';

/** Of a signed manifest: it is one record of Kafka and one MQTT packet. */
export const maxSignedBytes = 512 * 1024;

/** First 16 hex digits of the SHA-256 of the public key (SPKI, DER). Takes the private key as well. */
export function keyIdOf(key: KeyObject): string {
  const publicKey = key.type === 'private' ? createPublicKey(key) : key;
  const der = publicKey.export({ type: 'spki', format: 'der' });
  return createHash('sha256').update(der).digest('hex').slice(0, 16);
}

/**
 * JSON {manifest, signature}: the manifest as text, so that what is signed is what is read, and Ed25519 over that text's
 * UTF-8 bytes, base64. The same manifest and key give the same bytes.
 * @throws ReleaseError 'bad-manifest' or 'wrong-key' where an edge would refuse it
 */
export function encodeSigned(manifest: ReleaseManifest, privateKey: KeyObject): Buffer {
  const text = JSON.stringify(checkManifest(manifest));
  if (privateKey.asymmetricKeyType !== 'ed25519' || manifest.keyId !== keyIdOf(privateKey)) {
    throw new ReleaseError(
      'wrong-key',
      `the manifest names key ${manifest.keyId}, which is not the one it is signed with`,
    );
  }
  const bytes = envelope(text, sign(null, Buffer.from(text), privateKey));
  if (bytes.length > maxSignedBytes) {
    throw new ReleaseError(
      'bad-manifest',
      `the manifest takes ${bytes.length} bytes, more than ${maxSignedBytes}`,
    );
  }
  return bytes;
}

/**
 * The manifest without a check of who signed it: to look at.
 * @throws ReleaseError 'bad-manifest'
 */
export function decodeSigned(bytes: Buffer): ReleaseManifest {
  return open(bytes).manifest;
}

/** What a manifest must be besides well signed: not expired, newer than what was accepted before, of these features. */
export interface Acceptance {
  /** ms since 1970. */
  atMs: number;
  counterAbove: number;
  featureSchema: string;
}

/**
 * The manifest, if it may be run here and now.
 * @throws ReleaseError with the first of bad-manifest, wrong-key, bad-signature, expired, old-counter, wrong-feature-schema
 */
export function verifySigned(bytes: Buffer, publicKey: KeyObject, now: Acceptance): ReleaseManifest {
  const { manifest, text, signature } = open(bytes);
  const keyId = keyIdOf(publicKey);
  if (publicKey.asymmetricKeyType !== 'ed25519' || manifest.keyId !== keyId) {
    throw new ReleaseError('wrong-key', `signed with key ${manifest.keyId}, expected ${keyId}`);
  }
  if (!verify(null, Buffer.from(text), publicKey, signature)) {
    throw new ReleaseError('bad-signature', `the signature of ${manifest.id} is not of this manifest`);
  }
  if (manifest.expires <= now.atMs) {
    throw new ReleaseError(
      'expired',
      `${manifest.id} expired at ${new Date(manifest.expires).toISOString()}`,
    );
  }
  if (manifest.counter <= now.counterAbove) {
    throw new ReleaseError('old-counter', `${manifest.id}: expected a counter above ${now.counterAbove}`);
  }
  if (manifest.featureSchema !== now.featureSchema) {
    const words = `${manifest.id} is made for features ${manifest.featureSchema}, here they are ${now.featureSchema}`;
    throw new ReleaseError('wrong-feature-schema', words);
  }
  return manifest;
}

/** The artefact in parts of chunkBytes: views, not copies. */
export function chunksOf(artefact: Buffer): Buffer[] {
  const count = Math.ceil(artefact.length / chunkBytes);
  return Array.from({ length: count }, (_, n) => artefact.subarray(n * chunkBytes, (n + 1) * chunkBytes));
}

/**
 * Are these the bytes that the manifest speaks of?
 * @throws ReleaseError 'wrong-length' or 'bad-hash'
 */
export function assertArtefact(
  manifest: Pick<ReleaseManifest, 'id' | 'length' | 'sha256'>,
  bytes: Buffer,
): void {
  const { id, length, sha256 } = manifest;
  if (bytes.length !== length) {
    throw new ReleaseError('wrong-length', `${id}: expected ${length} bytes, got ${bytes.length}`);
  }
  const got = createHash('sha256').update(bytes).digest('hex');
  if (got !== sha256) throw new ReleaseError('bad-hash', `${id}: expected SHA-256 ${sha256}, got ${got}`);
}

const signatureBytes = 64;

interface Opened {
  manifest: ReleaseManifest;
  /** What was signed. */
  text: string;
  signature: Buffer;
}

function open(bytes: Buffer): Opened {
  if (bytes.length > maxSignedBytes) {
    throw new ReleaseError('bad-manifest', `${bytes.length} bytes, more than ${maxSignedBytes}`);
  }
  const outer = parse(bytes.toString(), 'the release');
  const { manifest: text, signature: base64 } = Object(outer) as { manifest?: unknown; signature?: unknown };
  if (typeof text !== 'string' || typeof base64 !== 'string') {
    throw new ReleaseError('bad-manifest', 'the release is not a signed manifest');
  }
  const signature = Buffer.from(base64, 'base64');
  // One form only: JSON and base64 have many for the same words, and a changed byte is a changed byte.
  if (signature.length !== signatureBytes || !envelope(text, signature).equals(bytes)) {
    throw new ReleaseError('bad-manifest', 'the release is not written as a signed manifest is');
  }
  return { manifest: checkManifest(parse(text, 'the manifest')), text, signature };
}

function envelope(manifest: string, signature: Buffer): Buffer {
  return Buffer.from(JSON.stringify({ manifest, signature: signature.toString('base64') }));
}

function parse(text: string, what: string): unknown {
  try {
    return JSON.parse(text) as unknown;
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error);
    throw new ReleaseError('bad-manifest', `${what} is no JSON: ${why}`);
  }
}
