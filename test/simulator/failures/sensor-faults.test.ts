import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { signalIndex, signalNames, signals, type SignalName } from '#contract/signals.ts';
import type { FailureId } from '#simulator/failures/failures.ts';
import { healthySpread } from '#simulator/sensors.ts';
import { effectOf, mean, overMs, share, type Effect } from './effects.ts';

const cars = 200;
const profiles = { petrol: 0.5, turbo: 0.3, diesel: 0.2 };
const sensors: readonly SignalName[] = [
  'coolantTemperature',
  'massAirFlow',
  'manifoldPressure',
  'oilPressure',
  'intakeAirTemperature',
  'batteryVoltage',
];
const faults = [
  'sensor-stuck',
  'sensor-bias',
  'sensor-drift',
  'sensor-spike',
  'sensor-dropout',
  'sensor-noise',
] as const satisfies FailureId[];

/** Reading by reading: what a sensor reports beside what it would report, from the onset on. */
function pairsOf(effect: Effect, sensor: SignalName, fromMs = 0, toMs = Infinity): [number, number][][] {
  const index = signalIndex[sensor];
  return effect.cars.map(({ well, failing }, car) => {
    const { onsetSim } = effect.times[car]!;
    return well.simTimes.flatMap((at, n): [number, number][] =>
      at >= onsetSim + fromMs && at < onsetSim + toMs
        ? [[failing.columns[index]![n]!, well.columns[index]![n]!]]
        : [],
    );
  });
}

for (const id of faults) {
  test(`${id}: that sensor alone, from the onset on, in whole counts within its range`, () => {
    for (const sensor of sensors) {
      const effect = effectOf({ id, profiles, cars: sensor === 'coolantTemperature' ? cars : 24, sensor });
      const { resolution, range } = signals[signalIndex[sensor]]!;
      for (const name of signalNames) {
        const from = name === sensor ? -Infinity : 0;
        if (name !== sensor) assert.equal(share(effect.differs(name, from, Infinity)), 0, name);
        assert.equal(share(effect.differs(name, -Infinity, 0)), 0, `${name} before the onset`);
      }
      for (const [reported] of pairsOf(effect, sensor).flat()) {
        if (Number.isNaN(reported)) {
          assert.equal(id, 'sensor-dropout');
          continue;
        }
        assert(reported >= range.min && reported <= range.max, `${sensor}: ${reported}`);
        const counts = reported / resolution;
        assert(Math.abs(counts - Math.round(counts)) < 0.01, `${sensor}: ${reported} is no count`);
      }
      // A warm engine's coolant hardly moves, so a sensor that stands still there is hardly wrong.
      const least = id === 'sensor-stuck' && sensor === 'coolantTemperature' ? 0.15 : 0.9;
      const visible = share(effect.times.map(({ detectableAtSim }) => detectableAtSim !== null));
      assert(visible >= least, `${sensor}: ${visible} can be seen`);
    }
  });
}

describe('each sensor fault is what it is called', () => {
  const of = (id: FailureId, severity = 1): Effect =>
    effectOf({ id, profiles, cars, severity, sensor: 'coolantTemperature' });
  const offOf = (effect: Effect, fromMs: number, toMs: number): number[][] =>
    pairsOf(effect, 'coolantTemperature', fromMs, toMs).map((car) => car.map(([bad, well]) => bad - well));

  test('a bias is the same all the time, either way by car, and half as far at half the severity', () => {
    const off = offOf(of('sensor-bias'), 0, Infinity);
    for (const car of off) assert.deepEqual(new Set(car.map(Math.abs)), new Set([30]));
    const up = share(off.map((car) => car[0]! > 0));
    assert(up > 0.35 && up < 0.65, `${up} of the cars read high`);
    for (const car of offOf(of('sensor-bias', 0.5), 0, Infinity))
      assert.deepEqual(new Set(car.map(Math.abs)), new Set([15]));
  });

  test('a drift grows ever faster, one way, and stays', () => {
    const at = (from: number): number =>
      mean(offOf(of('sensor-drift'), from * overMs, (from + 0.1) * overMs).map((car) => Math.abs(mean(car))));
    assert(at(0) < 2 && at(0.45) > at(0) && at(0.9) - at(0.45) > at(0.45) - at(0));
    assert.deepEqual(
      offOf(of('sensor-drift'), overMs, Infinity).map((car) => Math.abs(car[0]!)),
      Array<number>(cars).fill(30),
    );
  });

  test('spikes hit single readings, both ways, more of them in time', () => {
    const hits = (from: number, to: number, severity = 1): number[] =>
      offOf(of('sensor-spike', severity), from * overMs, to * overMs)
        .flat()
        .map((by) => (Math.abs(by) > 5 ? Math.sign(by) : 0));
    const rate = (signs: number[]): number => share(signs.map((one) => one !== 0));
    assert(rate(hits(0, 0.1)) > 0.01 && rate(hits(0, 0.1)) < 0.06);
    assert(rate(hits(0.9, 1)) > 0.15 && rate(hits(0.9, 1)) < 0.25);
    assert(rate(hits(0.9, 1, 0.3)) < rate(hits(0.9, 1)));
    assert(Math.abs(mean(hits(0, 1))) < 0.02);
  });

  test('a drop-out is absent now and then, at last for good', () => {
    const absent = (from: number, to: number, severity = 1): number =>
      share(
        offOf(of('sensor-dropout', severity), from * overMs, to * overMs)
          .flat()
          .map(Number.isNaN),
      );
    assert(absent(0, 0.1) > 0.02 && absent(0, 0.1) < 0.15);
    assert(absent(0.4, 0.6) > absent(0, 0.1));
    assert.equal(absent(1, 1.3), 1);
    assert(absent(1, 1.3, 0.5) > 0.4 && absent(1, 1.3, 0.5) < 0.65);
  });

  test('noise is right on average and wrong each time', () => {
    const off = offOf(of('sensor-noise'), overMs, Infinity).flat();
    assert(Math.abs(mean(off)) < 0.5);
    const deviation = Math.sqrt(mean(off.map((by) => by * by)));
    assert(deviation > 7 && deviation < 11, `${deviation} K`);
    const spread = healthySpread(signalIndex.coolantTemperature, 90);
    assert(share(off.map((by) => Math.abs(by) > spread)) > 0.7);
  });

  test('a sensor that a car lacks stays absent', () => {
    for (const id of faults) {
      const effect = effectOf({ id, profiles: { petrol: 1 }, cars: 4, sensor: 'gear' });
      assert.equal(effect.times.length, 4);
    }
  });
});
