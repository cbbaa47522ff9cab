import assert from 'node:assert/strict';
import { before, test } from 'node:test';
import { Breath } from '#cloud/training/breath.ts';
import { Chance } from '#cloud/training/chance.ts';
import { fitNetwork, type Examples, type FitOptions } from '#cloud/training/fit.ts';
import { backwards, forwards } from '#cloud/training/passes.ts';
import { loadTensorFlow, type Tf } from '#cloud/training/tensorflow.ts';
import { Network, type DenseLayer } from '#model/network.ts';
import type { NetworkShape } from '#model/shapes.ts';
import { createLog } from '#runtime/log.ts';

let tf: Tf;
const log = createLog({ component: 'test', level: 'silent' });
const lastResorts = (): number[] =>
  ['uncaughtException', 'unhandledRejection'].map((event) => process.listenerCount(event));
let listened: number[];
before(async () => {
  listened = lastResorts();
  tf = await loadTensorFlow('wasm', log);
});

test('TensorFlow does not put itself between an error and the process', () => {
  assert.deepEqual(lastResorts(), listened);
});

const options: FitOptions = { seed: 1, epochs: 15, batchRows: 64, learningRate: 0.01, trimmedShare: 0.03 };

const shape: NetworkShape = {
  name: 'curve',
  inputs: [0, 1, 2],
  targets: [3],
  hidden: [
    { units: 12, activation: 'tanh' },
    { units: 6, activation: 'relu' },
  ],
};

/** A curve of three inputs. A few rows are spoilt, as of failing cars, and a few have no target. */
function curve(spoilt = 0): Examples {
  const chance = new Chance(7, 'curve');
  const count = 3000;
  const inputs = Float32Array.from({ length: count * 3 }, () => 2 * chance.uniform() - 1);
  const targets = Float32Array.from({ length: count }, (_, row) => {
    if (row % 10 === 3) return Number.NaN;
    if (row % 100 < spoilt) return 25;
    return Math.sin(2 * inputs[row * 3]!) + inputs[row * 3 + 1]! * inputs[row * 3 + 2]!;
  });
  return { count, inputs, targets };
}

/** Root mean square of what the network misses of the curve. */
function missOf(layers: DenseLayer[]): number {
  const { count, inputs, targets } = curve();
  const outputs = new Network(layers).forward(inputs, count);
  let sum = 0;
  let present = 0;
  for (let row = 0; row < count; row++) {
    if (Number.isNaN(targets[row]!)) continue;
    sum += (outputs[row]! - targets[row]!) ** 2;
    present++;
  }
  return Math.sqrt(sum / present);
}

test('a network learns a curve, and the scorer computes with its weights what it learnt', async () => {
  const examples = curve();
  const { layers, loss, learnt } = await fitNetwork(tf, shape, examples, options, new Breath());
  assert.ok(loss < 0.02, `loss ${loss}`);
  assert.ok(learnt < 2700 && learnt > 2600, `${learnt} rows: neither absent nor trimmed ones`);
  assert.ok(missOf(layers) < 0.15, `${missOf(layers)}`);
  const ours = new Network(layers).forward(examples.inputs, examples.count);
  const theirs = forwards(tf, layers, examples.inputs, examples.count);
  for (let row = 0; row < examples.count; row++) assert.ok(Math.abs(ours[row]! - theirs[row]!) < 1e-5);
});

test('the same seed gives the same weights, another seed others', async () => {
  const few = { ...options, epochs: 2 };
  const weights = async (seed: number): Promise<Float32Array[]> => {
    const { layers } = await fitNetwork(tf, shape, curve(), { ...few, seed }, new Breath());
    return layers.flatMap((layer) => [layer.weights, layer.biases]);
  };
  const first = await weights(1);
  assert.deepEqual(await weights(1), first);
  assert.notDeepEqual(await weights(2), first);
});

test('rows of failing cars are trimmed, and do not spoil what is learnt', async () => {
  const spoilt = curve(2);
  const trimmed = await fitNetwork(tf, shape, spoilt, options, new Breath());
  const whole = await fitNetwork(tf, shape, spoilt, { ...options, trimmedShare: 0 }, new Breath());
  assert.ok(missOf(trimmed.layers) < 0.15, `${missOf(trimmed.layers)}`);
  assert.ok(missOf(whole.layers) > 2 * missOf(trimmed.layers), `${missOf(whole.layers)}`);
});

test('gradients are those that TensorFlow finds by itself', () => {
  const chance = new Chance(3, 'gradients');
  const draw = (length: number): Float32Array => Float32Array.from({ length }, () => chance.uniform() - 0.5);
  const layers: DenseLayer[] = [
    { inputs: 3, outputs: 5, weights: draw(15), biases: draw(5), activation: 'tanh' },
    { inputs: 5, outputs: 4, weights: draw(20), biases: draw(4), activation: 'relu' },
    { inputs: 4, outputs: 2, weights: draw(8), biases: draw(2), activation: 'linear' },
  ];
  const rows = 6;
  const inputs = draw(rows * 3);
  const targets = draw(rows * 2);
  targets[1] = Number.NaN;
  targets[6] = Number.NaN;
  const ours = backwards(tf, layers, { inputs, targets }, rows);
  const present = targets.map((target) => (Number.isNaN(target) ? 0 : 1));
  const loss = (...parameters: ReturnType<typeof tf.tensor>[]): ReturnType<typeof tf.scalar> => {
    let at: ReturnType<typeof tf.tensor> = tf.tensor2d(inputs, [rows, 3]);
    for (const [index, { activation }] of layers.entries()) {
      at = tf.add(tf.matMul(at, parameters[2 * index]!), parameters[2 * index + 1]!);
      if (activation === 'tanh') at = tf.tanh(at);
      if (activation === 'relu') at = tf.relu(at);
    }
    const wanted = tf.tensor2d(
      targets.map((target, n) => (present[n] ? target : 0)),
      [rows, 2],
    );
    const errors = tf.mul(tf.square(tf.sub(at, wanted)), tf.tensor2d(present, [rows, 2]));
    return tf.div(tf.sum(errors), 10);
  };
  const parameters = layers.flatMap(({ weights, biases, inputs: from, outputs: to }) => [
    tf.tensor2d(weights, [from, to]),
    tf.tensor1d(biases),
  ]);
  const theirs = tf
    .grads(loss)(parameters)
    .map((gradient) => gradient.dataSync<'float32'>());
  for (const [index, gradient] of theirs.entries()) {
    for (const [n, value] of gradient.entries()) {
      assert.ok(
        Math.abs(value - ours[index]![n]!) < 1e-5,
        `parameter ${index}: ${value}, ${ours[index]![n]}`,
      );
    }
  }
});

test('nothing is left behind in the backend', async () => {
  const held = tf.memory().numTensors;
  await fitNetwork(tf, shape, curve(), { ...options, epochs: 1 }, new Breath());
  assert.equal(tf.memory().numTensors, held);
});

test('a training that is given up ends with the reason, and lets others have their turn before', async () => {
  const giveUp = new AbortController();
  const long = fitNetwork(tf, shape, curve(), { ...options, epochs: 10_000 }, new Breath(giveUp.signal));
  setImmediate(() => giveUp.abort(new Error('not wanted any more')));
  await assert.rejects(long, /not wanted any more/);
});

test('tfjs-node that is not installed is refused in words, and left aside where anything will do', async () => {
  const name = '@tensorflow/tfjs-node';
  try {
    await import(name);
  } catch {
    await assert.rejects(loadTensorFlow('node', log), /tfjs-node cannot be used here .*take wasm/);
    assert.equal((await loadTensorFlow('auto', log)).getBackend(), 'wasm');
  }
});
