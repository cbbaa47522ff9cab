import { detectorKinds, type DetectorKind } from '#contract/release.ts';
import { ArtefactReader, ArtefactWriter } from './artefact-bytes.ts';
import { ArtefactError } from './artefact-error.ts';
import type { Activation, DenseLayer } from './network.ts';

export { ArtefactError } from './artefact-error.ts';

/** All that a detector has learnt. */
export interface Artefact {
  detector: DetectorKind;
  /** featureSchemaHash of the features that it learnt from. */
  featureSchema: string;
  /** Per feature: networks see (value - mean) / scale. */
  normalisation: { mean: Float32Array; scale: Float32Array };
  networks: ArtefactNetwork[];
  /** By thresholdNames(detector) of thresholds.ts. */
  thresholds: Record<string, number>;
}

export interface ArtefactNetwork {
  /** Target signal, or 'autoencoder'. */
  name: string;
  /** Feature indices; normalised by normaliseRows of rows.ts. */
  inputs: number[];
  /** Feature indices; the network gives them normalised, (target - mean) / scale. */
  targets: number[];
  layers: DenseLayer[];
  /** Per target: where (normalised target - output) lies and how far it spreads on cars that it did not learn from. */
  residual: { mean: Float32Array; scale: Float32Array };
}

const magic = 'FLEETBED';
const version = 1;
const activations: readonly Activation[] = ['linear', 'relu', 'tanh'];

/**
 * Canonical bytes, little-endian: the same artefact has the same bytes on every machine. Thresholds are sorted by name.
 * @throws ArtefactError for what decodeArtefact would refuse
 */
export function encodeArtefact(artefact: Artefact): Buffer {
  check(artefact);
  const { detector, featureSchema, normalisation, networks, thresholds } = artefact;
  const writer = new ArtefactWriter();
  writer.text(magic);
  writer.count(version);
  writer.text(detector);
  writer.text(featureSchema);
  writer.floats(normalisation.mean);
  writer.floats(normalisation.scale);
  writer.count(networks.length);
  for (const { name, inputs, targets, layers, residual } of networks) {
    writer.text(name);
    writer.counts(inputs);
    writer.counts(targets);
    writer.count(layers.length);
    for (const layer of layers) {
      writer.count(layer.inputs);
      writer.count(layer.outputs);
      writer.count(activations.indexOf(layer.activation));
      writer.floats(layer.weights);
      writer.floats(layer.biases);
    }
    writer.floats(residual.mean);
    writer.floats(residual.scale);
  }
  const names = Object.keys(thresholds).sort();
  writer.count(names.length);
  for (const name of names) {
    writer.text(name);
    writer.double(thresholds[name] ?? Number.NaN);
  }
  return writer.bytes();
}

/**
 * Not whether it suits this program: that is createScorer's and the feature schema's to say.
 * @throws ArtefactError
 */
export function decodeArtefact(bytes: Buffer): Artefact {
  const reader = new ArtefactReader(bytes);
  if (reader.text() !== magic) throw new ArtefactError('these bytes are no artefact');
  const found = reader.count();
  if (found !== version)
    throw new ArtefactError(`artefact of version ${found}, this program reads ${version}`);
  const detector = reader.text();
  const kind = detectorKinds.find((one) => one === detector);
  if (!kind) throw new ArtefactError('a detector of an unknown kind');
  const artefact: Artefact = {
    detector: kind,
    featureSchema: reader.text(),
    normalisation: { mean: reader.floats(), scale: reader.floats() },
    networks: reader.list(() => ({
      name: reader.text(),
      inputs: reader.counts(),
      targets: reader.counts(),
      layers: reader.list(() => readLayer(reader)),
      residual: { mean: reader.floats(), scale: reader.floats() },
    })),
    thresholds: readThresholds(reader),
  };
  reader.end();
  check(artefact);
  return artefact;
}

function readLayer(reader: ArtefactReader): DenseLayer {
  const [inputs, outputs] = [reader.count(), reader.count()];
  const activation = activations[reader.count()];
  if (!activation) throw new ArtefactError('an unknown activation');
  return { inputs, outputs, activation, weights: reader.floats(), biases: reader.floats() };
}

function readThresholds(reader: ArtefactReader): Record<string, number> {
  const pairs = reader.list(() => [reader.text(), reader.double()] as const);
  // Sorted and each once, or the bytes would not be canonical.
  for (const [index, [name]] of pairs.entries()) {
    const before = pairs[index - 1]?.[0];
    if (before !== undefined && before >= name) throw new ArtefactError(`threshold ${name} is out of order`);
  }
  return Object.fromEntries(pairs);
}

function check({ normalisation, networks, thresholds }: Artefact): void {
  const features = normalisation.mean.length;
  checkScales('the normalisation', normalisation, features);
  if (networks.length === 0) throw new ArtefactError('an artefact without a network');
  if (new Set(networks.map(({ name }) => name)).size < networks.length) {
    throw new ArtefactError('two networks of one name');
  }
  for (const network of networks) checkNetwork(network, features);
  for (const [name, value] of Object.entries(thresholds)) {
    if (!Number.isFinite(value) || value <= 0) throw new ArtefactError(`threshold ${name} is ${value}`);
  }
}

function checkNetwork({ name, inputs, targets, layers, residual }: ArtefactNetwork, features: number): void {
  if (layers.length === 0) throw new ArtefactError(`network ${name} has no layer`);
  for (const feature of [...inputs, ...targets]) {
    if (!Number.isSafeInteger(feature) || feature < 0 || feature >= features) {
      throw new ArtefactError(`network ${name} names feature ${feature} of ${features}`);
    }
  }
  if (new Set(inputs).size < inputs.length) throw new ArtefactError(`network ${name} takes a feature twice`);
  let width = inputs.length;
  for (const layer of layers) {
    const { weights, biases, outputs } = layer;
    if (layer.inputs !== width || width === 0 || outputs === 0) misfit(name);
    if (weights.length !== width * outputs || biases.length !== outputs) misfit(name);
    if (!weights.every(Number.isFinite) || !biases.every(Number.isFinite)) {
      throw new ArtefactError(`network ${name} has a weight that is no number`);
    }
    width = outputs;
  }
  if (width !== targets.length) misfit(name);
  checkScales(`network ${name}`, residual, targets.length);
}

function checkScales(what: string, { mean, scale }: Artefact['normalisation'], length: number): void {
  if (mean.length !== length || scale.length !== length) throw new ArtefactError(`${what}: wrong shape`);
  if (!mean.every(Number.isFinite)) throw new ArtefactError(`${what}: a mean that is no number`);
  if (!scale.every((value) => Number.isFinite(value) && value > 0)) {
    throw new ArtefactError(`${what}: a scale that is not above 0`);
  }
}

function misfit(name: string): never {
  throw new ArtefactError(`network ${name}: layers that do not fit each other`);
}
