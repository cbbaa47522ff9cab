import { setImmediate as turn } from 'node:timers/promises';
import { ReleaseError, type GoldenVector, type ReleaseManifest } from '#contract/release.ts';
import type { TelemetryBatch } from '#contract/telemetry.ts';
import { decodeArtefact, type Artefact } from '#model/artefact.ts';
import { createScorer, type Scorer } from '#model/detector.ts';

/** Of each score; of the score itself where it is above 1, as far as float32 goes. */
const tolerance = 1e-5;

/**
 * The artefact, if it is what the manifest says and scores here as it did in the cloud.
 * @throws ReleaseError 'bad-artefact', 'wrong-feature-schema' or 'self-test-failed'
 */
export async function openArtefact(manifest: ReleaseManifest, bytes: Buffer): Promise<Artefact> {
  const { id, detector, featureSchema, golden } = manifest;
  const artefact = attempt('bad-artefact', id, () => decodeArtefact(bytes));
  if (artefact.detector !== detector) {
    throw new ReleaseError('bad-artefact', `${id} says ${detector}, its artefact is ${artefact.detector}`);
  }
  if (artefact.featureSchema !== featureSchema) {
    const words = `${id} says features ${featureSchema}, its artefact has ${artefact.featureSchema}`;
    throw new ReleaseError('wrong-feature-schema', words);
  }
  const scorer = attempt('self-test-failed', id, () => createScorer(artefact));
  for (const [slot, vector] of golden.entries()) await testVector(id, scorer, slot, vector);
  return artefact;
}

/** Cars are served between two batches. */
async function testVector(id: string, scorer: Scorer, slot: number, vector: GoldenVector): Promise<void> {
  let reading = 0;
  for (const batch of telemetryOf(vector)) {
    await turn();
    const [result] = attempt('self-test-failed', id, () => scorer.score([{ slot, batch }]));
    for (const score of result?.scores ?? [])
      assertScore(id, `${slot}/${reading}`, score, vector.scores[reading++]);
  }
  if (reading !== vector.scores.length) {
    const words = `${id}: vector ${slot} has ${vector.scores.length} scores, ${reading} came out`;
    throw new ReleaseError('self-test-failed', words);
  }
}

function assertScore(id: string, where: string, got: number, expected: number | undefined): void {
  if (expected !== undefined && Math.abs(got - expected) <= tolerance * Math.max(1, Math.abs(expected)))
    return;
  throw new ReleaseError('self-test-failed', `${id}: score ${where} is ${got}, expected ${expected}`);
}

function telemetryOf({ batches }: GoldenVector): TelemetryBatch[] {
  return batches.map(({ simTime, intervalMs, columns }, index) => ({
    vin: 'SELFTEST',
    session: 1,
    seq: index + 1,
    scheduledAt: simTime,
    simTime,
    intervalMs,
    columns: columns.map((column) => Float32Array.from(column)),
  }));
}

/** Whatever goes wrong in `act` is the artefact's fault. */
function attempt<T>(code: 'bad-artefact' | 'self-test-failed', id: string, act: () => T): T {
  try {
    return act();
  } catch (error) {
    throw new ReleaseError(code, `${id}: ${error instanceof Error ? error.message : String(error)}`);
  }
}
