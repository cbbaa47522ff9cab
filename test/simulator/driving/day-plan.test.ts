import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Rig } from '../powertrain/rig.ts';

const cars = 30;
const hours = 72;
/** A Monday, midnight. */
const monday = Date.UTC(2026, 4, 4);

interface Day {
  tripsByHour: number[];
  tripMinutes: number[];
  drivingShare: number;
  restingVolts: number[];
}

function lived(profile: string): Day {
  const tripsByHour = Array<number>(24).fill(0);
  const tripMinutes: number[] = [];
  const restingVolts: number[] = [];
  let driving = 0;
  for (let car = 0; car < cars; car++) {
    const rig = new Rig(profile, { car, how: 'cold', usage: 'daily', simTime: monday });
    let trip = 0;
    let parked = 3600;
    for (let second = 0; second < hours * 3600; second += 2) {
      rig.step(undefined, 2);
      const { engine, motion, air, electrics, heat, mixture } = rig.powertrain;
      if (rig.driver.ignition) {
        if (trip === 0) tripsByHour[Math.floor((rig.simTime - monday) / 3_600_000) % 24]!++;
        trip += 2;
        parked = 0;
        driving += 2;
        continue;
      }
      if (trip > 0) tripMinutes.push(trip / 60);
      trip = 0;
      parked += 2;
      assert.equal(motion.speed, 0, 'it parks where it stands');
      assert.equal(engine.rpm, 0);
      assert.equal(air.flow, 0);
      assert.equal(mixture.fuelPower, 0);
      assert.equal(rig.get('oilPressure'), 0);
      if (parked === 3600) restingVolts.push(electrics.voltage);
      if (parked > 8 * 3600) {
        const above = heat.coolant - rig.surroundings.temperature;
        assert(above > -8 && above < 14, `${above} K above the night`);
      }
    }
  }
  return { tripsByHour, tripMinutes, drivingShare: driving / (cars * hours * 3600), restingVolts };
}

for (const profile of ['petrol', 'hybrid']) {
  test(`${profile}: a day has some trips, mornings and evenings most of them, and a quiet night`, () => {
    const { tripsByHour, tripMinutes, drivingShare, restingVolts } = lived(profile);
    const perDay = tripMinutes.length / cars / (hours / 24);
    assert(perDay > 2 && perDay < 4.5, `${perDay} trips a day`);
    const within = (from: number, to: number): number =>
      tripsByHour.slice(from, to).reduce((sum, trips) => sum + trips, 0) / (to - from);
    assert(within(7, 9) > 8 * within(0, 5), 'hardly anybody leaves at night');
    assert(within(16, 18) > 1.2 * within(10, 14), 'commuters drive home');
    const mean = tripMinutes.reduce((sum, minutes) => sum + minutes, 0) / tripMinutes.length;
    assert(mean > 10 && mean < 30, `${mean} minutes a trip`);
    assert(Math.min(...tripMinutes) >= 3);
    assert(drivingShare > 0.02 && drivingShare < 0.08, `drives ${drivingShare} of the time`);
    assert(Math.min(...restingVolts) >= 12.2 && Math.max(...restingVolts) <= 12.9, 'a battery at rest');
  });
}

test('a trip begins cold and ends parked, with the engine off', () => {
  const rig = new Rig('petrol', { how: 'cold', usage: 'daily', simTime: monday });
  while (!rig.driver.ignition) rig.step();
  assert(rig.powertrain.heat.coolant < 25, 'it stood all night');
  assert(rig.powertrain.engine.rpm > 700, 'a cold engine idles faster');
  assert.equal(rig.driver.segment, 'start');
  let highest = 0;
  while (rig.driver.ignition) {
    rig.step();
    highest = Math.max(highest, rig.powertrain.motion.speed);
  }
  assert(highest > 8);
  assert.equal(rig.driver.segment, 'parked');
});
