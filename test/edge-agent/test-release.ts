import { generateKeyPairSync, type KeyObject } from 'node:crypto';
import { writeFile } from 'node:fs/promises';
import path from 'node:path';
import type { TestContext } from 'node:test';
import { edgeTopics, releaseTopics } from '#contract/mqtt-topics.ts';
import { chunksOf, encodeDesired, encodeSigned, keyIdOf, type GoldenVector } from '#contract/release.ts';
import { encodeArtefact } from '#model/artefact.ts';
import { createScorer } from '#model/detector.ts';
import { sampleManifest } from '../contract/releases.ts';
import type { TestBridge } from './bridge-stand-in.ts';
import { tempFolder } from './rig.ts';
import { calmBatch, hotBatch, manyReadings, testArtefact } from './test-artefact.ts';

/** Who signs in tests. */
export interface Signer {
  privateKey: KeyObject;
  /** For the edge's configuration. */
  publicKeyFile: string;
}

export async function testSigner(t: TestContext): Promise<Signer> {
  const { privateKey, publicKey } = generateKeyPairSync('ed25519');
  const publicKeyFile = path.join(await tempFolder(t), 'release.pem');
  await writeFile(publicKeyFile, publicKey.export({ type: 'spki', format: 'pem' }));
  return { privateKey, publicKeyFile };
}

/** Publishes the test artefact as a release of its own, and desires it. @returns the release's id */
export async function release(
  bridge: TestBridge,
  { privateKey }: Signer,
  counter: number,
  edge = 'edge-1',
): Promise<string> {
  const artefact = testArtefact();
  const bytes = encodeArtefact(artefact);
  const { detector, featureSchema, normalisation, thresholds } = artefact;
  const manifest = sampleManifest(bytes, {
    counter,
    detector,
    featureSchema,
    normalisation: { mean: [...normalisation.mean], scale: [...normalisation.scale] },
    thresholds,
    golden: [golden()],
    expires: Date.now() + 3_600_000,
    keyId: keyIdOf(privateKey),
  });
  const { id } = manifest;
  for (const [n, chunk] of chunksOf(bytes).entries()) await bridge.retain(releaseTopics.chunk(id, n), chunk);
  await bridge.retain(releaseTopics.manifest(id), encodeSigned(manifest, privateKey));
  await bridge.retain(edgeTopics.desired(edge), encodeDesired({ release: id }));
  return id;
}

/** What the edge must find at its self-test. */
function golden(): GoldenVector {
  const batches = [calmBatch('SELFTEST', 1, manyReadings), hotBatch('SELFTEST', 2, manyReadings)];
  const scores = createScorer(testArtefact()).score(batches.map((batch) => ({ slot: 0, batch })));
  return {
    batches: batches.map(({ simTime, intervalMs, columns }) => ({
      simTime,
      intervalMs,
      columns: columns.map((column) => [...column]),
    })),
    scores: scores.flatMap((one) => [...one.scores]),
  };
}
