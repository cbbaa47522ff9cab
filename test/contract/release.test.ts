import assert from 'node:assert/strict';
import { createHash, generateKeyPairSync, randomBytes, sign } from 'node:crypto';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import {
  assertArtefact,
  chunkBytes,
  chunksOf,
  decodeSigned,
  encodeSigned,
  keyIdOf,
  maxSignedBytes,
  ReleaseError,
  releaseId,
  verifySigned,
  type ReleaseRefusal,
} from '#contract/release.ts';
import { sampleManifest, sampleRelease } from './releases.ts';

const accepted = { atMs: 1_700_000_200_000, counterAbove: 6, featureSchema: 'feature-schema-1' };

function refuses(act: () => unknown, code: ReleaseRefusal, words: RegExp = /./): void {
  assert.throws(act, (error: unknown) => {
    assert.ok(error instanceof ReleaseError, String(error));
    assert.equal(error.code, code, error.message);
    assert.match(error.message, words);
    return true;
  });
}

describe('a signed manifest', () => {
  it('says what was signed, absent signals as NaN', () => {
    const { manifest, bytes, publicKey } = sampleRelease();
    const read = verifySigned(bytes, publicKey, accepted);
    assert.deepEqual(read, manifest);
    assert.ok(Number.isNaN(read.golden[0]?.batches[0]?.columns[3]?.[1]));
    assert.deepEqual(decodeSigned(bytes), manifest);
  });

  it('has one form: the same manifest gives the same bytes, whatever the order of its fields', () => {
    const { privateKey } = generateKeyPairSync('ed25519');
    const manifest = sampleManifest(Buffer.from('artefact'), { keyId: keyIdOf(privateKey) });
    const turned = Object.fromEntries(Object.entries(manifest).reverse()) as unknown as typeof manifest;
    assert.ok(encodeSigned(manifest, privateKey).equals(encodeSigned(turned, privateKey)));
  });

  it('is refused with any byte flipped', () => {
    const { bytes, publicKey } = sampleRelease();
    const codes = new Set<string>();
    for (let at = 0; at < bytes.length; at++) {
      for (const flip of [0x01, 0x20, 0x80, 1 + (at % 255)]) {
        const changed = Buffer.from(bytes);
        changed.writeUInt8(bytes.readUInt8(at) ^ flip, at);
        codes.add(refusalOf(() => verifySigned(changed, publicKey, accepted)));
      }
    }
    assert.deepEqual([...codes].sort(), ['bad-manifest', 'bad-signature', 'wrong-key']);
  });

  it('is refused when it was cut, lengthened, or is something else', () => {
    const { bytes, publicKey } = sampleRelease();
    const refused = (given: Buffer): void =>
      refuses(() => verifySigned(given, publicKey, accepted), 'bad-manifest');
    for (let length = 0; length < bytes.length; length += 7) refused(bytes.subarray(0, length));
    refused(Buffer.concat([bytes, Buffer.from(' ')]));
    refused(Buffer.concat([Buffer.from('\ufeff'), bytes]));
    for (const text of ['', 'null', '[]', '7', '{}', '{"manifest":{},"signature":"AA=="}']) {
      refused(Buffer.from(text));
    }
    fc.assert(fc.property(fc.uint8Array({ maxLength: 200 }), (any) => refused(Buffer.from(any))));
    fc.assert(fc.property(fc.json(), (json) => refused(Buffer.from(json))));
  });

  it('is refused in another writing of the same words', () => {
    const { bytes, publicKey } = sampleRelease();
    const { manifest, signature } = JSON.parse(bytes.toString()) as Record<string, string>;
    for (const other of [
      JSON.stringify({ manifest, signature }, null, 1),
      JSON.stringify({ signature, manifest }),
      JSON.stringify({ manifest, signature, more: 1 }),
      JSON.stringify({ manifest, signature: signature?.replaceAll('=', '') }),
    ]) {
      refuses(() => verifySigned(Buffer.from(other), publicKey, accepted), 'bad-manifest');
    }
  });

  it('is refused under another key, and when it only names the right one', () => {
    const { bytes, publicKey } = sampleRelease();
    const other = generateKeyPairSync('ed25519');
    refuses(() => verifySigned(bytes, other.publicKey, accepted), 'wrong-key', /expected [0-9a-f]{16}/);
    const { manifest } = JSON.parse(bytes.toString()) as { manifest: string };
    const signature = sign(null, Buffer.from(manifest), other.privateKey).toString('base64');
    const forged = Buffer.from(JSON.stringify({ manifest, signature }));
    refuses(() => verifySigned(forged, publicKey, accepted), 'bad-signature');
  });

  it('is refused when it expired, is no newer than another, or has other features: in this order', () => {
    const { bytes, publicKey, manifest } = sampleRelease();
    const other = { ...accepted, featureSchema: 'feature-schema-2' };
    const notNewer = { ...other, counterAbove: manifest.counter };
    const late = { ...notNewer, atMs: manifest.expires };
    refuses(() => verifySigned(bytes, publicKey, late), 'expired', /expired at 2023/);
    refuses(() => verifySigned(bytes, publicKey, notNewer), 'old-counter', /above 7/);
    refuses(() => verifySigned(bytes, publicKey, other), 'wrong-feature-schema', /feature-schema-2/);
    assert.equal(verifySigned(bytes, publicKey, { ...accepted, atMs: late.atMs - 1 }).id, manifest.id);
  });

  it('is not signed where an edge would refuse it', () => {
    const keys = generateKeyPairSync('ed25519');
    const manifest = sampleManifest(randomBytes(10), { keyId: keyIdOf(keys.publicKey) });
    refuses(() => encodeSigned({ ...manifest, keyId: '0123456789abcdef' }, keys.privateKey), 'wrong-key');
    const rsa = generateKeyPairSync('rsa', { modulusLength: 2048 });
    refuses(() => encodeSigned({ ...manifest, keyId: keyIdOf(rsa.publicKey) }, rsa.privateKey), 'wrong-key');
    refuses(() => encodeSigned({ ...manifest, length: 0 }, keys.privateKey), 'bad-manifest');
    const [golden] = manifest.golden;
    assert.ok(golden);
    const batches = Array.from({ length: 3000 }, () => golden.batches[0] ?? assert.fail());
    const long = { batches, scores: Array.from({ length: 6000 }, () => 0) };
    refuses(
      () => encodeSigned({ ...manifest, golden: [long] }, keys.privateKey),
      'bad-manifest',
      /more than 524288/,
    );
  });

  it('is not even parsed when it is too long', () => {
    const text = Buffer.alloc(maxSignedBytes + 1, '[');
    refuses(() => decodeSigned(text), 'bad-manifest', /more than 524288$/);
  });
});

describe('key ids', () => {
  it('are the start of the SHA-256 of the public key, of whichever half', () => {
    const { publicKey, privateKey } = generateKeyPairSync('ed25519');
    const der = publicKey.export({ type: 'spki', format: 'der' });
    assert.equal(keyIdOf(publicKey), createHash('sha256').update(der).digest('hex').slice(0, 16));
    assert.equal(keyIdOf(privateKey), keyIdOf(publicKey));
  });
});

describe('artefacts', () => {
  it('go into chunks and come out of them', () => {
    for (const length of [1, chunkBytes - 1, chunkBytes, chunkBytes + 1, 3 * chunkBytes]) {
      const artefact = randomBytes(length);
      const chunks = chunksOf(artefact);
      assert.equal(chunks.length, sampleManifest(artefact).chunks);
      assert.ok(chunks.slice(0, -1).every((chunk) => chunk.length === chunkBytes));
      assertArtefact(sampleManifest(artefact), Buffer.concat(chunks));
    }
  });

  it('are refused by length before by hash', () => {
    const artefact = randomBytes(1000);
    const manifest = sampleManifest(artefact);
    refuses(
      () => assertArtefact(manifest, artefact.subarray(1)),
      'wrong-length',
      /expected 1000 bytes, got 999/,
    );
    const changed = Buffer.from(artefact);
    changed.writeUInt8(artefact.readUInt8(500) ^ 1, 500);
    refuses(() => assertArtefact(manifest, changed), 'bad-hash');
    assert.equal(manifest.id, releaseId(7, manifest.sha256));
  });
});

function refusalOf(act: () => unknown): string {
  try {
    act();
  } catch (error) {
    if (error instanceof ReleaseError) return error.code;
    throw error;
  }
  return 'accepted';
}
