import type { DenseLayer } from '#model/network.ts';
import type { NetworkShape } from '#model/shapes.ts';
import type { Breath } from './breath.ts';
import { Chance } from './chance.ts';
import { backwards, forwards } from './passes.ts';
import type { Tf } from './tensorflow.ts';

/** What one network learns from. */
export interface Examples {
  count: number;
  /** [count][inputs], normalised. */
  inputs: Float32Array;
  /** [count][targets], normalised; NaN where absent. */
  targets: Float32Array;
}

export interface FitOptions {
  seed: number;
  epochs: number;
  batchRows: number;
  learningRate: number;
  /** Share of the rows, those with the largest errors, that an epoch leaves out: failing cars are among them. */
  trimmedShare: number;
}

export interface Fitted {
  layers: DenseLayer[];
  /** Rows of the last epoch, and their mean squared error before it. */
  learnt: number;
  loss: number;
}

/**
 * Fits one network by Adam on the mean squared error, trimmed. The same examples and seed give the same weights.
 * @throws the breath's reason when the training is given up
 */
export async function fitNetwork(
  tf: Tf,
  shape: NetworkShape,
  examples: Examples,
  options: FitOptions,
  breath: Breath,
): Promise<Fitted> {
  const layers = initialLayers(shape, new Chance(options.seed, `weights/${shape.name}`));
  const order = new Chance(options.seed, `order/${shape.name}`);
  const { epochs, batchRows, learningRate, trimmedShare } = options;
  const adam = new Adam(layers);
  const width = { inputs: shape.inputs.length, targets: shape.targets.length };
  const batch = {
    inputs: new Float32Array(batchRows * width.inputs),
    targets: new Float32Array(batchRows * width.targets),
  };
  let rows = presentRows(examples, width.targets);
  let loss = Number.NaN;
  const steps = epochs * Math.ceil(rows.length / batchRows);
  for (let epoch = 0; epoch < epochs; epoch++) {
    // Before the first epoch errors say nothing yet.
    if (epoch > 0) ({ rows, loss } = await trimmed(tf, layers, examples, trimmedShare, breath));
    order.shuffle(rows);
    for (let from = 0; from < rows.length; from += batchRows) {
      const count = Math.min(batchRows, rows.length - from);
      for (let row = 0; row < count; row++) {
        copyRow(examples.inputs, rows[from + row]!, batch.inputs, row, width.inputs);
        copyRow(examples.targets, rows[from + row]!, batch.targets, row, width.targets);
      }
      const gradients = backwards(tf, layers, batch, count);
      adam.step(gradients, learningRate * cosine(adam.steps / steps));
      await breath.take();
    }
  }
  return { layers, learnt: rows.length, loss };
}

/** Weights as Glorot and Bengio draw them, uniformly; biases 0. */
function initialLayers(shape: NetworkShape, chance: Chance): DenseLayer[] {
  const outputs = [...shape.hidden, { units: shape.targets.length, activation: 'linear' as const }];
  let inputs = shape.inputs.length;
  return outputs.map(({ units, activation }) => {
    const limit = Math.sqrt(6 / (inputs + units));
    const weights = Float32Array.from({ length: inputs * units }, () => limit * (2 * chance.uniform() - 1));
    const layer = { inputs, outputs: units, weights, biases: new Float32Array(units), activation };
    inputs = units;
    return layer;
  });
}

/** From 1 down to 0.05, slowly at both ends. */
function cosine(done: number): number {
  return 0.05 + (0.95 * (1 + Math.cos(Math.PI * Math.min(1, done)))) / 2;
}

/** Rows with at least one target that is there. */
function presentRows({ count, targets }: Examples, width: number): Int32Array {
  const all = Int32Array.from({ length: count }, (_, row) => row);
  return all.filter((row) => {
    for (let at = row * width; at < (row + 1) * width; at++) if (!Number.isNaN(targets[at]!)) return true;
    return false;
  });
}

const scoredAtOnce = 4096;

/** The rows but those with the largest errors, in ascending order. */
async function trimmed(
  tf: Tf,
  layers: readonly DenseLayer[],
  examples: Examples,
  share: number,
  breath: Breath,
): Promise<{ rows: Int32Array; loss: number }> {
  const width = layers.at(-1)!.outputs;
  const errors = new Float32Array(examples.count).fill(Number.NaN);
  for (let from = 0; from < examples.count; from += scoredAtOnce) {
    const count = Math.min(scoredAtOnce, examples.count - from);
    const outputs = forwards(tf, layers, examples.inputs.subarray(from * layers[0]!.inputs), count);
    for (let row = 0; row < count; row++) {
      errors[from + row] = squaredError(examples.targets, (from + row) * width, outputs, row * width, width);
    }
    await breath.take();
  }
  const present = errors.filter((error) => !Number.isNaN(error)).sort();
  const limit = present[Math.floor((1 - share) * (present.length - 1))] ?? 0;
  const rows = Int32Array.from({ length: examples.count }, (_, row) => row).filter(
    (row) => errors[row]! <= limit,
  );
  let sum = 0;
  for (const row of rows) sum += errors[row]!;
  return { rows, loss: sum / rows.length };
}

/** Mean over the targets that are there; NaN where none is. */
function squaredError(
  targets: Float32Array,
  at: number,
  outputs: Float32Array,
  outputsAt: number,
  width: number,
): number {
  let sum = 0;
  let present = 0;
  for (let i = 0; i < width; i++) {
    const target = targets[at + i]!;
    if (Number.isNaN(target)) continue;
    present++;
    sum += (target - outputs[outputsAt + i]!) ** 2;
  }
  return sum / present;
}

function copyRow(from: Float32Array, row: number, to: Float32Array, toRow: number, width: number): void {
  for (let i = 0; i < width; i++) to[toRow * width + i] = from[row * width + i]!;
}

/**
 * Adam (Kingma and Ba). On plain arrays: a small network has some thousand weights, and tfjs' own optimizer spends three
 * times as long on calls as on numbers.
 */
class Adam {
  readonly #parameters: Float32Array[];
  readonly #first: Float32Array[];
  readonly #second: Float32Array[];
  steps = 0;

  constructor(layers: readonly DenseLayer[]) {
    this.#parameters = layers.flatMap(({ weights, biases }) => [weights, biases]);
    this.#first = this.#parameters.map(({ length }) => new Float32Array(length));
    this.#second = this.#parameters.map(({ length }) => new Float32Array(length));
  }

  /** @param gradients in the order of layers: weights, biases */
  step(gradients: readonly Float32Array[], learningRate: number): void {
    this.steps++;
    const rate = (learningRate * Math.sqrt(1 - 0.999 ** this.steps)) / (1 - 0.9 ** this.steps);
    for (const [index, parameters] of this.#parameters.entries()) {
      const first = this.#first[index]!;
      const second = this.#second[index]!;
      const gradient = gradients[index]!;
      for (let i = 0; i < parameters.length; i++) {
        const g = gradient[i]!;
        first[i] = 0.9 * first[i]! + 0.1 * g;
        second[i] = 0.999 * second[i]! + 0.001 * g * g;
        parameters[i]! -= (rate * first[i]!) / (Math.sqrt(second[i]!) + 1e-7);
      }
    }
  }
}
