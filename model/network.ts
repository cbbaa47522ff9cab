export type Activation = 'tanh' | 'relu' | 'linear';

/** One dense layer of a network. */
export interface DenseLayer {
  inputs: number;
  outputs: number;
  /** [inputs][outputs], row-major, as the kernel of a tfjs dense layer. */
  weights: Float32Array;
  biases: Float32Array;
  activation: Activation;
}

/** The same numbers, so that they need not be widened at every multiplication. */
interface WideLayer extends Omit<DenseLayer, 'weights' | 'biases'> {
  weights: Float64Array;
  biases: Float64Array;
}

/** A small network, forward only. A row's outputs do not hang on the rows beside it. */
export class Network {
  readonly inputs: number;
  readonly outputs: number;
  readonly #layers: readonly WideLayer[];
  #activations: Float32Array[] = [];
  #rows = 0;

  /** @throws RangeError when the layers do not fit each other */
  constructor(layers: readonly DenseLayer[]) {
    const [first, last] = [layers[0], layers.at(-1)];
    if (!first || !last) throw new RangeError('a network has at least one layer');
    for (const [index, { inputs, outputs, weights, biases }] of layers.entries()) {
      const before = layers[index - 1]?.outputs ?? inputs;
      if (before !== inputs || weights.length !== inputs * outputs || biases.length !== outputs) {
        throw new RangeError(`layer ${index} of a network does not fit`);
      }
    }
    this.#layers = layers.map((layer) => ({
      ...layer,
      weights: Float64Array.from(layer.weights),
      biases: Float64Array.from(layer.biases),
    }));
    this.inputs = first.inputs;
    this.outputs = last.outputs;
  }

  /**
   * @param input [rows][inputs], at least
   * @returns [rows][outputs], at least; overwritten by the next call
   */
  forward(input: Float32Array, rows: number): Float32Array {
    if (rows > this.#rows) {
      this.#rows = rows;
      this.#activations = this.#layers.map(({ outputs }) => new Float32Array(rows * outputs));
    }
    let from = input;
    for (let index = 0; index < this.#layers.length; index++) {
      const layer = this.#layers[index]!;
      const to = this.#activations[index]!;
      multiply(layer, from, to, rows);
      if (layer.activation !== 'linear') activate(layer.activation, to, rows * layer.outputs);
      from = to;
    }
    return from;
  }
}

/** Four outputs at a time: sums that do not wait for each other. */
function multiply(layer: WideLayer, from: Float32Array, to: Float32Array, rows: number): void {
  const { inputs, outputs, weights, biases } = layer;
  const inFours = outputs - (outputs % 4);
  for (let output = 0; output < inFours; output += 4) {
    for (let row = 0; row < rows; row++) {
      let a = biases[output]!;
      let b = biases[output + 1]!;
      let c = biases[output + 2]!;
      let d = biases[output + 3]!;
      let w = output;
      for (let i = row * inputs; i < (row + 1) * inputs; i++) {
        const x = from[i]!;
        a += x * weights[w]!;
        b += x * weights[w + 1]!;
        c += x * weights[w + 2]!;
        d += x * weights[w + 3]!;
        w += outputs;
      }
      const start = row * outputs + output;
      to[start] = a;
      to[start + 1] = b;
      to[start + 2] = c;
      to[start + 3] = d;
    }
  }
  for (let output = inFours; output < outputs; output++) {
    for (let row = 0; row < rows; row++) {
      let sum = biases[output]!;
      let w = output;
      for (let i = row * inputs; i < (row + 1) * inputs; i++) {
        sum += from[i]! * weights[w]!;
        w += outputs;
      }
      to[row * outputs + output] = sum;
    }
  }
}

function activate(activation: 'tanh' | 'relu', values: Float32Array, count: number): void {
  if (activation === 'relu') {
    for (let i = 0; i < count; i++) values[i] = Math.max(0, values[i]!);
    return;
  }
  for (let i = 0; i < count; i++) values[i] = tanh(values[i]!);
}

/** Beyond this a float32 tanh is 1. */
const saturated = 7.99881172180175781;
const [p6, p5, p4, p3, p2, p1, p0] = [
  -2.76076847742355e-16, 2.00018790482477e-13, -8.60467152213735e-11, 5.12229709037114e-8,
  1.48572235717979e-5, 6.37261928875436e-4, 4.89352455891786e-3,
];
const [q3, q2, q1, q0] = [1.19825839466702e-6, 1.18534705686654e-4, 2.268434632439e-3, 4.89352518554385e-3];

/** Least and greatest argument, then the coefficients above and below, highest power first. */
export const tanhNumbers: readonly number[] = [
  -saturated,
  saturated,
  p6,
  p5,
  p4,
  p3,
  p2,
  p1,
  p0,
  q3,
  q2,
  q1,
  q0,
];

/**
 * Rational minimax approximation of tanh for float32, of odd degree 13 over even degree 6, as in Eigen
 * (Eigen/src/Core/MathFunctionsImpl.h); a third of Math.tanh's time, and the same bits on every machine.
 */
export function tanh(value: number): number {
  const x = value > saturated ? saturated : value < -saturated ? -saturated : value;
  const y = x * x;
  const above = (((((y * p6 + p5) * y + p4) * y + p3) * y + p2) * y + p1) * y + p0;
  const below = ((y * q3 + q2) * y + q1) * y + q0;
  return (x * above) / below;
}
