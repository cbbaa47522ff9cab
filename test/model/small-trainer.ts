import type { DetectorKind } from '#contract/release.ts';
import type { TelemetryBatch } from '#contract/telemetry.ts';
import type { Artefact, ArtefactNetwork } from '#model/artefact.ts';
import { Calibration } from '#model/calibration.ts';
import { createScorer } from '#model/detector.ts';
import { featureCount, FeatureExtractor, featureSchemaHash } from '#model/features.ts';
import { Network, type DenseLayer } from '#model/network.ts';
import { normaliseRows } from '#model/rows.ts';
import { shapesOf, type NetworkShape } from '#model/shapes.ts';
import { RandomStream } from '#simulator/random.ts';

/** Enough of a trainer to have something to detect with; the real one is cloud/trainer.ts. */
const epochs = 12;
const batchRows = 32;

/** Learns from two thirds of the lives, calibrates on the others. */
export function trainedOn(
  kind: DetectorKind,
  lives: readonly TelemetryBatch[][],
  falseAlarmsPerVehicleDay: number,
): Artefact {
  const third = Math.floor(lives.length / 3);
  const rows = rowsOf(lives.slice(third));
  const unseen = rowsOf(lives.slice(0, third));
  const normalisation = normalisationOf(rows);
  const networks = shapesOf(kind).map((shape): ArtefactNetwork => {
    const layers = fitted(shape, rows, normalisation);
    return { ...shape, layers, residual: residualOf(shape, layers, unseen, normalisation) };
  });
  const calibration = new Calibration(kind);
  const learnt = { detector: kind, featureSchema: featureSchemaHash, normalisation, networks };
  const scorer = createScorer({ ...learnt, thresholds: calibration.uncalibrated });
  for (const life of lives.slice(0, third)) {
    for (const batch of life) scorer.score([{ slot: 0, batch }], calibration.trace);
    scorer.forget(0);
    calibration.endVehicle(
      life.reduce((sum, { columns, intervalMs }) => sum + columns[0]!.length * intervalMs, 0),
    );
  }
  return { ...learnt, thresholds: calibration.thresholds(falseAlarmsPerVehicleDay) };
}

export function rowsOf(lives: readonly TelemetryBatch[][]): Float32Array {
  const extractor = new FeatureExtractor();
  const readings = lives.flat().reduce((sum, { columns }) => sum + columns[0]!.length, 0);
  const rows = new Float32Array(readings * featureCount);
  let at = 0;
  for (const [slot, life] of lives.entries()) {
    for (const batch of life) at += extractor.extract(slot, batch, rows, at) * featureCount;
  }
  return rows;
}

/** Layers of a shape with small random weights. */
export function randomLayers({ inputs, hidden, targets, name }: NetworkShape): DenseLayer[] {
  const random = RandomStream.of(1, 0, name);
  let width = inputs.length;
  return [...hidden, { units: targets.length, activation: 'linear' as const }].map(
    ({ units, activation }) => {
      const size = Math.sqrt(3 / width);
      const weights = Float32Array.from({ length: width * units }, () => random.between(-size, size));
      const layer = { inputs: width, outputs: units, weights, biases: new Float32Array(units), activation };
      width = units;
      return layer;
    },
  );
}

function normalisationOf(rows: Float32Array): Artefact['normalisation'] {
  const mean = new Float32Array(featureCount);
  const scale = new Float32Array(featureCount);
  for (let feature = 0; feature < featureCount; feature++) {
    const values: number[] = [];
    for (let at = feature; at < rows.length; at += featureCount) {
      if (!Number.isNaN(rows[at])) values.push(rows[at]!);
    }
    const { middle, deviation } = spreadOf(values);
    mean[feature] = middle;
    scale[feature] = deviation > 1e-6 ? deviation : 1;
  }
  return { mean, scale };
}

function residualOf(
  { inputs, targets }: NetworkShape,
  layers: DenseLayer[],
  rows: Float32Array,
  normalisation: Artefact['normalisation'],
): ArtefactNetwork['residual'] {
  const count = rows.length / featureCount;
  const normalised = new Float32Array(count * inputs.length);
  normaliseRows(rows, count, inputs, normalisation, normalised);
  const outputs = new Network(layers).forward(normalised, count);
  const spreads = targets.map((target, index) => {
    const residuals: number[] = [];
    for (let row = 0; row < count; row++) {
      const value =
        (rows[row * featureCount + target]! - normalisation.mean[target]!) / normalisation.scale[target]!;
      if (!Number.isNaN(value)) residuals.push(value - outputs[row * targets.length + index]!);
    }
    return spreadOf(residuals);
  });
  return {
    mean: Float32Array.from(spreads, ({ middle }) => middle),
    scale: Float32Array.from(spreads, ({ deviation }) => Math.max(1e-3, deviation)),
  };
}

function spreadOf(values: readonly number[]): { middle: number; deviation: number } {
  const count = Math.max(1, values.length);
  const middle = values.reduce((sum, value) => sum + value, 0) / count;
  const squares = values.reduce((sum, value) => sum + (value - middle) ** 2, 0);
  return { middle, deviation: Math.sqrt(squares / count) };
}

/** Adam (Kingma and Ba) on the mean squared error, rows in a seeded order. */
function fitted(
  shape: NetworkShape,
  rows: Float32Array,
  normalisation: Artefact['normalisation'],
): DenseLayer[] {
  const { inputs, targets } = shape;
  const count = rows.length / featureCount;
  const layers = randomLayers(shape);
  const x = new Float32Array(count * inputs.length);
  const y = new Float32Array(count * targets.length);
  normaliseRows(rows, count, inputs, normalisation, x);
  for (let row = 0; row < count; row++) {
    for (const [index, target] of targets.entries()) {
      const value = rows[row * featureCount + target]!;
      y[row * targets.length + index] = (value - normalisation.mean[target]!) / normalisation.scale[target]!;
    }
  }
  const parts = layers.flatMap(({ weights, biases }) => [weights, biases]);
  const [gradients, first, second] = [parts, parts, parts].map((arrays) =>
    arrays.map(({ length }) => new Float64Array(length)),
  ) as [Float64Array[], Float64Array[], Float64Array[]];
  const random = RandomStream.of(2, 0, shape.name);
  const steps = Math.floor((epochs * Math.min(count, 8000)) / batchRows);
  for (let step = 1; step <= steps; step++) {
    for (const gradient of gradients) gradient.fill(0);
    for (let i = 0; i < batchRows; i++) {
      backwards(layers, x, y, Math.floor(random.uniform() * count), gradients);
    }
    const rate = (0.01 * (1.02 - step / steps) * Math.sqrt(1 - 0.999 ** step)) / (1 - 0.9 ** step);
    for (const [part, weights] of parts.entries()) {
      for (let i = 0; i < weights.length; i++) {
        const g = gradients[part]![i]! / batchRows;
        first[part]![i] = 0.9 * first[part]![i]! + 0.1 * g;
        second[part]![i] = 0.999 * second[part]![i]! + 0.001 * g * g;
        weights[i]! -= (rate * first[part]![i]!) / (Math.sqrt(second[part]![i]!) + 1e-8);
      }
    }
  }
  return layers;
}

/** Adds one row's gradients; an absent target has none. */
function backwards(
  layers: readonly DenseLayer[],
  x: Float32Array,
  y: Float32Array,
  row: number,
  gradients: readonly Float64Array[],
): void {
  const activations: Float64Array[] = [];
  let from: ArrayLike<number> = x.subarray(row * layers[0]!.inputs, (row + 1) * layers[0]!.inputs);
  const rowInput = from;
  for (const { inputs, outputs, weights, biases, activation } of layers) {
    const out = new Float64Array(outputs);
    for (let o = 0; o < outputs; o++) {
      let sum = biases[o]!;
      for (let i = 0; i < inputs; i++) sum += from[i]! * weights[i * outputs + o]!;
      out[o] = activation === 'tanh' ? Math.tanh(sum) : sum;
    }
    activations.push(out);
    from = out;
  }
  const width = layers.at(-1)!.outputs;
  let slope = activations.at(-1)!.map((value, o) => {
    const error = value - y[row * width + o]!;
    return Number.isNaN(error) ? 0 : Math.max(-0.5, Math.min(0.5, error));
  });
  for (let layer = layers.length - 1; layer >= 0; layer--) {
    const { inputs, outputs, weights } = layers[layer]!;
    const before = layer === 0 ? rowInput : activations[layer - 1]!;
    const onto = new Float64Array(inputs);
    for (let o = 0; o < outputs; o++) gradients[layer * 2 + 1]![o]! += slope[o]!;
    for (let i = 0; i < inputs; i++) {
      for (let o = 0; o < outputs; o++) {
        gradients[layer * 2]![i * outputs + o]! += before[i]! * slope[o]!;
        onto[i]! += weights[i * outputs + o]! * slope[o]!;
      }
      // Every hidden layer is of tanh.
      onto[i]! *= 1 - before[i]! ** 2;
    }
    slope = onto;
  }
}
