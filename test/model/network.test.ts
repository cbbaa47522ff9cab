import assert from 'node:assert/strict';
import { test } from 'node:test';
import { pino } from 'pino';
import { loadTensorFlow } from '#cloud/training/tensorflow.ts';
import { detectorKinds } from '#contract/release.ts';
import { Network, type DenseLayer } from '#model/network.ts';
import { shapesOf } from '#model/shapes.ts';
import { RandomStream } from '#simulator/random.ts';
import { randomLayers } from './small-trainer.ts';

const rows = 301;

function randomInputs(width: number): Float32Array {
  const random = RandomStream.of(3, 0, 'inputs');
  return Float32Array.from({ length: rows * width }, () => random.between(-5, 5));
}

for (const kind of detectorKinds) {
  test(`networks of ${kind} give what TensorFlow gives, within 1e-5`, async () => {
    const tf = await loadTensorFlow('wasm', pino({ level: 'silent' }));
    for (const shape of shapesOf(kind)) {
      const layers = randomLayers(shape);
      const inputs = randomInputs(shape.inputs.length);
      const model = tf.sequential({
        layers: layers.map((layer, index) =>
          tf.layers.dense({
            units: layer.outputs,
            activation: layer.activation,
            ...(index === 0 && { inputShape: [layer.inputs] }),
          }),
        ),
      });
      model.setWeights(
        layers.flatMap(({ inputs: width, outputs, weights, biases }) => [
          tf.tensor2d(weights, [width, outputs]),
          tf.tensor1d(biases),
        ]),
      );
      const theirs = model.predict(tf.tensor2d(inputs, [rows, shape.inputs.length]));
      assert(theirs instanceof tf.Tensor);
      const expected = await theirs.data();
      const own = new Network(layers).forward(inputs, rows);
      assert.equal(expected.length, rows * shape.targets.length);
      for (const [index, value] of expected.entries()) {
        assert(Math.abs(own[index]! - value) <= 1e-5, `${shape.name}, ${index}: ${own[index]}, not ${value}`);
      }
    }
  });
}

test('relu, tanh and linear layers are what their names say, over the whole range', () => {
  const one = (activation: DenseLayer['activation'], x: number): number =>
    new Network([
      { inputs: 1, outputs: 1, weights: Float32Array.of(1), biases: Float32Array.of(0), activation },
    ]).forward(Float32Array.of(x), 1)[0]!;
  for (let x = -12; x <= 12; x += 0.01) {
    const exact = Math.fround(x);
    assert(Math.abs(one('tanh', x) - Math.tanh(exact)) < 1e-6, `tanh ${x}`);
    assert.equal(one('relu', x), Math.max(0, exact));
    assert.equal(one('linear', x), exact);
  }
});

test('a row gives the same bits among others as alone, for any number of outputs', () => {
  for (const outputs of [1, 2, 3, 4, 5, 8, 9]) {
    const shape = {
      name: `n${outputs}`,
      inputs: [0, 1, 2],
      targets: Array.from({ length: outputs }, () => 0),
    };
    const network = new Network(randomLayers({ ...shape, hidden: [{ units: 5, activation: 'tanh' }] }));
    const inputs = randomInputs(3);
    const together = network.forward(inputs, rows).slice(0, rows * outputs);
    for (let row = 0; row < rows; row++) {
      const alone = network.forward(inputs.subarray(row * 3), 1).slice(0, outputs);
      assert.deepEqual(alone, together.slice(row * outputs, (row + 1) * outputs));
    }
  }
});

test('layers that do not fit each other are refused', () => {
  const layer = (inputs: number, outputs: number, weights = inputs * outputs): DenseLayer => ({
    inputs,
    outputs,
    weights: new Float32Array(weights),
    biases: new Float32Array(outputs),
    activation: 'linear',
  });
  assert.throws(() => new Network([]), RangeError);
  assert.throws(() => new Network([layer(2, 3), layer(2, 1)]), RangeError);
  assert.throws(() => new Network([layer(2, 3, 5)]), RangeError);
});
