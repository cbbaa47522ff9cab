import type { DetectorKind } from '#contract/release.ts';
import { maxReadingsPerBatch } from '#contract/telemetry.ts';
import type { Artefact, ArtefactNetwork } from '#model/artefact.ts';
import { featureCount, FeatureExtractor, featureSchemaHash } from '#model/features.ts';
import { Network, type DenseLayer } from '#model/network.ts';
import { normaliseRows } from '#model/rows.ts';
import { shapesOf, type NetworkShape } from '#model/shapes.ts';
import type { Breath } from './breath.ts';
import { fitNetwork, type FitOptions } from './fit.ts';
import type { Series } from './kept-series.ts';
import { normalisationOf } from './normalisation.ts';
import { robustStatistics } from './residuals.ts';
import type { Tf } from './tensorflow.ts';
import type { Rows } from './training-set.ts';

const fitting: Omit<FitOptions, 'seed' | 'epochs'> = {
  batchRows: 128,
  learningRate: 0.02,
  trimmedShare: 0.03,
};
/** Rows that a network learns from, counted as often as it does: a small history is gone through more often. */
const learntRows = 240_000;
const mostEpochs = 40;
/** Readings that residuals are measured on. */
const residualRows = 40_000;

type Normalisation = Artefact['normalisation'];

/** How well a network predicts, in standard deviations of what it predicts. */
export interface NetworkReport {
  name: string;
  rows: number;
  /** Mean squared error of the rows that it last learnt from. */
  loss: number;
  /** Of each target, on calibration vehicles. */
  residualScale: number[];
}

/**
 * Trains every network of a kind, one after the other.
 * @returns the artefact without thresholds
 */
export async function fitNetworks(
  tf: Tf,
  { detector, seed }: { detector: DetectorKind; seed: number },
  rows: Rows,
  calibration: readonly Series[],
  breath: Breath,
  onProgress: (text: string) => void,
): Promise<{ artefact: Omit<Artefact, 'thresholds'>; networks: NetworkReport[] }> {
  const normalisation = normalisationOf(rows.values, rows.count, featureCount);
  const unseen = await rowsOf(calibration, breath);
  const epochs = Math.min(mostEpochs, Math.ceil(learntRows / rows.count));
  const networks: ArtefactNetwork[] = [];
  const reports: NetworkReport[] = [];
  for (const shape of shapesOf(detector)) {
    const examples = {
      count: rows.count,
      inputs: inputsOf(shape, rows, normalisation),
      targets: targetsOf(shape, rows, normalisation),
    };
    const { layers, loss, learnt } = await fitNetwork(
      tf,
      shape,
      examples,
      { ...fitting, epochs, seed },
      breath,
    );
    const residual = residualsOf(shape, layers, unseen, normalisation);
    networks.push({ name: shape.name, inputs: shape.inputs, targets: shape.targets, layers, residual });
    reports.push({ name: shape.name, rows: learnt, loss, residualScale: [...residual.scale] });
    onProgress(`learnt ${shape.name}: residual ${residual.scale[0]?.toFixed(3)} of its deviation`);
    await breath.take();
  }
  return {
    artefact: { detector, featureSchema: featureSchemaHash, normalisation, networks },
    networks: reports,
  };
}

function inputsOf({ inputs }: NetworkShape, rows: Rows, normalisation: Normalisation): Float32Array {
  const into = new Float32Array(rows.count * inputs.length);
  normaliseRows(rows.values, rows.count, inputs, normalisation, into);
  return into;
}

/** Normalised, not limited; NaN where absent. */
function targetsOf({ targets }: NetworkShape, rows: Rows, { mean, scale }: Normalisation): Float32Array {
  const into = new Float32Array(rows.count * targets.length);
  for (let row = 0; row < rows.count; row++) {
    for (const [index, feature] of targets.entries()) {
      const value = (rows.values[row * featureCount + feature]! - mean[feature]!) / scale[feature]!;
      into[row * targets.length + index] = Number.isFinite(value) ? value : Number.NaN;
    }
  }
  return into;
}

/** Every n-th reading of these cars, with features as a scorer would see them. */
async function rowsOf(series: readonly Series[], breath: Breath): Promise<Rows> {
  const extractor = new FeatureExtractor();
  const buffer = new Float32Array(maxReadingsPerBatch * featureCount);
  const all = series.reduce((sum, { readings }) => sum + readings, 0);
  const every = Math.max(1, Math.ceil(all / residualRows));
  const values = new Float32Array((Math.ceil(all / every) + 1) * featureCount);
  let seen = 0;
  let count = 0;
  for (const [slot, { batches }] of series.entries()) {
    for (const batch of batches) {
      const readings = extractor.extract(slot, batch, buffer, 0);
      for (let reading = 0; reading < readings; reading++) {
        if (seen++ % every !== 0) continue;
        const from = reading * featureCount;
        values.set(buffer.subarray(from, from + featureCount), count++ * featureCount);
      }
      if (breath.isDue) await breath.take();
    }
  }
  return { count, values };
}

/** What the network, as an edge will run it, misses on cars that it has not seen. */
function residualsOf(
  shape: NetworkShape,
  layers: DenseLayer[],
  unseen: Rows,
  normalisation: Normalisation,
): ArtefactNetwork['residual'] {
  const outputs = new Network(layers).forward(inputsOf(shape, unseen, normalisation), unseen.count);
  const targets = targetsOf(shape, unseen, normalisation);
  const width = shape.targets.length;
  const statistics = shape.targets.map((_, index) => {
    const residuals = new Float32Array(unseen.count);
    for (let row = 0; row < unseen.count; row++) {
      residuals[row] = targets[row * width + index]! - outputs[row * width + index]!;
    }
    return robustStatistics(residuals.filter((residual) => !Number.isNaN(residual)));
  });
  return {
    mean: Float32Array.from(statistics, ({ mean }) => mean),
    scale: Float32Array.from(statistics, ({ scale }) => scale),
  };
}
