import assert from 'node:assert/strict';
import { test } from 'node:test';
import { failures } from '#contract/failures.ts';
import { signalIndex, signalNames } from '#contract/signals.ts';
import { carLife } from '#simulator/car-life.ts';
import { failingCars, suitedCars, suitedProfiles } from '#simulator/failures/choice.ts';
import { failureIds } from '#simulator/failures/failures.ts';
import type { FleetFailure } from '#simulator/fleet.ts';
import { hasSignal, profiles } from '#simulator/population/profiles.ts';
import { fleetWith } from '../fleets.ts';
import { failureWith } from './fleets.ts';

const indicesOf = (fleet: Parameters<typeof failingCars>[0]): number[] =>
  [...failingCars(fleet).keys()].sort((a, b) => a - b);

test('so many cars fail as each failure asks for, and none in two ways', () => {
  const first = failureWith({ cars: 300 });
  const second = failureWith({ failure: 'sensor-stuck', cars: 500 });
  const chosen = failingCars(fleetWith({ cars: 1000, failures: [first, second] }));
  assert.equal(chosen.size, 800);
  assert.equal([...chosen.values()].filter((failure) => failure === first).length, 300);
  assert.equal([...chosen.values()].filter((failure) => failure === second).length, 500);
  assert.equal(failingCars(fleetWith()).size, 0);
});

test('where more are asked for than there are, all fail', () => {
  const failing = [failureWith({ cars: 20 }), failureWith({ cars: 20 })];
  assert.equal(failingCars(fleetWith({ cars: 24, failures: failing })).size, 24);
});

test('the seed chooses, and spreads its choice over the fleet', () => {
  const fleet = fleetWith({ cars: 10_000, failures: [failureWith({ cars: 200 })] });
  const chosen = indicesOf(fleet);
  assert.deepEqual(indicesOf(fleet), chosen);
  assert.notDeepEqual(indicesOf({ ...fleet, seed: 43 }), chosen);
  for (let from = 0; from < 10_000; from += 2500) {
    const within = chosen.filter((index) => index >= from && index < from + 2500).length;
    assert(within > 25 && within < 75, `${within} of 200 in a quarter of the fleet`);
  }
});

test('a later failure takes nothing from an earlier one', () => {
  const first = failureWith({ cars: 5 });
  const alone = indicesOf(fleetWith({ cars: 100, failures: [first] }));
  const both = failingCars(fleetWith({ cars: 100, failures: [first, failureWith({ cars: 50 })] }));
  for (const index of alone) assert.equal(both.get(index), first);
});

test('cars that are there at the onset fail first', () => {
  const fleet = fleetWith({
    cars: 1000,
    stages: [
      { forMs: 1000, cars: 10 },
      { forMs: 1000, cars: 1000 },
      { forMs: 1000, cars: 10 },
    ],
  });
  const chosenAt = (atMs: number, cars: number): number[] =>
    indicesOf({ ...fleet, failures: [failureWith({ atMs, cars })] });
  assert(chosenAt(0, 10).every((index) => index < 10));
  assert(chosenAt(1500, 50).every((index) => index < 505));
  assert(chosenAt(1999, 50).some((index) => index > 505));
  assert(chosenAt(2990, 10).every((index) => index < 19));
  const more = chosenAt(500, 12);
  assert.deepEqual(more.slice(0, 10), [0, 1, 2, 3, 4, 5, 6, 7, 8, 9]);
  assert.equal(more.length, 12);
});

test('a sensor fails in cars that have it', () => {
  const fleet = fleetWith({ profiles: { diesel: 0.5, petrol: 0.5 } });
  const stuck = failureWith({ failure: 'sensor-stuck', sensor: 'shortTermFuelTrim', cars: 24 });
  const chosen = indicesOf({ ...fleet, failures: [stuck] });
  assert.equal(chosen.length, 12);
  for (const index of chosen) {
    const first = carLife(fleet, index).next();
    assert(!first.done && !Number.isNaN(first.value.columns[signalIndex.shortTermFuelTrim]![0]));
  }
});

test('a profile lacks the signals that its cars report as NaN, and no others', () => {
  for (const [name, profile] of profiles) {
    const fleet = fleetWith({ cars: 1, profiles: { [name]: 1 } });
    const first = carLife(fleet, 0).next();
    assert(!first.done);
    for (const signal of signalNames) {
      const isThere: boolean = !Number.isNaN(first.value.columns[signalIndex[signal]]![5]);
      assert.equal(hasSignal(profile, signal), isThere, `${name}: ${signal}`);
    }
  }
});

test('a failure happens to cars that can have it, and to no others', () => {
  const fleet = fleetWith({ cars: 100, profiles: { petrol: 0.5, turbo: 0.2, diesel: 0.2, hybrid: 0.1 } });
  const kindsOf = (failure: Partial<FleetFailure>): number =>
    failingCars({ ...fleet, failures: [failureWith({ cars: 100, ...failure })] }).size;
  assert.equal(kindsOf({ failure: 'boost-leak' }), 40);
  assert.equal(kindsOf({ failure: 'turbo-wear' }), 40);
  assert.equal(kindsOf({ failure: 'injector-clogging' }), 80);
  assert.equal(kindsOf({ failure: 'catalyst-ageing' }), 80);
  assert.equal(kindsOf({ failure: 'alternator-failing' }), 90);
  assert.equal(kindsOf({ failure: 'misfire' }), 100);
  assert.equal(kindsOf({ failure: 'trailer', sensor: 'gear' }), 100, 'a sensor is of no account to others');
  assert.equal(kindsOf({ failure: 'sensor-drift', sensor: 'gear' }), 90);
  assert.equal(kindsOf({ failure: 'sensor-dropout', sensor: 'longTermFuelTrim' }), 80);
  const leak = { failure: 'boost-leak', sensor: 'coolantTemperature' } as const;
  assert.equal(suitedCars(leak, fleet.profiles, 100), 40);
  assert.deepEqual(suitedProfiles(leak, ['petrol', 'diesel']), { suited: ['diesel'], lacking: 'a charger' });
});

test('every failure of the contract is built, and no other', () => {
  assert.deepEqual(
    failureIds,
    failures.map(({ id }) => id),
  );
});
