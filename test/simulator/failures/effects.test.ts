import assert from 'node:assert/strict';
import { test } from 'node:test';
import { signalNames, signals, type SignalName } from '#contract/signals.ts';
import { failures } from '#contract/failures.ts';
import { suitedProfiles } from '#simulator/failures/choice.ts';
import { failureIds, type FailureId } from '#simulator/failures/failures.ts';
import { profiles } from '#simulator/population/profiles.ts';
import { fleetWith } from '../fleets.ts';
import { effectOf, mean, overMs, share } from './effects.ts';
import { failureWith, lived } from './fleets.ts';

const cars = 200;
const minuteMs = 60_000;
const most = { petrol: 0.5, turbo: 0.3, diesel: 0.2 };
const petrol = { petrol: 0.6, turbo: 0.4 };
const diesel = { diesel: 1 };

interface Expected {
  profiles: Record<string, number>;
  rises?: SignalName[];
  falls?: SignalName[];
  /** Beside these two, the only signals that may change at all; any may unless given. */
  touches?: SignalName[];
  /** Of the cars, that go that way in the end; 0.9 unless given. */
  least?: number;
  /** Of the cars, whose failure can be seen in time; 0.9 unless given. */
  seen?: number;
}

/** What an engineer would expect of a clear failure, ten minutes after its onset. */
const expected: Partial<Record<FailureId, Expected>> = {
  'thermostat-stuck-open': {
    profiles: most,
    falls: ['coolantTemperature', 'oilTemperature'],
    rises: ['oilPressure'],
  },
  'coolant-loss': {
    profiles: most,
    rises: ['coolantTemperature', 'oilTemperature'],
    falls: ['oilPressure'],
  },
  misfire: {
    profiles: petrol,
    rises: [
      'vibrationRms',
      'vibrationKurtosis',
      'catalystTemperature',
      'longTermFuelTrim',
      'manifoldPressure',
    ],
    least: 0.85,
  },
  'oil-pressure-loss': { profiles: most, falls: ['oilPressure'], touches: [] },
  'bearing-wear': {
    profiles: most,
    rises: ['vibrationKurtosis', 'vibrationRms'],
    falls: ['oilPressure'],
    touches: [],
  },
  'boost-leak': {
    profiles: diesel,
    falls: ['manifoldPressure'],
    rises: ['massAirFlow'],
  },
  'injector-clogging': {
    profiles: petrol,
    rises: ['longTermFuelTrim', 'shortTermFuelTrim'],
  },
  'alternator-failing': {
    profiles: most,
    falls: ['batteryVoltage', 'batteryCurrent'],
    touches: [],
  },
  'catalyst-ageing': { profiles: petrol, falls: ['catalystTemperature'], touches: [] },
  'air-filter-clogging': { profiles: diesel, falls: ['manifoldPressure'] },
  'head-gasket-leak': {
    profiles: most,
    rises: ['coolantTemperature', 'oilTemperature', 'manifoldPressure'],
    falls: ['oilPressure'],
    least: 0.8,
  },
  'turbo-wear': { profiles: diesel, falls: ['manifoldPressure', 'massAirFlow'], least: 0.75 },
  'hot-day': {
    profiles: most,
    rises: ['ambientTemperature', 'intakeAirTemperature', 'oilTemperature'],
    falls: ['massAirFlow'],
  },
  trailer: { profiles: most, rises: ['massAirFlow', 'oilTemperature', 'catalystTemperature'] },
  'steep-grade': {
    profiles: most,
    rises: ['manifoldPressure', 'massAirFlow', 'oilTemperature', 'catalystTemperature'],
  },
  'jump-start': { profiles: most, rises: ['batteryCurrent'], touches: ['batteryVoltage'] },
  'sport-driving': { profiles: most, rises: ['engineSpeed', 'oilTemperature', 'catalystTemperature'] },
};

const isBenign = (id: FailureId): boolean => failures.some((one) => one.id === id && one.kind === 'benign');

/** Ms after the onset at which the failure is clear, and its circumstance still lasts. */
const clear = [0.7 * overMs, 0.9 * overMs] as const;

for (const id of failureIds) {
  const told = expected[id];
  if (!told) continue;
  const { rises = [], falls = [], least = 0.9, seen = 0.9 } = told;
  const range = isBenign(id) ? clear : ([0.85 * overMs, overMs] as const);

  test(`${id}: ${[...rises.map((n) => `${n} rises`), ...falls.map((n) => `${n} falls`)].join(', ')}`, () => {
    const effect = effectOf({ id, profiles: told.profiles, cars });
    for (const signal of rises) {
      const gone = share(effect.meanOf(signal, ...range).map((by) => by > 0));
      assert(gone >= least, `${signal} rises in ${gone} of the cars`);
    }
    for (const signal of falls) {
      const gone = share(effect.meanOf(signal, ...range).map((by) => by < 0));
      assert(gone >= least, `${signal} falls in ${gone} of the cars`);
    }
    const visible = share(effect.times.map(({ detectableAtSim }) => detectableAtSim !== null));
    assert(visible >= seen, `${visible} can be seen in time`);
    for (const { onsetSim, detectableAtSim, failureAtSim } of effect.times)
      if (detectableAtSim !== null) assert(detectableAtSim >= onsetSim && detectableAtSim <= failureAtSim);
  });

  test(`${id}: nothing before the onset, and nothing else than it can touch`, () => {
    const effect = effectOf({ id, profiles: told.profiles, cars });
    const allowed = new Set([...rises, ...falls, ...(told.touches ?? signalNames)]);
    for (const signal of signalNames) {
      assert.equal(share(effect.differs(signal, -Infinity, 0)), 0, `${signal} before the onset`);
      if (!allowed.has(signal)) assert.equal(share(effect.differs(signal, 0, Infinity)), 0, signal);
    }
    for (const signal of ['ambientPressure', 'speed', 'ambientTemperature'] as const) {
      // The road and the sky do not know of it; a driver in a hurry and a heavy car drive otherwise.
      if (!isBenign(id) && id !== 'misfire' && id !== 'air-filter-clogging')
        assert(share(effect.differs(signal, 0, Infinity)) < 0.35, signal);
    }
  });

  test(`${id}: the more severe, the further`, () => {
    const far = [0.3, 0.65, 1].map((severity) => {
      const effect = effectOf({ id, profiles: told.profiles, cars: 40, severity });
      return [...rises, ...falls].map((signal) => mean(effect.meanOf(signal, ...range)));
    });
    for (const [n, signal] of [...rises, ...falls].entries()) {
      const [slight, middle, all] = far.map((by) => Math.abs(by[n]!));
      assert(slight! <= middle! && middle! < all!, `${signal}: ${slight}, ${middle}, ${all}`);
    }
  });
}

test('every failure of an engine and every circumstance is tested here', () => {
  const others = failureIds.filter((id) => !id.startsWith('sensor-') && !expected[id]);
  assert.deepEqual(others, []);
});

test('what a failure touches stays within what its sensor can report', () => {
  for (const id of failureIds) {
    const kinds = suitedProfiles({ failure: id, sensor: 'coolantTemperature' }, [...profiles.keys()]).suited;
    const effect = effectOf({ id, profiles: Object.fromEntries(kinds.map((kind) => [kind, 1])), cars: 24 });
    for (const { failing } of effect.cars)
      for (const [signal, { range, name }] of signals.entries())
        for (const value of failing.columns[signal]!)
          assert(
            Number.isNaN(value) || (value >= range.min && value <= range.max),
            `${id}: ${name} ${value}`,
          );
  }
});

test('a circumstance is over when its time is, and the car is what it was', () => {
  for (const id of ['hot-day', 'trailer', 'steep-grade', 'sport-driving'] as const) {
    const effect = effectOf({ id, profiles: most, cars: 40 });
    const signal = id === 'hot-day' ? 'ambientTemperature' : 'throttlePosition';
    assert(share(effect.differs(signal, 0.3 * overMs, 0.6 * overMs)) === 1, id);
    const after = effect.meanOf(signal, overMs + 4 * minuteMs, Infinity).map(Math.abs);
    assert(share(after.map((by) => by < 0.5)) > 0.9, `${id}: ${mean(after)} off afterwards`);
    for (const { failureAtSim, onsetSim } of effect.times) assert.equal(failureAtSim - onsetSim, overMs);
  }
});

test('a flat battery takes less and less: a jump start passes', () => {
  const effect = effectOf({ id: 'jump-start', profiles: most, cars: 40 });
  const first = mean(effect.meanOf('batteryCurrent', 0, minuteMs));
  const later = mean(effect.meanOf('batteryCurrent', 10 * minuteMs, 12 * minuteMs));
  assert(first > 20 && later > 0 && later < first, `${first} A at first, ${later} A later`);
});

test('without boost a leak of charge air does not show: a petrol engine rarely has any, a diesel nearly always', () => {
  const seenOf = (kind: string): number =>
    share(
      effectOf({ id: 'boost-leak', profiles: { [kind]: 1 }, cars: 60 }).times.map(
        ({ detectableAtSim }) => detectableAtSim !== null,
      ),
    );
  const [turbo, van] = [seenOf('turbo'), seenOf('diesel')];
  assert(turbo > 0 && turbo < van, `${turbo} of the petrol cars, ${van} of the diesels`);
});

test('a hybrid shows a failure as well, while its engine runs', () => {
  for (const id of [
    'coolant-loss',
    'oil-pressure-loss',
    'misfire',
    'bearing-wear',
    'head-gasket-leak',
  ] as const) {
    const effect = effectOf({ id, profiles: { hybrid: 1 }, cars: 60 });
    const visible = share(effect.times.map(({ detectableAtSim }) => detectableAtSim !== null));
    assert(visible > 0.6, `${id}: ${visible}`);
  }
});

test('a leaking head gasket lets a cold engine shake until the coolant in its cylinder has burnt off', () => {
  const whole = fleetWith({
    profiles: petrol,
    start: 'parked',
    speedup: 100,
    // All but one car are started when the failure is complete.
    stages: [
      { forMs: 7000, cars: 1 },
      { forMs: 1000, cars: 24 },
      { forMs: 6000, cars: 24 },
    ],
  });
  const leaking = {
    ...whole,
    failures: [failureWith({ failure: 'head-gasket-leak', severity: 1, cars: 24 })],
  };
  for (let index = 1; index < 24; index++) {
    const [well, ill] = [lived(whole, index), lived(leaking, index)];
    const by = (from: number, to: number): number =>
      mean(
        ill.columns.vibrationRms
          .slice(from, to)
          .map((value, n) => value - well.columns.vibrationRms[from + n]!),
      );
    assert(by(10, 70) > 0.1, `${by(10, 70)} m/s2 in the first minute`);
    assert(by(360, 420) < 0.5 * by(10, 70), `${by(360, 420)} m/s2 after six minutes`);
  }
});
