import type { Tensor, Tensor2D } from '@tensorflow/tfjs';
import type { DenseLayer } from '#model/network.ts';
import type { Tf } from './tensorflow.ts';

/**
 * A network's two passes, written out on tensors: its gradient by tf.grads takes twice as long, because the wasm
 * backend multiplies transposed matrices ten times slower than it transposes and multiplies them.
 */

/** @param inputs [rows][inputs], at least @returns [rows][outputs] */
export function forwards(
  tf: Tf,
  layers: readonly DenseLayer[],
  inputs: Float32Array,
  rows: number,
): Float32Array {
  let outputs: Float32Array = new Float32Array(0);
  tf.tidy(() => {
    outputs = floatsOf(activations(tf, layers, inputs, rows).at(-1)!);
  });
  return outputs;
}

/**
 * Gradients of the mean squared error over all targets that are there.
 * @param batch `rows` of each are used; a target that is NaN has no error
 * @returns of each layer: weights, biases
 */
export function backwards(
  tf: Tf,
  layers: readonly DenseLayer[],
  batch: { inputs: Float32Array; targets: Float32Array },
  rows: number,
): Float32Array[] {
  const width = layers.at(-1)!.outputs;
  const { targets, weights } = masked(batch.targets.subarray(0, rows * width));
  const gradients: Float32Array[] = [];
  // Nothing is returned through tidy: it would look for tensors in every number.
  tf.tidy(() => {
    const outputs = activations(tf, layers, batch.inputs, rows);
    const error = tf.sub(outputs.at(-1)!, tf.tensor2d(targets, [rows, width]));
    let slope: Tensor2D = tf.mul(error, tf.tensor2d(weights, [rows, width]));
    for (let index = layers.length - 1; index >= 0; index--) {
      const input = outputs[index]!;
      gradients.unshift(floatsOf(tf.matMul(tf.transpose(input), slope)), floatsOf(tf.sum(slope, 0)));
      const before = layers[index - 1];
      if (!before) break;
      const onto = tf.matMul(slope, tf.transpose(kernelOf(tf, layers[index]!)));
      slope = tf.mul(onto, derivative(tf, before, input));
    }
  });
  return gradients;
}

/** The network's input, then what each layer makes of it. */
function activations(tf: Tf, layers: readonly DenseLayer[], inputs: Float32Array, rows: number): Tensor2D[] {
  const width = layers[0]!.inputs;
  const all: Tensor2D[] = [tf.tensor2d(inputs.subarray(0, rows * width), [rows, width])];
  for (const layer of layers) {
    const sum: Tensor2D = tf.add(tf.matMul(all.at(-1)!, kernelOf(tf, layer)), tf.tensor1d(layer.biases));
    all.push(activated(tf, layer, sum));
  }
  return all;
}

function kernelOf(tf: Tf, layer: DenseLayer): Tensor2D {
  return tf.tensor2d(layer.weights, [layer.inputs, layer.outputs]);
}

function activated(tf: Tf, { activation }: DenseLayer, sum: Tensor2D): Tensor2D {
  if (activation === 'relu') return tf.relu(sum);
  // tanh(x) = 2 sigmoid(2x) - 1, of which the wasm backend has a fast one.
  if (activation === 'tanh') return tf.sub(tf.mul(tf.sigmoid(tf.mul(sum, 2)), 2), 1);
  return sum;
}

/** Of the activation, by its output. */
function derivative(tf: Tf, { activation }: DenseLayer, output: Tensor2D): Tensor2D {
  if (activation === 'relu') return tf.cast(tf.greater(output, 0), 'float32');
  if (activation === 'tanh') return tf.sub(1, tf.square(output));
  return tf.onesLike(output);
}

/** Absent targets become 0 with weight 0; the other weights make the mean of the squares' slopes. */
function masked(targets: Float32Array): { targets: Float32Array; weights: Float32Array } {
  let present = 0;
  for (const target of targets) if (!Number.isNaN(target)) present++;
  const weight = 2 / Math.max(1, present);
  return {
    targets: targets.map((target) => (Number.isNaN(target) ? 0 : target)),
    weights: targets.map((target) => (Number.isNaN(target) ? 0 : weight)),
  };
}

function floatsOf(tensor: Tensor): Float32Array {
  return tensor.dataSync<'float32'>();
}
