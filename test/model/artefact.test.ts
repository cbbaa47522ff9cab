import assert from 'node:assert/strict';
import { test } from 'node:test';
import * as fc from 'fast-check';
import { detectorKinds, type DetectorKind } from '#contract/release.ts';
import { ArtefactError, decodeArtefact, encodeArtefact, type Artefact } from '#model/artefact.ts';
import { createScorer } from '#model/detector.ts';
import { featureCount, featureSchemaHash } from '#model/features.ts';
import { shapesOf } from '#model/shapes.ts';
import { thresholdNames } from '#model/thresholds.ts';
import { randomLayers } from './small-trainer.ts';

function artefactOf(kind: DetectorKind, changes: Partial<Artefact> = {}): Artefact {
  return {
    detector: kind,
    featureSchema: featureSchemaHash,
    normalisation: { mean: new Float32Array(featureCount), scale: new Float32Array(featureCount).fill(1) },
    networks: shapesOf(kind).map(({ name, inputs, targets, hidden }) => ({
      name,
      inputs,
      targets,
      layers: randomLayers({ name, inputs, targets, hidden }),
      residual: {
        mean: new Float32Array(targets.length),
        scale: new Float32Array(targets.length).fill(1),
      },
    })),
    thresholds: Object.fromEntries(thresholdNames(kind).map((name) => [name, 10])),
    ...changes,
  };
}

/** The bytes may still be an artefact; if not, they are refused as one. */
function decodeOrRefuse(bytes: Buffer): Artefact | undefined {
  try {
    return decodeArtefact(bytes);
  } catch (error) {
    assert(error instanceof ArtefactError, `${String(error)} is no ArtefactError`);
    return undefined;
  }
}

for (const kind of detectorKinds) {
  test(`an artefact of ${kind} comes back as it was, from bytes that are always the same`, () => {
    const artefact = artefactOf(kind);
    const bytes = encodeArtefact(artefact);
    const again = decodeArtefact(bytes);
    assert.deepEqual(again, artefact);
    assert.deepEqual(encodeArtefact(again), bytes);
    const backwards = Object.fromEntries(Object.entries(artefact.thresholds).toReversed());
    assert.deepEqual(encodeArtefact({ ...artefact, thresholds: backwards }), bytes);
    createScorer(again);
  });

  test(`bytes of ${kind} that end early, or go on, are refused`, () => {
    const bytes = encodeArtefact(artefactOf(kind));
    for (let length = 0; length < bytes.length; length += length < 500 ? 1 : 97) {
      assert.throws(() => decodeArtefact(bytes.subarray(0, length)), ArtefactError, `${length} bytes`);
    }
    assert.throws(() => decodeArtefact(Buffer.concat([bytes, Buffer.of(0)])), ArtefactError);
  });

  test(`garbled bytes of ${kind} are refused as no artefact, or are one`, () => {
    const bytes = encodeArtefact(artefactOf(kind));
    const garbled = fc.array(fc.record({ at: fc.nat(bytes.length - 1), byte: fc.nat(255) }), {
      minLength: 1,
    });
    fc.assert(
      fc.property(garbled, (changes) => {
        const copy = Buffer.from(bytes);
        for (const { at, byte } of changes) copy[at] = byte;
        const artefact = decodeOrRefuse(copy);
        if (artefact) assert.deepEqual(encodeArtefact(artefact), copy, 'canonical');
      }),
      { numRuns: 300 },
    );
    // Every place once as a count of very many, of arrays that V8 would still fill at once: no count is believed.
    const before = process.resourceUsage().maxRSS;
    for (const count of [0xffffffff, 0x01e00000]) {
      for (let at = 0; at + 4 <= Math.min(bytes.length, 2000); at++) {
        const copy = Buffer.from(bytes);
        copy.writeUInt32LE(count, at);
        decodeOrRefuse(copy);
      }
    }
    assert(process.resourceUsage().maxRSS - before < 100_000, 'less than 100 MB were ever allocated');
  });
}

test('bytes of any kind are refused without a crash', () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 400 }), (bytes) => void decodeOrRefuse(Buffer.from(bytes))),
  );
});

test('what nobody could score with is refused when written and when read', () => {
  const good = artefactOf('virtual-sensors');
  const first = good.networks[0]!;
  const layer = first.layers[0]!;
  const withNetwork = (changes: object): Artefact => ({ ...good, networks: [{ ...first, ...changes }] });
  const withLayer = (changes: object): Artefact =>
    withNetwork({ layers: [{ ...layer, ...changes }, ...first.layers.slice(1)] });
  const bad: Record<string, Artefact> = {
    'a weight that is no number': withLayer({ weights: layer.weights.with(3, Number.NaN) }),
    'an infinite bias': withLayer({ biases: layer.biases.with(0, Infinity) }),
    'too few weights': withLayer({ weights: layer.weights.slice(1) }),
    'layers that do not fit': withLayer({ outputs: layer.outputs - 1 }),
    'no layer': withNetwork({ layers: [] }),
    'an input that is no feature': withNetwork({ inputs: first.inputs.with(0, featureCount) }),
    'an input twice': withNetwork({ inputs: first.inputs.with(1, first.inputs[0]!) }),
    'more targets than outputs': withNetwork({ targets: [...first.targets, 0] }),
    'a residual of scale 0': withNetwork({
      residual: { mean: Float32Array.of(0), scale: Float32Array.of(0) },
    }),
    'no network': { ...good, networks: [] },
    'two networks of one name': { ...good, networks: [first, first] },
    'a threshold of 0': { ...good, thresholds: { 'coolantTemperature.raise': 0 } },
    'a normalisation of scale 0': {
      ...good,
      normalisation: { ...good.normalisation, scale: new Float32Array(featureCount) },
    },
  };
  for (const [what, artefact] of Object.entries(bad)) {
    assert.throws(() => encodeArtefact(artefact), ArtefactError, what);
  }
  // The same in bytes: they end with a threshold.
  const bytes = encodeArtefact(good);
  bytes.writeDoubleLE(Number.NaN, bytes.length - 8);
  assert.throws(() => decodeArtefact(bytes), ArtefactError);
});

test('an artefact of other features, of an unknown signal or without a threshold makes no scorer', () => {
  const good = artefactOf('virtual-sensors');
  const [first, ...others] = good.networks;
  const { [`${first!.name}.stuck`]: _, ...fewer } = good.thresholds;
  for (const artefact of [
    { ...good, featureSchema: '0123456789abcdef' },
    { ...good, networks: [{ ...first!, name: 'mood' }, ...others] },
    { ...good, thresholds: fewer },
    { ...good, detector: 'autoencoder' as const },
  ]) {
    assert.throws(() => createScorer(artefact), ArtefactError);
  }
});
