import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Car } from '#simulator/car.ts';
import type { Fleet } from '#simulator/fleet.ts';
import { Driver } from '#simulator/driving/driver.ts';
import { profiles } from '#simulator/population/profiles.ts';
import { RandomStream } from '#simulator/random.ts';
import { fleetWith } from '../fleets.ts';
import { failureWith, lived, quantile, type LivedCar } from './fleets.ts';

const minuteMs = 60_000;
const cars = 24;

/** Cars of one profile that all lose their coolant; the onset comes `beforeMs` of their time after they begin. */
function leaking(
  profile: string,
  start: Fleet['start'],
  beforeMs: number,
  severity: number,
): { cars: LivedCar[]; healthy: LivedCar[] } {
  const fleet = fleetWith({
    cars,
    profiles: { [profile]: 1 },
    start,
    speedup: 100,
    stages: [{ forMs: (beforeMs + 12 * minuteMs) / 100, cars }],
  });
  const indices = [...Array(cars).keys()];
  const failures = [failureWith({ atMs: beforeMs / 100, severity, cars })];
  return {
    cars: indices.map((index) => lived({ ...fleet, failures }, index)),
    healthy: indices.map((index) => lived(fleet, index)),
  };
}

/** Each car's coolant temperature at a share of the way from onset to failure. */
function coolantAt(leak: LivedCar[], share: number): number[] {
  return leak.map(({ simTimes, columns, told }) => {
    const at = told[0]!.onsetSim + share * 10 * minuteMs;
    return columns.coolantTemperature[simTimes.findIndex((simTime) => simTime >= at)]!;
  });
}

const hottest = ({ simTimes, columns, told }: LivedCar): number =>
  Math.max(...columns.coolantTemperature.filter((_, n) => simTimes[n]! <= told[0]!.failureAtSim));

for (const profile of profiles.keys()) {
  test(`${profile}: driven warm, a leak overheats it before it fails, the worse the sooner`, () => {
    const slight = leaking(profile, 'warm', 10 * minuteMs, 0.3).cars;
    const { cars: clear, healthy } = leaking(profile, 'warm', 10 * minuteMs, 0.7);
    const total = leaking(profile, 'warm', 10 * minuteMs, 1).cars;
    const overheated = (leak: LivedCar[]): number => leak.filter((car) => hottest(car) >= 110).length / cars;
    assert(overheated(healthy.map((car, n) => ({ ...car, told: clear[n]!.told }))) === 0);
    assert(overheated(slight) <= 0.1, `${overheated(slight)} overheat of a slight leak`);
    // A hybrid in town rests its engine, and cools; a strong engine has a large radiator.
    const isHybrid = profile === 'hybrid';
    const least = isHybrid || profile === 'turbo' ? 0.3 : 0.55;
    assert(overheated(clear) >= least, `${overheated(clear)} overheat of a clear leak`);
    assert(overheated(total) >= (isHybrid ? 0.55 : 0.85), `${overheated(total)} overheat without coolant`);
    const medians = [0, 0.25, 0.5, 0.75, 1].map((share) => quantile(coolantAt(clear, share), 0.5));
    // The thermostat holds out at first.
    assert(medians[1]! - medians[0]! <= 2 && medians[2]! - medians[0]! >= 1, medians.join());
    assert(medians[4]! > medians[3]! + 5 && medians[3]! > medians[2]!, medians.join());
    assert(Math.max(...total.map(hottest)) < 175, 'it steams');
  });

  test(`${profile}: from cold it warms faster and past its thermostat`, () => {
    const { cars: leak, healthy } = leaking(profile, 'parked', 0, 1);
    const warmerAt = (share: number): number[] =>
      leak.map((car, n) => {
        const at = car.simTimes.findIndex(
          (simTime) => simTime >= car.told[0]!.onsetSim + share * 10 * minuteMs,
        );
        return car.columns.coolantTemperature[at]! - healthy[n]!.columns.coolantTemperature[at]!;
      });
    assert(
      warmerAt(0.1).every((difference) => Math.abs(difference) <= 1),
      'nothing is seen at the beginning',
    );
    const warming = warmerAt(1);
    // A hybrid's engine that is warm sooner rests sooner, and cools.
    const least = profile === 'hybrid' ? -15 : -3;
    assert(warming.every((difference) => difference >= least));
    assert(
      quantile(warming, 0.5) >= (profile === 'hybrid' ? 1 : 3),
      `${quantile(warming, 0.5)} K above healthy`,
    );
    assert(leak.some((car) => hottest(car) > 110));
  });
}

test('idling, it overheats too, but slower', () => {
  const after = (lost: number): number => {
    const car = new Car(profiles.get('petrol')!);
    const simTime = Date.UTC(2026, 0, 5, 8);
    car.begin(1, 0, profiles.get('petrol')!, 'warm', simTime);
    car.health.coolantLost = lost;
    const standing = new Driver();
    const random = RandomStream.of(1, 0, 'idle');
    car.powertrain.motion.speed = 0;
    for (let second = 0; second < 1200; second++) {
      const { powertrain, surroundings, build, health } = car;
      powertrain.step(1, standing, surroundings, profiles.get('petrol')!, build, health, random);
    }
    assert.equal(car.powertrain.motion.speed, 0);
    return car.powertrain.heat.coolant;
  };
  assert(after(0) < 95, `${after(0)} degC`);
  assert(after(0.3) < 98, `${after(0.3)} degC`);
  assert(after(0.7) > 98, `${after(0.7)} degC`);
  assert(after(1) > 115, `${after(1)} degC: it boils`);
});

test('a failing car is driven as if nothing were', () => {
  const { cars: leak, healthy } = leaking('petrol', 'warm', 5 * minuteMs, 1);
  for (const [n, { columns, told }] of leak.entries()) {
    assert.equal(told[0]!.failure.severity, 1);
    assert.deepEqual(columns.speed, healthy[n]!.columns.speed);
    assert.deepEqual(columns.ambientTemperature, healthy[n]!.columns.ambientTemperature);
  }
});

test('oil follows the coolant a little, and its pressure falls', () => {
  const { cars: leak, healthy } = leaking('petrol', 'warm', 10 * minuteMs, 0.7);
  const rises = leak.map((car, n) => {
    const failed = car.simTimes.findIndex((simTime) => simTime >= car.told[0]!.failureAtSim);
    const rise = (name: 'coolantTemperature' | 'oilTemperature' | 'oilPressure'): number =>
      car.columns[name][failed]! - healthy[n]!.columns[name][failed]!;
    return {
      coolant: rise('coolantTemperature'),
      oil: rise('oilTemperature'),
      pressure: rise('oilPressure'),
    };
  });
  for (const { coolant, oil } of rises)
    assert(oil >= 0 && oil < coolant, `oil ${oil} K, coolant ${coolant} K`);
  assert(
    quantile(
      rises.map(({ oil }) => oil),
      0.5,
    ) > 3,
  );
  assert(
    quantile(
      rises.map(({ pressure }) => pressure),
      0.5,
    ) < 0,
  );
});
