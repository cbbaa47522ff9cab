import { createHash, generateKeyPairSync, randomBytes, type KeyObject } from 'node:crypto';
import { chunkBytes, encodeSigned, keyIdOf, releaseId, type ReleaseManifest } from '#contract/release.ts';
import { signalCount } from '#contract/signals.ts';

/** A release as a trainer would make it, of bytes that mean nothing. */
export function sampleManifest(artefact: Buffer, changes: Partial<ReleaseManifest> = {}): ReleaseManifest {
  const sha256 = createHash('sha256').update(artefact).digest('hex');
  const counter = changes.counter ?? 7;
  return {
    id: releaseId(counter, sha256),
    run: 'run1',
    counter,
    detector: 'virtual-sensors',
    sha256,
    length: artefact.length,
    chunks: Math.ceil(artefact.length / chunkBytes),
    featureSchema: 'feature-schema-1',
    normalisation: { mean: [0.5, -3], scale: [1, 20] },
    thresholds: { 'coolantTemperature.raise': 8.5, 'coolantTemperature.clear': 4 },
    golden: [
      {
        batches: [{ simTime: 1_600_000_000_000, intervalMs: 2000, columns: sampleColumns() }],
        scores: [0, 0.25],
      },
    ],
    training: {
      since: 1_700_000_000_000,
      offsets: [{ partition: 0, from: '0', to: '1200' }],
      readings: 120_000,
      vehicles: 500,
      seed: 42,
    },
    created: 1_700_000_100_000,
    expires: 1_700_100_000_000,
    keyId: '0000000000000000',
    ...changes,
  };
}

/** Two readings, and a signal that the car lacks. */
function sampleColumns(): number[][] {
  return Array.from({ length: signalCount }, (_, signal) =>
    signal === 3 ? [Number.NaN, Number.NaN] : [signal, signal + 0.5],
  );
}

export interface SampleRelease {
  artefact: Buffer;
  manifest: ReleaseManifest;
  /** The manifest, signed. */
  bytes: Buffer;
  publicKey: KeyObject;
}

const keys = generateKeyPairSync('ed25519');

/** A signed release; all of one process have the same key. */
export function sampleRelease(
  changes: Partial<ReleaseManifest> = {},
  artefact: Buffer = randomBytes(3000),
): SampleRelease {
  const { privateKey, publicKey } = keys;
  const manifest = sampleManifest(artefact, { keyId: keyIdOf(publicKey), ...changes });
  return { artefact, manifest, bytes: encodeSigned(manifest, privateKey), publicKey };
}
