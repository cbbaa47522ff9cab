import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { predictionCodec, type Prediction, type Truth } from '#contract/records.ts';
import { AlarmLog, incidentsOf } from '#testbed/verdict/detection/alarms.ts';
import type { DrivenCar } from '#testbed/verdict/detection/driven.ts';
import { EdgeModels } from '#testbed/verdict/detection/edge-models.ts';
import { scoreDetection, type Evidence } from '#testbed/verdict/detection/score.ts';
import type { Summary } from '#testbed/verdict/summary.ts';
import { raised, state, truth } from './alarm-records.ts';

const minute = 60_000;
const dayMs = 24 * 60 * minute;
/** The edges have a model from here on. */
const active = 10 * minute;
const end = 120 * minute;

function score(given: {
  truths: Truth[];
  raises: Prediction[];
  healthy?: number;
  speedup?: number;
  models?: EdgeModels;
}): Summary['detection'] {
  const healthy = Array.from({ length: given.healthy ?? 0 }, (_, car) => `HEALTHY${car}`);
  const driven = new Map<string, DrivenCar>();
  for (const vin of [...given.truths.map((one) => one.vin), ...healthy])
    driven.set(vin, { edge: 'edge-1', from: 0, to: end });
  const alarms = new AlarmLog();
  for (const raise of given.raises) alarms.take(predictionCodec.encode(raise));
  const evidence: Evidence = {
    truths: given.truths,
    alarms,
    driven,
    models: given.models ?? withModel(),
    speedup: given.speedup ?? 1,
    endedAt: end,
  };
  return scoreDetection(evidence);
}

function withModel(): EdgeModels {
  const models = new EdgeModels();
  models.take(state('edge-1', 'r1-a', active));
  return models;
}

/** n cars that fail from 30 to 60 minutes. */
const failing = (n: number, more: Partial<Truth> = {}): Truth[] =>
  Array.from({ length: n }, (_, index) => truth(`BAD${index}`, 30 * minute, 60 * minute, more));

describe('the score of the detection', () => {
  test('recall counts engine failures whose first raise lies between onset and failure', () => {
    const detection = score({
      truths: failing(5),
      raises: [
        raised('BAD0', 30 * minute),
        raised('BAD1', 60 * minute),
        // Too late: the engine has failed.
        raised('BAD2', 61 * minute),
        // It stood at the onset.
        raised('BAD3', 29 * minute),
      ],
    });
    assert.equal(detection.engineFailures, 5);
    assert.equal(detection.recall, 0.4);
    assert.deepEqual(detection.byMode, {
      'coolant-loss': { cars: 5, detected: 2, medianDelaySeconds: 0 },
    });
  });

  test('fewer than five engine failures prove nothing; sensor faults stand apart', () => {
    const stuck = failing(6, { kind: 'sensor', failure: 'sensor-stuck' }).map((one) => ({
      ...one,
      vin: `S${one.vin}`,
    }));
    const detection = score({
      truths: [...failing(4), ...stuck],
      raises: [raised('BAD0', 31 * minute), raised('SBAD0', 36 * minute)],
    });
    assert.equal(detection.recall, null);
    assert.equal(detection.engineFailures, 4);
    assert.deepEqual(detection.byMode['sensor-stuck'], { cars: 6, detected: 1, medianDelaySeconds: 360 });
    assert.equal(detection.precision, 1);
  });

  test('what failed before its edge had a model, or does not show before the end, is not held against it', () => {
    const detection = score({
      truths: [
        ...failing(5),
        truth('EARLY', active - 1, 60 * minute),
        truth('UNSEEN', 30 * minute, 60 * minute, { detectableAt: null, detectableAtSim: null }),
        truth('LATER', end - 1, end + minute, { detectableAt: end + 1 }),
        truth('HOT', 30 * minute, 60 * minute, { kind: 'benign', failure: 'hot-day' }),
      ],
      raises: failing(5).map(({ vin }) => raised(vin, 40 * minute)),
    });
    assert.equal(detection.engineFailures, 5);
    assert.equal(detection.recall, 1);
    assert.deepEqual(detection.byMode['hot-day'], { cars: 1, detected: 0, medianDelaySeconds: null });
  });

  test('a circumstance that only looks like a failure: an alarm on it is a false one, and it is no failure', () => {
    const benign = (vin: string, failure: string, more: Partial<Truth> = {}): Truth =>
      truth(vin, 30 * minute, 60 * minute, { kind: 'benign', dtc: null, failure, ...more });
    const detection = score({
      truths: [
        ...failing(5),
        benign('HOT', 'hot-day'),
        benign('TOWS', 'trailer'),
        // It need not show to stand in the table.
        benign('CLIMBS', 'trailer', { detectableAt: null, detectableAtSim: null }),
        benign('EARLY', 'trailer', { onset: active - 1, onsetSim: active - 1 }),
      ],
      raises: [
        ...failing(5).map(({ vin }) => raised(vin, 40 * minute)),
        raised('HOT', 45 * minute),
        // Over by then, and false as well.
        raised('TOWS', 90 * minute),
      ],
      speedup: 12,
    });
    assert.deepEqual([detection.engineFailures, detection.recall], [5, 1]);
    assert.deepEqual([detection.raises, detection.falseAlarms], [7, 2]);
    assert.equal(detection.precision, Math.round((5 / 7) * 10_000) / 10_000);
    // They are healthy cars: their time counts.
    const days = (4 * (end - active) * 12) / dayMs;
    assert.ok(Math.abs((detection.vehicleDays ?? 0) - days) < 1e-3, `${detection.vehicleDays}`);
    assert.deepEqual(detection.byMode['hot-day'], { cars: 1, detected: 1, medianDelaySeconds: 900 });
    assert.deepEqual(detection.byMode['trailer'], { cars: 2, detected: 0, medianDelaySeconds: null });
  });

  test('raises within ten simulated minutes of each other are one', () => {
    const at = (...minutes: number[]) => minutes.map((m) => raised('X', m * minute));
    assert.deepEqual(
      incidentsOf(at(50, 0, 5, 15, 26)).map(({ first, raises }) => [first.simTime / minute, raises]),
      [
        [0, 3],
        [26, 1],
        [50, 1],
      ],
    );
    // One that began before the onset is no detection, and the next raise still belongs to it.
    const detection = score({
      truths: failing(5),
      raises: [raised('BAD0', 25 * minute), raised('BAD0', 31 * minute), raised('BAD1', 31 * minute)],
    });
    assert.equal(detection.recall, 0.2);
    assert.equal(detection.raises, 2);
    assert.equal(detection.precision, 0.5);
  });

  test('false alarms are those of healthy cars, over the days that these drove with a model', () => {
    const detection = score({
      truths: failing(5),
      raises: [raised('HEALTHY0', 20 * minute), raised('HEALTHY1', 90 * minute), raised('BAD0', 20 * minute)],
      healthy: 10,
      speedup: 12,
    });
    assert.equal(detection.falseAlarms, 2);
    const days = (10 * (end - active) * 12) / dayMs;
    assert.ok(Math.abs((detection.vehicleDays ?? 0) - days) < 1e-3, `${detection.vehicleDays}`);
    assert.ok(Math.abs((detection.falseAlarmsPerVehicleDay ?? 0) - 2 / days) < 1e-3);
    assert.equal(detection.precision, 0);
  });

  test('where no edge ever had a model nothing is measured', () => {
    const detection = score({ truths: failing(9), raises: [], healthy: 3, models: new EdgeModels() });
    assert.deepEqual(
      [detection.recall, detection.precision, detection.falseAlarms, detection.vehicleDays],
      [null, null, null, null],
    );
    assert.equal(detection.byMode['coolant-loss']?.cars, 0);
  });
});

describe('which edge ran which release', () => {
  test('spans follow the states, not a last will and not an older connection', () => {
    const models = new EdgeModels();
    models.take(state('edge-1', null, 1));
    models.take(state('edge-1', 'r1-a', 5));
    models.take(state('edge-1', 'r1-a', 6, { online: false, running: null }));
    models.take(state('edge-1', 'r1-a', 7, { connection: 3 }));
    models.take(state('edge-1', null, 8, { connection: 2 }));
    models.take(state('edge-1', 'r2-b', 9, { connection: 3, refusals: { expired: 2 } }));
    models.take(state('edge-2', 'r2-b', 12, { refusals: { expired: 1, 'bad-hash': 1 } }));
    assert.deepEqual(models.spansOf('edge-1'), [
      { edge: 'edge-1', release: 'r1-a', from: 5, to: 9 },
      { edge: 'edge-1', release: 'r2-b', from: 9, to: null },
    ]);
    assert.equal(models.activeSince('edge-1'), 5);
    assert.equal(models.convergedAt('r2-b', ['edge-1', 'edge-2']), 12);
    assert.equal(models.convergedAt('r1-a', ['edge-1', 'edge-2']), undefined);
    assert.equal(models.convergedAt('r1-a', []), undefined);
    assert.deepEqual(models.refusals(), { expired: 3, 'bad-hash': 1 });
  });
});
