import assert from 'node:assert/strict';
import { test } from 'node:test';
import { truthCodec } from '#contract/records.ts';
import { failures } from '#contract/failures.ts';
import { failureIds } from '#simulator/failures/failures.ts';
import { truthOf } from '#simulator/shard/truth.ts';
import { failureWith } from '../failures/fleets.ts';
import { fleetWith } from '../fleets.ts';

const fleet = fleetWith({ speedup: 10 });

test('the truth of every failure, sensor fault and circumstance: its kind, its code, its times on both clocks', () => {
  for (const id of failureIds) {
    const failure = failureWith({ failure: id, sensor: 'massAirFlow', severity: 0.5 });
    const onsetSim = fleet.simStartMs + 60_000;
    const times = { failure, onsetSim, detectableAtSim: onsetSim + 30_000, failureAtSim: onsetSim + 90_000 };
    const truth = truthOf('VIN', times, fleet, 1_000_000);
    const listed = failures.find((one) => one.id === id);
    assert.deepEqual([truth.failure, truth.kind], [id, listed?.kind]);
    if (truth.kind === 'benign') assert.equal(truth.dtc, null);
    if (truth.kind === 'engine') assert.equal(truth.dtc, listed?.dtc);
    assert.deepEqual([truth.onset, truth.detectableAt, truth.failureAt], [1_006_000, 1_009_000, 1_015_000]);
    assert.deepEqual({ ...truthCodec.decode(truthCodec.encode(truth)) }, truth);
  }
});

test("a sensor's fault has the code of that sensor, and none where there is none", () => {
  const dtcOf = (
    failure: 'sensor-stuck' | 'sensor-dropout',
    sensor: 'massAirFlow' | 'gear' | 'coolantTemperature',
  ) =>
    truthOf(
      'VIN',
      { failure: failureWith({ failure, sensor }), onsetSim: 0, detectableAtSim: null, failureAtSim: 1 },
      fleet,
      0,
    ).dtc;
  assert.equal(dtcOf('sensor-stuck', 'coolantTemperature'), 'P0116');
  assert.equal(dtcOf('sensor-dropout', 'coolantTemperature'), 'P0118');
  assert.equal(dtcOf('sensor-stuck', 'massAirFlow'), 'P0101');
  assert.equal(dtcOf('sensor-dropout', 'massAirFlow'), 'P0102');
  assert.equal(dtcOf('sensor-stuck', 'gear'), null);
});
