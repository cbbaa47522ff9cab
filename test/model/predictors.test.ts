import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { ArtefactError, type ArtefactNetwork } from '#model/artefact.ts';
import { featureCount } from '#model/features.ts';
import { Network } from '#model/network.ts';
import { Predictors, usualInput } from '#model/predictors.ts';
import { normaliseRows } from '#model/rows.ts';
import { shapesOf } from '#model/shapes.ts';
import { assembleKernel } from '../../scripts/assemble-kernel.ts';
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
const shared = new Predictors(networks, normalisation);
shared.fill(rows, count);
shared.predict(count);

/** A column's numbers, of the rows of the last call. */
function column({ table, stride }: Predictors, index: number, length: number): Float32Array {
  return table.subarray(index * stride, index * stride + length);
}

/** Each feature has one column, in the order of features. */
const features = [...new Set(networks.flatMap(({ inputs }) => inputs))].toSorted((a, b) => a - b);

function outputs(predictors: Predictors, network: number, length: number): Float32Array {
  const start = predictors.outputOf(network);
  return predictors.table.subarray(start, start + length);
}

/** What the network itself says, plainly. */
function expectedOf({ inputs, layers }: ArtefactNetwork, of: Float32Array, length: number): Float32Array {
  const own = new Float32Array(length * inputs.length);
  normaliseRows(of, length, inputs, normalisation, own);
  return new Network(layers).forward(own, length);
}

test('what edges predict with is what is written down', async () => {
  const wasm = readFileSync(new URL('../../model/predict.wasm', import.meta.url));
  assert.deepEqual(wasm, Buffer.from(await assembleKernel()));
});

test('shared inputs are to the bit what each network is given when it learns', () => {
  assert.equal(shared.width, features.length);
  for (const { inputs } of networks) {
    const own = new Float32Array(count * inputs.length);
    normaliseRows(rows, count, inputs, normalisation, own);
    for (const [index, feature] of inputs.entries()) {
      const values = column(shared, features.indexOf(feature), count);
      for (let row = 0; row < count; row++) assert.equal(values[row], own[row * inputs.length + index]);
    }
  }
});

test('rows with an unusual input are known, and whose it is', () => {
  const calm = rows.map((value) => value / 2.6);
  for (const [of, least, most] of [
    [rows, count, count],
    [calm, 1, count - 1],
  ] as const) {
    const predictors = new Predictors(networks, normalisation);
    predictors.fill(of, count);
    let unusual = 0;
    for (let row = 0; row < count; row++) {
      const value = (index: number): number => Math.abs(column(predictors, index, count)[row]!);
      const isUnusual = features.some((_, index) => value(index) > usualInput);
      assert.equal(predictors.unusual[row], Number(isUnusual));
      unusual += Number(isUnusual);
      for (const [index, { inputs }] of networks.entries()) {
        const worst = Math.max(...inputs.map((feature) => value(features.indexOf(feature))));
        assert.equal(predictors.noveltyOf(index, row), Math.max(0, worst - usualInput));
      }
    }
    assert(unusual >= least && unusual <= most, `${unusual} rows`);
  }
});

test('predictions are a network’s outputs, within rounding, alone as among others', () => {
  const one = new Predictors(networks, normalisation);
  for (const [index, network] of networks.entries()) {
    const expected = expectedOf(network, rows, count);
    const together = outputs(shared, index, count);
    for (let row = 0; row < count; row++)
      assert(Math.abs(together[row]! - expected[row]!) < 1e-5, `${network.name}: ${together[row]}`);
  }
  for (let row = 0; row < count; row += 17) {
    one.fill(rows.subarray(row * featureCount), 1);
    one.predict(1);
    for (const index of networks.keys())
      assert.equal(outputs(one, index, 1)[0], outputs(shared, index, count)[row]);
  }
});

test('calls may be of any size, one after the other', () => {
  const predictors = new Predictors(networks, normalisation);
  // The last one is beyond a page of the memory.
  for (const length of [1, 3, 4, 5, 127, 144, 145, 200, 2, 5000]) {
    const some = Float32Array.from({ length: length * featureCount }, () => random.between(-4, 5));
    predictors.fill(some, length);
    predictors.predict(length);
    for (const [index, network] of networks.entries()) {
      const expected = expectedOf(network, some, length);
      const said = outputs(predictors, index, length);
      for (let row = 0; row < length; row++) assert(Math.abs(said[row]! - expected[row]!) < 1e-5);
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
    assert.throws(() => new Predictors([{ ...good, layers }], normalisation), ArtefactError);
  }
});
