import assert from 'node:assert/strict';
import { test } from 'node:test';
import { signalIndex } from '#contract/signals.ts';
import { carLife, CarLives } from '#simulator/car-life.ts';
import { failingCars } from '#simulator/failures/choice.ts';
import { grown, shareAt, type Course } from '#simulator/failures/failure.ts';
import type { Fleet } from '#simulator/fleet.ts';
import { timetableOf } from '#simulator/schedule/timetable.ts';
import { healthySpread } from '#simulator/sensors.ts';
import { fleetWith } from '../fleets.ts';
import { failureWith, lived, type LivedCar } from './fleets.ts';

const minuteMs = 60_000;
/** 20 minutes of the cars' time; half of the cars fail after 5. */
const fleet = fleetWith({ speedup: 100, stages: [{ forMs: 12_000, cars: 24 }] });
const failing: Fleet = {
  ...fleet,
  failures: [
    failureWith({ atMs: 3000, cars: 8 }),
    failureWith({ failure: 'sensor-stuck', atMs: 3000, overMs: 5 * minuteMs, cars: 4 }),
  ],
};

test('wear grows from nothing to all of it, ever faster, and stays', () => {
  for (const growth of [
    { a: 1, b: 1 },
    { a: 3, b: 1.5 },
  ]) {
    assert.equal(grown(growth, -1), 0);
    assert.equal(grown(growth, 0), 0);
    assert.equal(grown(growth, 1), 1);
    assert.equal(grown(growth, 5), 1);
    for (let x = 0.1; x < 0.95; x += 0.1) {
      const before = grown(growth, x) - grown(growth, x - 0.1);
      assert(before > 0 && grown(growth, x + 0.1) - grown(growth, x) > before);
    }
  }
});

test('what comes at once is there, and a circumstance comes, stays and goes', () => {
  const at = (course: Course, ...shares: number[]): number[] => shares.map((x) => shareAt(course, x));
  assert.deepEqual(at({ a: 1, b: 1 }, -0.5, 0, 1, 2), [0, 0, 1, 1]);
  assert.deepEqual(at('at-once', -0.01, 0, 0.5, 2), [0, 1, 1, 1]);
  assert.deepEqual(at('while-it-lasts', -0.5, 0, 0.05, 0.1, 0.5, 1, 5), [0, 0, 0.5, 1, 1, 0, 0]);
});

test('cars that do not fail report the same bytes, and those that do until their onset', () => {
  const chosen = failingCars(failing);
  assert.equal(chosen.size, 12);
  const onsetSim = fleet.simStartMs + 3000 * 100;
  for (let index = 0; index < fleet.cars; index++) {
    const well = lived(fleet, index);
    const { simTimes, columns, told } = lived(failing, index);
    assert.deepEqual(simTimes, well.simTimes);
    if (!chosen.has(index)) {
      assert.deepEqual(columns, well.columns);
      assert.equal(told.length, 0);
      continue;
    }
    const onset = simTimes.findIndex((simTime) => simTime >= onsetSim);
    const before = ({ columns: all }: Pick<LivedCar, 'columns'>): number[][] =>
      Object.values(all).map((column) => column.slice(0, onset));
    assert.deepEqual(before({ columns }), before(well));
    assert.notDeepEqual(columns, well.columns);
  }
});

test('a failing car is the same among others as alone, and whether somebody listens or not', () => {
  const indices = [...Array(fleet.cars).keys()];
  const among = new CarLives(failing, indices, () => {});
  const alone = indices.map((index) => carLife(failing, index));
  for (let message = 0; message < 110; message++) {
    for (const [slot, life] of alone.entries()) {
      const next = life.next();
      assert(!next.done);
      among.live(slot, next.value.simTime);
      assert.deepEqual(among.columns, next.value.columns, `car ${slot}, message ${message}`);
    }
  }
});

test('failures do not know where messages end', () => {
  for (const [index] of failingCars(failing)) {
    const whole = new CarLives(failing, [index]);
    const single = new CarLives({ ...failing, readingsPerMessage: 1 }, [index]);
    for (let message = 0; message < 110; message++) {
      const simTime = fleet.simStartMs + message * 10_000 + 1234;
      whole.live(0, simTime);
      for (let reading = 0; reading < 10; reading++) {
        single.live(0, simTime + reading * 1000);
        const values = single.columns.map((column) => column[0]);
        assert.deepEqual(
          values,
          whole.columns.map((column) => column[reading]),
        );
      }
    }
  }
});

test('onset, then detectable, then failed: told at the onset and once more', () => {
  for (const [index, failure] of failingCars(failing)) {
    const { simTimes, columns, told } = lived(failing, index);
    const onsetSim = fleet.simStartMs + 3000 * 100;
    const [first, second] = told;
    assert(told.length <= 2);
    assert.deepEqual(
      { ...first, detectableAtSim: null },
      { failure, onsetSim, detectableAtSim: null, failureAtSim: onsetSim + failure.overMs },
    );
    const known = second ?? first!;
    assert.equal(known.onsetSim, onsetSim);
    if (known.detectableAtSim === null) continue;
    assert(known.detectableAtSim >= onsetSim && known.detectableAtSim <= known.failureAtSim);
    // It is one of the readings, and there the sensor really is away from what a healthy car reports.
    const at = simTimes.indexOf(known.detectableAtSim);
    const healthy = lived(fleet, index).columns.coolantTemperature;
    const away = (n: number): boolean =>
      Math.abs(columns.coolantTemperature[n]! - healthy[n]!) >
      healthySpread(signalIndex.coolantTemperature, healthy[n]!);
    assert([0, 1, 2].every((n) => away(at + n)));
    for (let n = 0; n + 2 < at; n++) assert(!(away(n) && away(n + 1) && away(n + 2)));
  }
});

test('nearly every car that loses its coolant can be found before it fails', () => {
  const all = {
    ...fleet,
    failures: [failureWith({ atMs: 1000, cars: 24 })],
    stages: [{ forMs: 8000, cars: 24 }],
  };
  const found = [...Array(24).keys()].filter(
    (index) => lived(all, index).told.at(-1)!.detectableAtSim !== null,
  );
  assert(found.length >= 20, `${found.length} of 24`);
});

test('what cannot be told from a healthy car in time is never detectable', () => {
  const all = {
    ...fleet,
    start: 'warm' as const,
    failures: [failureWith({ atMs: 3000, cars: 24, severity: 0.001, overMs: minuteMs })],
  };
  for (let index = 0; index < 24; index++) {
    const { told } = lived(all, index);
    assert.deepEqual(
      told.map(({ detectableAtSim }) => detectableAtSim),
      [null],
    );
  }
});

test('a car that joins after the onset is as worn as its clock says', () => {
  const stages = [
    { forMs: 1000, cars: 1 },
    { forMs: 9000, cars: 24 },
    { forMs: 3000, cars: 24 },
  ];
  const late = fleetWith({
    speedup: 100,
    start: 'warm',
    profiles: { petrol: 1 },
    stages,
    failures: [failureWith({ atMs: 0, overMs: minuteMs, cars: 24, severity: 1 })],
  });
  const index = 20;
  const { simTimes, columns, told } = lived(late, index);
  assert(simTimes[0]! > told[0]!.failureAtSim, 'it joins when all coolant is gone');
  assert.equal(told[0]!.onsetSim, late.simStartMs);
  assert.equal(told[0]!.detectableAtSim, null);
  assert(columns.coolantTemperature[0]! < 93, 'it was parked with its engine warm');
  assert(Math.max(...columns.coolantTemperature.slice(0, 240)) > 105);
});

test('a car that leaves and comes again goes on failing', () => {
  const coming = fleetWith({
    cars: 1,
    speedup: 100,
    start: 'warm',
    profiles: { petrol: 1 },
    stages: [
      { forMs: 3000, cars: 1 },
      { forMs: 1, cars: 0 },
      { forMs: 3000, cars: 0 },
      { forMs: 1, cars: 1 },
      { forMs: 4000, cars: 1 },
    ],
    failures: [failureWith({ atMs: 2000, overMs: 5 * minuteMs })],
  });
  const life = [...timetableOf(coming, 0)];
  assert(life.length > 30);
  const { columns, told } = lived(coming, 0);
  assert.equal(told[0]!.onsetSim, coming.simStartMs + 200_000);
  assert(Math.max(...columns.coolantTemperature) > 110);
});
