import assert from 'node:assert/strict';
import { test } from 'node:test';
import { signalCount, signalIndex, signalNames, signals } from '#contract/signals.ts';
import { RandomStream } from '#simulator/random.ts';
import { healthySpread, Sensors } from '#simulator/sensors.ts';

function columnsOf(readings: number): Float32Array[] {
  return Array.from({ length: signalCount }, () => new Float32Array(readings));
}

/** `readings` of values that stand still. */
function reported(value: number, readings: number, intervalMs = 1000): Float32Array[] {
  const sensors = new Sensors();
  const random = RandomStream.of(1, 0, 'sensors');
  const columns = columnsOf(readings);
  sensors.begin(new Float64Array(signalCount).fill(value));
  for (let n = 0; n < readings; n++)
    sensors.read(intervalMs, new Float64Array(signalCount).fill(value), columns, n, random);
  return columns;
}

test('what is reported is a whole number of counts, near the truth, within the range', () => {
  for (const value of [-500, -40, 0, 0.98, 13.7, 85, 600, 20_000]) {
    const columns = reported(value, 300);
    for (const [signal, { name, resolution, range }] of signals.entries()) {
      const within = Math.max(range.min, Math.min(range.max, value));
      let sum = 0;
      for (const seen of columns[signal]!) {
        assert(seen >= range.min - 1e-4 && seen <= range.max + 1e-4, `${name}: ${seen}`);
        const counts = seen / resolution;
        assert(
          Math.abs(counts - Math.round(counts)) < 0.02 || seen === range.max,
          `${name}: ${seen} is no count`,
        );
        assert(
          Math.abs(seen - within) <= 1.2 * healthySpread(signal, value) + 1e-3,
          `${name}: ${seen} of ${value}`,
        );
        sum += seen;
      }
      const mean = sum / 300;
      assert(
        Math.abs(mean - within) <= 0.3 * healthySpread(signal, value) + resolution / 2 + 1e-3,
        `${name}: ${mean}`,
      );
    }
  }
});

test('a sensor that lags has 63 % of a step after its time, whatever the interval; the others all of it', () => {
  const lags: Record<string, number> = {
    intakeAirTemperature: 8,
    coolantTemperature: 4,
    oilTemperature: 6,
    catalystTemperature: 4,
    ambientTemperature: 60,
  };
  const step = 50;
  for (const intervalMs of [500, 1000, 2000]) {
    const sensors = new Sensors();
    const random = RandomStream.of(1, 0, 'sensors');
    sensors.begin(new Float64Array(signalCount));
    const columns = columnsOf(240);
    for (let n = 0; n < 240; n++)
      sensors.read(intervalMs, new Float64Array(signalCount).fill(step), columns, n, random);
    for (const name of signalNames) {
      const column = columns[signalIndex[name]]!;
      const lag = lags[name];
      const spread = healthySpread(signalIndex[name], step);
      const { range } = signals[signalIndex[name]]!;
      const end = Math.min(range.max, Math.max(range.min, step));
      if (lag !== undefined) {
        const at = Math.round((lag * 1000) / intervalMs) - 1;
        assert(Math.abs(column[at]! - 0.632 * step) < spread + 1, `${name}: ${column[at]} after ${lag} s`);
      } else if (name !== 'lambda')
        assert(Math.abs(column[0]! - end) < 1.2 * spread + 0.01, `${name}: ${column[0]}`);
      if (lag !== 60)
        assert(Math.abs(column.at(-1)! - end) < 1.2 * spread + 0.01, `${name}: ${column.at(-1)}`);
    }
  }
});

test('a sensor that the car lacks stays NaN and takes its draw all the same', () => {
  const lacking = new Sensors();
  const all = new Sensors();
  const one = RandomStream.of(1, 0, 'sensors');
  const other = RandomStream.of(1, 0, 'sensors');
  const without = columnsOf(1);
  const columns = columnsOf(1);
  const values = new Float64Array(signalCount).fill(50);
  lacking.begin(values);
  all.begin(values);
  const some = values.slice();
  some[signalIndex.gear] = Number.NaN;
  some[signalIndex.shortTermFuelTrim] = Number.NaN;
  lacking.read(1000, some, without, 0, one);
  all.read(1000, values.slice(), columns, 0, other);
  for (const name of signalNames) {
    const value = without[signalIndex[name]]![0]!;
    if (name === 'gear' || name === 'shortTermFuelTrim') assert(Number.isNaN(value));
    else assert.equal(value, columns[signalIndex[name]]![0]);
  }
  assert.equal(one.bits(), other.bits());
});

test('noises are the same draws as one noise after the other', () => {
  const one = RandomStream.of(3, 1, 'x');
  const other = RandomStream.of(3, 1, 'x');
  const all = new Float64Array(50);
  one.noises(all);
  for (const value of all) assert.equal(value, other.noise());
  assert.equal(one.bits(), other.bits());
});

test('what sensors have followed is stored and loaded', () => {
  const sensors = new Sensors();
  const random = RandomStream.of(1, 0, 'sensors');
  sensors.begin(new Float64Array(signalCount).fill(20));
  const columns = columnsOf(2);
  sensors.read(1000, new Float64Array(signalCount).fill(90), columns, 0, random);
  const memory = new Float64Array(sensors.size + 3);
  sensors.store(memory, 3);
  const later = new Sensors();
  later.load(memory, 3);
  const words = new Int32Array(4);
  random.store(words, 0);
  sensors.read(1000, new Float64Array(signalCount).fill(90), columns, 0, random);
  random.load(words, 0);
  later.read(1000, new Float64Array(signalCount).fill(90), columns, 1, random);
  for (const column of columns) assert.equal(column[1], column[0]);
});
