import assert from 'node:assert/strict';
import { test } from 'node:test';
import { signalIndex, type SignalName } from '#contract/signals.ts';
import { sourcesOf } from '#model/feature-sources.ts';
import { featureCount, featureIndex, featureNames, type FeatureName } from '#model/feature-names.ts';
import { shapesOf } from '#model/shapes.ts';

const learnt = {
  mean: new Float32Array(featureCount).fill(1),
  scale: new Float32Array(featureCount).fill(3),
};

const bits = (...names: SignalName[]): number => names.reduce((sum, name) => sum + 2 ** signalIndex[name], 0);
const of = (...names: FeatureName[]) =>
  sourcesOf(
    names.map((name) => featureIndex[name]),
    learnt,
  );

test('a network needs the signals that its inputs are made of', () => {
  assert.deepEqual(of('engineSpeed', 'oilTemperature'), {
    signals: bits('engineSpeed', 'oilTemperature'),
    needsSize: false,
    remembers: false,
  });
  assert.deepEqual(of('displacement', 'charge', 'fuelFlow.60s'), {
    signals: bits('engineSpeed', 'massAirFlow', 'lambda'),
    needsSize: true,
    remembers: true,
  });
  assert.equal(of('warmth').remembers, true);
  assert.equal(of('hasMotor', 'hasFuelTrim').signals, 0);
});

test('what was never there when it learnt, it does without', () => {
  const { mean, scale } = { mean: learnt.mean.slice(), scale: learnt.scale.slice() };
  mean[featureIndex.lambda] = 0;
  scale[featureIndex.lambda] = 1;
  const inputs = [featureIndex.lambda, featureIndex.throttlePosition];
  assert.equal(sourcesOf(inputs, { mean, scale }).signals, bits('throttlePosition'));
});

test('every derived input of a virtual sensor hangs on some signal, but for what a car is', () => {
  const ofTheCar = new Set<FeatureName>(['displacement', 'hasFuelTrim', 'hasMotor']);
  for (const { inputs } of shapesOf('virtual-sensors')) {
    for (const input of inputs) {
      const name = featureNames[input]!;
      if (!ofTheCar.has(name)) assert(of(name).signals > 0, name);
    }
  }
});
