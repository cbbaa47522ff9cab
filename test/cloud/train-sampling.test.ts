import assert from 'node:assert/strict';
import { test } from 'node:test';
import { signalCount, signalIndex } from '#contract/signals.ts';
import type { TelemetryBatch } from '#contract/telemetry.ts';
import { KeptSeries } from '#cloud/training/kept-series.ts';
import { normalisationOf } from '#cloud/training/normalisation.ts';
import { robustStatistics } from '#cloud/training/residuals.ts';
import { RowSample } from '#cloud/training/row-sample.ts';
import { Survey, TooLittleHistory } from '#cloud/training/survey.ts';
import { readingKey, Vehicles, type Vehicle } from '#cloud/training/vehicles.ts';

/** Every signal of reading n is `value(n)`. */
function batchOf(vin: string, readings: number, value: (reading: number) => number, at = 0): TelemetryBatch {
  const column = Float32Array.from({ length: readings }, (_, reading) => value(reading));
  const columns = Array.from({ length: signalCount }, () => column);
  return { vin, session: 1, seq: 1, scheduledAt: 0, simTime: at, intervalMs: 2000, columns };
}

test('a sample is the rows with the smallest keys, whatever the order in which they come', () => {
  const keys = Array.from({ length: 500 }, (_, n) => (n * 7919) % 10_007);
  const sampleOf = (order: number[]): Float32Array => {
    const sample = new RowSample(2, 40);
    for (const key of order) sample.offer(key, Float32Array.of(-1, key, key + 0.5), 1);
    assert.equal(sample.count, 40);
    return sample.inOrder();
  };
  const smallest = keys.toSorted((one, other) => one - other).slice(0, 40);
  const expected = Float32Array.from(smallest.flatMap((key) => [key, key + 0.5]));
  assert.deepEqual(sampleOf(keys), expected);
  assert.deepEqual(sampleOf(keys.toReversed()), expected);
});

test('a sample that is not full keeps all', () => {
  const sample = new RowSample(1, 40);
  for (const key of [3, 1, 2]) sample.offer(key, Float32Array.of(key), 0);
  assert.deepEqual(sample.inOrder(), Float32Array.of(1, 2, 3));
});

test('three of five vehicles are learnt from, the same ones under every seed', () => {
  const vins = Array.from({ length: 2000 }, (_, n) => `TEST${n}`);
  const sides = (seed: number): boolean[] => {
    const vehicles = new Vehicles(seed);
    return vins.map((vin) => vehicles.of(vin).isTrained);
  };
  const share = sides(1).filter((isTrained) => isTrained).length / vins.length;
  assert.ok(Math.abs(share - 0.6) < 0.04, `${share}`);
  assert.deepEqual(sides(1), sides(2));
});

test('keys of readings hang on seed, car and time, and fill their range evenly', () => {
  const [one, two] = [1, 2].map((seed) => new Vehicles(seed));
  const car = one!.of('TEST1');
  assert.equal(readingKey(car, 1e12), readingKey(new Vehicles(1).of('TEST1'), 1e12));
  assert.notEqual(readingKey(car, 1e12), readingKey(two!.of('TEST1'), 1e12));
  assert.notEqual(readingKey(car, 1e12), readingKey(one!.of('TEST2'), 1e12));
  const tenths = Array.from({ length: 10 }, () => 0);
  for (let n = 0; n < 10_000; n++) tenths[Math.floor((readingKey(car, 1e12 + n * 1000) / 2 ** 53) * 10)]!++;
  for (const count of tenths) assert.ok(count > 880 && count < 1120, tenths.join());
});

test('kept series are the same whole ones in any order of vehicles, within their bounds', () => {
  const vehicles = new Vehicles(1);
  const all = Array.from({ length: 60 }, (_, n) => vehicles.of(`TEST${n}`));
  // Series of different lengths.
  const roundsOf = (vehicle: Vehicle): number => 1 + (vehicle.slot % 4);
  const keptOf = (offers: Vehicle[]): string[] => {
    const kept = new KeptSeries({ vehicles: 50, readings: 1025, leastVehicles: 5 });
    const seen = new Map<string, number>();
    for (const vehicle of offers) {
      const round = seen.get(vehicle.vin) ?? 0;
      seen.set(vehicle.vin, round + 1);
      kept.offer(
        vehicle,
        batchOf(vehicle.vin, 10, (reading) => reading, round * 20_000),
      );
    }
    const { calibration, test: tested } = kept.halves();
    assert.ok(Math.abs(calibration.length - tested.length) <= 1);
    for (const { vehicle, readings } of [...calibration, ...tested]) {
      assert.equal(readings, 10 * roundsOf(vehicle), 'a whole series');
    }
    return [...calibration, ...tested].map(({ vehicle }) => vehicle.vin);
  };
  const carByCar = (order: Vehicle[]): Vehicle[] =>
    order.flatMap((vehicle) => Array.from({ length: roundsOf(vehicle) }, () => vehicle));
  const roundByRound = (order: Vehicle[]): Vehicle[] =>
    [0, 1, 2, 3].flatMap((round) => order.filter((vehicle) => round < roundsOf(vehicle)));
  const byDraw = all.toSorted((one, other) => one.draw - other.draw);

  const kept = keptOf(carByCar(all));
  assert.ok(kept.length > 25 && kept.length < 50, `${kept.length} vehicles`);
  const smallest = byDraw.slice(0, kept.length).map(({ vin }) => vin);
  assert.deepEqual(kept.toSorted(), smallest.toSorted());
  for (const order of [all, all.toReversed(), byDraw, byDraw.toReversed()]) {
    assert.deepEqual(keptOf(carByCar(order)), kept);
    assert.deepEqual(keptOf(roundByRound(order)), kept);
  }
});

test('a kept series gives back what was offered, though the columns were used again', () => {
  const kept = new KeptSeries();
  const vehicle = new Vehicles(1).of('TEST1');
  const batch = batchOf('TEST1', 10, (reading) => reading);
  kept.offer(vehicle, batch);
  const before = batch.columns.map((column) => column.slice());
  for (const column of batch.columns) column.fill(-1);
  const [series] = kept.halves().calibration;
  assert.deepEqual([...series!.batches][0]?.columns, before);
  assert.equal(series!.simulatedMs, 20_000);
});

test('one car with an endless series leaves room for others', () => {
  const kept = new KeptSeries({ vehicles: 50, readings: 1025, leastVehicles: 5 });
  const vehicles = new Vehicles(1);
  const endless = vehicles.of('TEST1');
  for (let n = 0; n < 500; n++)
    kept.offer(
      endless,
      batchOf('TEST1', 10, () => n, n * 20_000),
    );
  const [series] = kept.halves().calibration;
  assert.equal(series!.readings, 200);
});

test('normalisation leaves absent values out, and a constant feature alone', () => {
  const rows = Float32Array.of(1, 5, Number.NaN, 3, 5, Number.NaN, Number.NaN, 5, Number.NaN);
  const { mean, scale } = normalisationOf(rows, 3, 3);
  assert.deepEqual(mean, Float32Array.of(2, 5, 0));
  assert.deepEqual(scale, Float32Array.of(1, 1, 1));
  assert.deepEqual(normalisationOf(Float32Array.of(0, 4), 2, 1).scale, Float32Array.of(2));
});

test('a few failing cars hardly move the statistics of residuals', () => {
  const healthy = Float32Array.from({ length: 4000 }, (_, n) => Math.sin(n * 12.9898) * 1.2 + 0.3);
  const clean = robustStatistics(healthy.slice());
  const spoilt = robustStatistics(healthy.map((residual, n) => (n % 33 === 0 ? 80 : residual)));
  assert.ok(Math.abs(spoilt.mean - clean.mean) < 0.1);
  assert.ok(Math.abs(spoilt.scale / clean.scale - 1) < 0.15, `${spoilt.scale} for ${clean.scale}`);
  assert.deepEqual(robustStatistics(new Float32Array(0)), { mean: 0, scale: 1 });
  assert.ok(robustStatistics(new Float32Array(100)).scale > 0);
});

interface Fleet {
  cars: number;
  minutes: number;
  speed: (second: number) => number;
  engineSpeed: (second: number) => number;
}

function surveyOf({ cars, minutes, speed, engineSpeed }: Fleet): Survey {
  const survey = new Survey();
  const vehicles = new Vehicles(1);
  for (let car = 0; car < cars; car++) {
    const batch = batchOf(`TEST${car}`, minutes * 30, () => 20);
    batch.columns[signalIndex.speed] = batch.columns[0]!.map((_, n) => speed(2 * n));
    batch.columns[signalIndex.engineSpeed] = batch.columns[0]!.map((_, n) => engineSpeed(2 * n));
    survey.see(vehicles.of(batch.vin), batch);
  }
  return survey;
}

const usual: Fleet = {
  cars: 20,
  minutes: 6,
  speed: (second) => 40 + 30 * Math.sin(second / 30),
  engineSpeed: (second) => 1800 + 600 * Math.sin(second / 20),
};

test('a history that cannot teach a detector is refused with what there was and what is needed', () => {
  surveyOf(usual).assertEnough();
  const refused: [Partial<Fleet>, RegExp][] = [
    [{ cars: 0 }, /0 vehicles with 0 readings; 20 vehicles are needed/],
    [{ cars: 1 }, /1 vehicle with 180 readings; 20/],
    [{ cars: 19 }, /19 vehicles .*20 vehicles are needed/],
    [{ minutes: 4 }, /median of 20 vehicles drove 4\.0 minutes .*5 are needed/],
    [{ speed: () => 0 }, /cars move in 0 % of 3600 readings; 5 % are needed/],
    [{ speed: () => Number.NaN }, /no vehicle reports speed/],
    [{ engineSpeed: () => 1800 }, /engineSpeed hardly changes \(by 0 rpm.*50 rpm are needed/],
    [{ engineSpeed: () => Number.NaN }, /no vehicle reports engineSpeed/],
  ];
  for (const [change, words] of refused) {
    assert.throws(
      () => surveyOf({ ...usual, ...change }).assertEnough(),
      (error: unknown) => error instanceof TooLittleHistory && words.test(error.message),
      String(words),
    );
  }
});
