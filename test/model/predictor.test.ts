import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ArtefactError, type ArtefactNetwork } from '#model/artefact.ts';
import { featureCount } from '#model/features.ts';
import { Network } from '#model/network.ts';
import { Predictor } from '#model/predictor.ts';
import { normaliseRows } from '#model/rows.ts';
import { shapesOf } from '#model/shapes.ts';
import { SharedInputs, usualInput } from '#model/shared-inputs.ts';
import { RandomStream } from '#simulator/random.ts';
import { randomLayers } from './small-trainer.ts';

const count = 200;
const random = RandomStream.of(5, 0, 'rows');
/** Far beyond the limit, and absent, now and then. */
const rows = Float32Array.from({ length: count * featureCount }, () =>
  random.uniform() < 0.05 ? Number.NaN : random.between(-14, 16),
);
const normalisation = {
  mean: new Float32Array(featureCount).map((_, feature) => feature / featureCount),
  scale: new Float32Array(featureCount).fill(2.3),
};
const networks = shapesOf('virtual-sensors').map((shape): ArtefactNetwork => {
  const residual = { mean: Float32Array.of(0), scale: Float32Array.of(1) };
  return { ...shape, layers: randomLayers(shape), residual };
});
const shared = new SharedInputs(networks, normalisation);
shared.fill(rows, count);

test('shared inputs are to the bit what each network is given when it learns', () => {
  for (const { inputs } of networks) {
    const own = new Float32Array(count * inputs.length);
    normaliseRows(rows, count, inputs, normalisation, own);
    const columns = shared.columnsOf(inputs);
    for (let row = 0; row < count; row++) {
      for (const [index, column] of columns.entries())
        assert.equal(shared.values[row * shared.width + column], own[row * inputs.length + index]);
    }
  }
});

test('rows with an unusual input are known', () => {
  const calm = rows.map((value) => value / 2.6);
  for (const [of, least, most] of [
    [rows, count, count],
    [calm, 1, count - 1],
  ] as const) {
    const inputs = new SharedInputs(networks, normalisation);
    inputs.fill(of, count);
    let unusual = 0;
    for (let row = 0; row < count; row++) {
      const values = inputs.values.subarray(row * inputs.width, (row + 1) * inputs.width);
      const isUnusual = values.some((value) => Math.abs(value) > usualInput);
      assert.equal(inputs.unusual[row], Number(isUnusual));
      unusual += Number(isUnusual);
    }
    assert(unusual >= least && unusual <= most, `${unusual} rows`);
  }
});

test('predictions are a network’s outputs, within rounding, alone as among others', () => {
  for (const network of networks) {
    const own = new Float32Array(count * network.inputs.length);
    normaliseRows(rows, count, network.inputs, normalisation, own);
    const expected = new Network(network.layers).forward(own, count);
    const predictor = new Predictor(network, shared);
    predictor.predict(shared, count);
    const together = predictor.outputs.slice();
    for (let row = 0; row < count; row++)
      assert(Math.abs(together[row]! - expected[row]!) < 2e-6, `${network.name}: ${together[row]}`);
    const one = new SharedInputs(networks, normalisation);
    for (let row = 0; row < count; row += 17) {
      one.fill(rows.subarray(row * featureCount), 1);
      predictor.predict(one, 1);
      assert.equal(predictor.outputs[0], together[row]);
    }
  }
});

test('networks of another kind are refused', () => {
  const good = networks.find(({ layers }) => layers.length === 2)!;
  const [hidden, last] = good.layers as [ArtefactNetwork['layers'][0], ArtefactNetwork['layers'][0]];
  for (const layers of [
    [hidden, hidden, last],
    [{ ...hidden, activation: 'relu' as const }, last],
    [hidden, { ...last, activation: 'tanh' as const }],
    [hidden],
  ]) {
    assert.throws(() => new Predictor({ ...good, layers }, shared), ArtefactError);
  }
});
