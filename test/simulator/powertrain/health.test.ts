import assert from 'node:assert/strict';
import { test } from 'node:test';
import { signalIndex, signalNames, type SignalName } from '#contract/signals.ts';
import { Health } from '#simulator/powertrain/health.ts';
import { Rig } from './rig.ts';

const cars = 8;
const seconds = 1500;
const settled = 600;

interface Lived {
  /** By signal, over all cars and the time after it has settled. */
  mean: Float64Array;
  highest: Float64Array;
}

/** Warm cars that drive with this from their beginning on; true values. */
function lived(profile: string, health: Partial<Health>): Lived {
  const mean = new Float64Array(signalNames.length);
  const highest = new Float64Array(signalNames.length).fill(-Infinity);
  for (let car = 0; car < cars; car++) {
    const rig = new Rig(profile, { car });
    Object.assign(rig.health, health);
    for (let second = 0; second < seconds; second++) {
      rig.step();
      if (second < settled) continue;
      rig.get('speed');
      for (const [signal, value] of rig.powertrain.values.entries()) {
        mean[signal]! += value / (cars * (seconds - settled));
        highest[signal] = Math.max(highest[signal]!, value);
      }
    }
  }
  return { mean, highest };
}

const healthy = new Map(
  ['petrol', 'turbo', 'diesel', 'hybrid'].map((profile) => [profile, lived(profile, {})]),
);

interface Case {
  name: string;
  health: Partial<Health>;
  profile: string;
  /** By at least so much the mean moves. */
  moves?: Partial<Record<SignalName, number>>;
  /** By at least so much the highest moves. */
  highest?: Partial<Record<SignalName, number>>;
  /** What stays exactly as it is; 'rest' for all that are not named. */
  still: readonly SignalName[] | 'rest';
}

/** What never hangs on an engine's health, the driver being as strong. */
const road = ['ambientTemperature', 'ambientPressure'] as const;
const electric = ['batteryVoltage', 'batteryCurrent'] as const;
const mixture = ['shortTermFuelTrim', 'longTermFuelTrim', 'lambda'] as const;
const vibration = ['vibrationRms', 'vibrationKurtosis'] as const;

const cases: Case[] = [
  {
    name: 'coolant that is gone: hot, and oil thins',
    health: { coolantLost: 0.6 },
    profile: 'petrol',
    moves: { coolantTemperature: 15, oilTemperature: 10, oilPressure: -20 },
    still: [...road, ...mixture, ...vibration, 'speed', 'engineSpeed', 'batteryVoltage'],
  },
  {
    name: 'a thermostat that never closes: cold, and thick oil',
    health: { thermostatStuck: 0.2 },
    profile: 'petrol',
    moves: { coolantTemperature: -15, oilTemperature: -10, oilPressure: 10 },
    still: [...road, 'speed', 'vibrationKurtosis'],
  },
  {
    name: 'misfire: rough, reads lean, and its fuel burns in the catalyst',
    health: { misfireShare: 0.1 },
    profile: 'petrol',
    moves: {
      catalystTemperature: 100,
      longTermFuelTrim: 1.5,
      vibrationRms: 0.05,
      vibrationKurtosis: 0.1,
      manifoldPressure: 1,
    },
    still: road,
  },
  {
    name: 'a worn oil pump',
    health: { oilPumpFactor: 0.6 },
    profile: 'petrol',
    moves: { oilPressure: -60 },
    still: 'rest',
  },
  {
    name: 'worn bearings: impacts, and oil leaks through them',
    health: { bearingWear: 0.6 },
    profile: 'petrol',
    moves: { vibrationRms: 0.3, vibrationKurtosis: 3, oilPressure: -15 },
    still: 'rest',
  },
  {
    name: 'charge air that leaks: less pressure from more air',
    health: { chargeLeak: 0.5 },
    profile: 'diesel',
    moves: { manifoldPressure: -4, massAirFlow: 1 },
    highest: { manifoldPressure: -30 },
    still: [...road, 'vibrationKurtosis'],
  },
  {
    name: 'charge air that leaks behind a petrol engine: its highest pressure falls',
    health: { chargeLeak: 0.6 },
    profile: 'turbo',
    highest: { manifoldPressure: -8 },
    still: [...road, 'vibrationKurtosis'],
  },
  {
    name: 'a weak charger: less pressure and less air',
    health: { boostFactor: 0.4 },
    profile: 'diesel',
    moves: { manifoldPressure: -4, massAirFlow: -0.1, lambda: -0.002 },
    highest: { manifoldPressure: -40 },
    still: [...road, 'vibrationKurtosis'],
  },
  {
    name: 'a charger that is slow',
    health: { spoolFactor: 4 },
    profile: 'diesel',
    moves: { manifoldPressure: -1.5, massAirFlow: -0.3 },
    still: [...road, ...electric, ...vibration, 'speed', 'engineSpeed', 'oilPressure', 'coolantTemperature'],
  },
  {
    name: 'injectors that give less: the trims make up for it',
    health: { injectorFactor: 0.85 },
    profile: 'petrol',
    moves: { longTermFuelTrim: 7, shortTermFuelTrim: 0.5 },
    still: [...road, ...electric, ...vibration, 'speed', 'engineSpeed', 'gear'],
  },
  {
    name: 'an alternator that makes less: lower voltage, the battery gives',
    health: { alternatorFactor: 0.2 },
    profile: 'petrol',
    moves: { batteryVoltage: -0.3, batteryCurrent: -2 },
    still: 'rest',
  },
  {
    name: 'a converter that makes less, in a hybrid',
    health: { alternatorFactor: 0.2 },
    profile: 'hybrid',
    moves: { batteryVoltage: -0.3, batteryCurrent: -2 },
    still: 'rest',
  },
  {
    name: 'a catalyst that converts less stays cooler',
    health: { catalystFactor: 0.3 },
    profile: 'petrol',
    moves: { catalystTemperature: -30 },
    still: 'rest',
  },
  {
    name: 'a clogged air filter: full load gets less air',
    health: { filterRestriction: 0.9 },
    profile: 'petrol',
    moves: { manifoldPressure: -0.3 },
    highest: { manifoldPressure: -8 },
    still: [...road, 'vibrationKurtosis'],
  },
  {
    name: 'a head gasket that leaks: combustion heats the coolant, less filling',
    health: { gasketLeak: 0.7 },
    profile: 'petrol',
    moves: { coolantTemperature: 6, manifoldPressure: 0.5, oilTemperature: 4 },
    still: road,
  },
  {
    name: 'a hot day',
    health: { ambientOffsetC: 15 },
    profile: 'petrol',
    moves: { ambientTemperature: 14.9, intakeAirTemperature: 13, batteryVoltage: -0.05 },
    still: ['ambientPressure', 'speed', 'vibrationKurtosis'],
  },
  {
    name: 'a trailer: more load',
    health: { addedMassKg: 900, addedDragM2: 0.8 },
    profile: 'petrol',
    moves: { manifoldPressure: 4, massAirFlow: 2, throttlePosition: 2, catalystTemperature: 8 },
    still: [...road, 'vibrationKurtosis'],
  },
  {
    name: 'a steep grade: more load',
    health: { addedSlope: 0.04 },
    profile: 'petrol',
    moves: { manifoldPressure: 6, massAirFlow: 3, oilTemperature: 1 },
    still: [...road, 'vibrationKurtosis'],
  },
  {
    name: 'sport driving: faster, higher engine speed',
    health: { temperOffset: 0.6 },
    profile: 'petrol',
    moves: { speed: 1.5, engineSpeed: 100, massAirFlow: 0.5 },
    still: [...road, 'vibrationKurtosis'],
  },
  {
    name: 'a battery that was flat takes current',
    health: { batteryMissingAh: 25 },
    profile: 'petrol',
    moves: { batteryCurrent: 15 },
    still: 'rest',
  },
];

for (const { name, health, profile, moves = {}, highest = {}, still } of cases) {
  test(`${profile}: ${name}`, () => {
    const well = healthy.get(profile)!;
    const ill = lived(profile, health);
    for (const [of, expected] of [
      ['mean', moves],
      ['highest', highest],
    ] as const) {
      for (const [signal, least] of Object.entries(expected) as [SignalName, number][]) {
        const moved = ill[of][signalIndex[signal]]! - well[of][signalIndex[signal]]!;
        assert(moved / least >= 1, `${of} ${signal} moves by ${moved}, expected ${least} or more`);
      }
    }
    const untouched =
      still === 'rest'
        ? signalNames.filter((signal) => !(signal in moves || electric.includes(signal as never)))
        : still;
    for (const signal of untouched)
      assert.equal(ill.mean[signalIndex[signal]], well.mean[signalIndex[signal]], signal);
  });
}

test('coolant in a cylinder makes the first minutes after a cold start rough, and then no more', () => {
  const rig = new Rig('petrol', { how: 'cold' });
  rig.health.gasketLeak = 1;
  rig.step();
  const early = rig.powertrain.engine.misfire;
  for (let second = 0; second < 600; second++) rig.step();
  assert(early > 0.1 && rig.powertrain.engine.misfire < 0.001);
});

test('every field of health has a case, and heal() takes all of them back', () => {
  const health = new Health();
  const neutral = Object.fromEntries(Object.entries(health)) as Record<keyof Health, number>;
  const fields = Object.keys(neutral) as (keyof Health)[];
  for (const field of fields) {
    assert(
      cases.some((one) => field in one.health),
      field,
    );
    Object.assign(health, { [field]: 7 });
  }
  health.heal();
  assert.deepEqual(Object.fromEntries(Object.entries(health)), neutral);
});

test('health draws nothing: whatever is wrong with a car, its stream is in the same state', () => {
  const words = (health: Partial<Health>): Int32Array => {
    const rig = new Rig('turbo', { car: 4, how: 'cold' });
    Object.assign(rig.health, health);
    for (let second = 0; second < 2000; second++) rig.step();
    const state = new Int32Array(4);
    rig.random.store(state, 0);
    return state;
  };
  const well = words({});
  for (const { health } of cases) assert.deepEqual(words(health), well, JSON.stringify(health));
});
