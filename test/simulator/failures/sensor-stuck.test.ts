import assert from 'node:assert/strict';
import { test } from 'node:test';
import { signalNames } from '#contract/signals.ts';
import { profiles } from '#simulator/population/profiles.ts';
import { fleetWith } from '../fleets.ts';
import { failureWith, lived } from './fleets.ts';

const cars = 12;

for (const profile of profiles.keys()) {
  test(`${profile}: the sensor stays at what it reported at the onset, the others go on as ever`, () => {
    const fleet = fleetWith({
      cars,
      profiles: { [profile]: 1 },
      start: 'parked',
      speedup: 100,
      stages: [{ forMs: 8000, cars }],
    });
    // In the middle of a message of most cars.
    const stuck = failureWith({ failure: 'sensor-stuck', atMs: 2003, cars });
    for (let index = 0; index < cars; index++) {
      const healthy = lived(fleet, index);
      const { simTimes, columns, told } = lived({ ...fleet, failures: [stuck] }, index);
      const onset = simTimes.findIndex((simTime) => simTime >= told[0]!.onsetSim);
      assert(onset > 100 && onset < simTimes.length - 100);
      for (const name of signalNames) {
        if (name !== 'coolantTemperature') assert.deepEqual(columns[name], healthy.columns[name], name);
      }
      const reported = columns.coolantTemperature;
      const wouldBe = healthy.columns.coolantTemperature;
      assert.deepEqual(reported.slice(0, onset + 1), wouldBe.slice(0, onset + 1));
      assert.deepEqual(new Set(reported.slice(onset)), new Set([wouldBe[onset]]));
      assert(new Set(wouldBe.slice(onset)).size > 3, 'the engine warms');
      assert(told.at(-1)!.detectableAtSim !== null);
    }
  });
}

test('any sensor can be stuck', () => {
  const stuck = failureWith({ failure: 'sensor-stuck', sensor: 'massAirFlow', severity: 0.1 });
  const fleet = fleetWith({ cars: 1, profiles: { petrol: 1 }, failures: [stuck] });
  const { simTimes, columns, told } = lived(fleet, 0);
  const onset = simTimes.findIndex((simTime) => simTime >= fleet.simStartMs);
  assert.equal(new Set(columns.massAirFlow.slice(onset)).size, 1, 'wholly, at any severity');
  assert(new Set(columns.coolantTemperature).size > 1);
  assert(told.at(-1)!.detectableAtSim! < told[0]!.onsetSim + 60_000);
});
