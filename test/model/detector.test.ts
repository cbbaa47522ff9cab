import assert from 'node:assert/strict';
import { test } from 'node:test';
import { detectorKinds } from '#contract/release.ts';
import { signalCount, signalIndex, type SignalName } from '#contract/signals.ts';
import type { TelemetryBatch } from '#contract/telemetry.ts';
import type { Artefact } from '#model/artefact.ts';
import { createScorer, type BatchScores, type Transition } from '#model/detector.ts';
import { RandomStream } from '#simulator/random.ts';
import { changed, frozen, livesOf, oneByOne } from './lives.ts';
import { trainedOn } from './small-trainer.ts';

/** As little as a run has seen when it trains: ten minutes of each car. */
const history = livesOf(21, 150, 10);
const trained = {
  'virtual-sensors': trainedOn('virtual-sensors', history, 2),
  autoencoder: trainedOn('autoencoder', history.slice(0, 60), 2),
};

const onsetSeconds = 480;
const failing = livesOf(22, 40, 19);

interface At {
  seconds: number;
  transition: Transition;
}

function transitionsOf(artefact: Artefact, lives: readonly TelemetryBatch[][]): At[][] {
  const scorer = createScorer(artefact);
  return lives.map((life, slot) => {
    let reading = 0;
    return life.flatMap((batch) => {
      const [result] = scorer.score([{ slot, batch }]);
      const before = reading;
      reading += batch.columns[0]!.length;
      return result!.transitions.map((transition) => ({
        seconds: ((before + transition.reading) * batch.intervalMs) / 1000,
        transition,
      }));
    });
  });
}

/** First raise of each car within ten minutes of the onset. */
function found(artefact: Artefact, lives: readonly TelemetryBatch[][]): (Transition | undefined)[] {
  return transitionsOf(artefact, lives).map(
    (all) =>
      all.find(
        ({ seconds, transition }) =>
          transition.alarm === 'raised' && seconds >= onsetSeconds && seconds <= onsetSeconds + 600,
      )?.transition,
  );
}

const raises = (all: At[]): Transition[] =>
  all.flatMap(({ transition }) => (transition.alarm === 'raised' ? [transition] : []));

test('healthy cars of every profile, warm and cold, raise few alarms', () => {
  const lives = livesOf(23, 60, 30);
  const alarms = transitionsOf(trained['virtual-sensors'], lives).flatMap(raises);
  const days = (60 * 30) / 1440;
  // The budget is 2; ten minutes of a January morning show hardly a cold car get warm, and 1.25 days are few.
  assert(alarms.length / days < 7, `${alarms.length} in ${days} days`);
});

test('coolant that grows too hot is found in time, and is the engine’s', () => {
  const hotter = failing.map((life) =>
    changed(life, 'coolantTemperature', onsetSeconds, (value, seconds) => Math.round(value + seconds / 30)),
  );
  const alarms = found(trained['virtual-sensors'], hotter).filter((one) => one !== undefined);
  assert(alarms.length > 0.8 * failing.length, `${alarms.length} of ${failing.length}`);
  const right = alarms.filter(
    ({ signal, dtc, cause }) => signal === 'coolantTemperature' && dtc === 'P0217' && cause === 'engine',
  );
  assert(right.length > 0.8 * alarms.length, `${right.length} of ${alarms.length} say so`);
});

const stuckSensors: [SignalName, string][] = [
  ['coolantTemperature', 'P0116'],
  ['manifoldPressure', 'P0106'],
];
for (const [signal, dtc] of stuckSensors) {
  test(`a sensor of ${signal} that stands still is found in time, and is no engine's failure`, () => {
    const lives = failing.map((life) => changed(life, signal, onsetSeconds, frozen()));
    const alarms = found(trained['virtual-sensors'], lives).filter((one) => one !== undefined);
    assert(alarms.length > 0.8 * failing.length, `${alarms.length} of ${failing.length}`);
    const right = alarms.filter((one) => one.signal === signal && one.dtc === dtc && one.cause === 'sensor');
    assert(right.length > 0.8 * alarms.length, `${right.length} of ${alarms.length} say so`);
  });
}

test('a sensor whose values leap is found in time, and is no engine’s failure', () => {
  const random = RandomStream.of(8, 0, 'leaps');
  const noisy = (value: number): number => Math.round(value + random.between(-12, 12));
  const spiky = (value: number): number => (random.uniform() < 0.1 ? value + 40 : value);
  for (const change of [noisy, spiky]) {
    const lives = failing.map((life) => changed(life, 'coolantTemperature', onsetSeconds, change));
    const alarms = found(trained['virtual-sensors'], lives).filter((one) => one !== undefined);
    assert(alarms.length > 0.8 * failing.length, `${alarms.length} of ${failing.length}`);
    const right = alarms.filter(({ dtc, cause }) => dtc === 'P0116' && cause === 'sensor');
    assert(right.length > 0.9 * alarms.length, `${right.length} of ${alarms.length} say so`);
  }
});

test('a sensor that is absent for seconds, again and again, raises no alarm that would not be there without it', () => {
  const random = RandomStream.of(9, 0, 'absences');
  const isAbsent = Array.from({ length: 1000 }, () => random.uniform() < 0.3);
  const raised = (lives: readonly TelemetryBatch[][]): number =>
    transitionsOf(trained['virtual-sensors'], lives).flatMap(raises).length;
  const whole = raised(failing);
  for (const signal of ['massAirFlow', 'coolantTemperature', 'engineSpeed'] as const) {
    const torn = failing.map((life) =>
      changed(life, signal, 0, (value, seconds) => (isAbsent[Math.floor(seconds / 6)] ? Number.NaN : value)),
    );
    assert(raised(torn) <= whole + 1, `${signal}: ${raised(torn)}, whole ${whole}`);
  }
});

test('a fleet without one sensor raises no alarm for it', () => {
  for (const signal of ['coolantTemperature', 'oilPressure', 'batteryVoltage'] as const) {
    const lives = failing.slice(0, 12).map((life) => changed(life, signal, 0, () => Number.NaN));
    const traced = new Set<number>();
    const scorer = createScorer(trained['virtual-sensors']);
    for (const [slot, life] of lives.entries()) {
      for (const batch of life) {
        const [result] = scorer.score([{ slot, batch }], (_, __, name, z, level) => {
          if (name === signal) traced.add(z).add(level);
        });
        assert.deepEqual(
          result!.transitions.filter((one) => one.signal === signal),
          [],
        );
      }
    }
    assert.deepEqual([...traced], [0], `${signal} is never judged`);
  }
});

for (const kind of detectorKinds) {
  const artefact = trained[kind];
  const lives = failing
    .slice(0, 8)
    .map((life) =>
      changed(life, 'coolantTemperature', onsetSeconds, (value, seconds) =>
        Math.min(180, value + seconds / 3),
      ),
    );

  /** Scores and transitions of each car, one after the other. */
  const alone = lives.map((life) => {
    const scorer = createScorer(artefact);
    return joined(life.flatMap((batch) => scorer.score([{ slot: 0, batch }])));
  });

  test(`${kind}: what a car is given hangs on its own readings alone`, () => {
    assert(
      alone.some(({ scores }) => scores.some((score) => score >= 1)),
      'something is found',
    );
    const slots = [5, 0, 1000, 17, 3, 64, 63, 2];
    const random = RandomStream.of(4, 0, 'shuffle');
    for (const batchesOf of [(life: TelemetryBatch[]) => life, oneByOne]) {
      const queues = lives.map((life) => batchesOf(life).values());
      const results = lives.map((): BatchScores[] => []);
      const scorer = createScorer(artefact);
      for (let left = lives.length; left > 0;) {
        // A call of up to 60 messages of cars drawn by chance, some of them several times.
        const calls = Array.from({ length: 1 + Math.floor(random.uniform() * 60) }, () =>
          Math.floor(random.uniform() * 8),
        );
        const items = calls.flatMap((car) => {
          const next = queues[car]!.next();
          return next.done ? [] : [{ car, slot: slots[car]!, batch: next.value }];
        });
        for (const [index, result] of scorer.score(items).entries()) results[items[index]!.car]!.push(result);
        left = items.length === 0 ? left - 1 : left;
      }
      for (const [car, result] of results.entries()) {
        const { scores, raised } = joined(result);
        assert.equal(scores.length, alone[car]!.scores.length);
        assert.deepEqual(scores, alone[car]!.scores, `car ${car}`);
        assert.deepEqual(raised, alone[car]!.raised);
      }
    }
  });

  test(`${kind}: at most one alarm of a car and signal stands, and it is cleared when the car begins anew`, () => {
    const scorer = createScorer(artefact);
    for (const [slot, life] of lives.entries()) {
      const standing = new Set<string>();
      const take = (transitions: readonly Transition[]): void => {
        for (const { alarm, signal } of transitions) {
          assert.equal(standing.has(signal), alarm === 'cleared', `${signal} ${alarm}`);
          if (alarm === 'raised') standing.add(signal);
          else standing.delete(signal);
        }
      };
      for (const batch of life) take(scorer.score([{ slot, batch }])[0]!.transitions);
      const last = life.at(-1)!;
      const [again] = scorer.score([
        { slot, batch: { ...last, session: 999, simTime: last.simTime + 20_000 } },
      ]);
      take(again!.transitions);
      assert.equal(standing.size, 0);
      assert(
        again!.scores.every((score) => score === 0),
        'a new session is not judged at once',
      );
    }
  });

  test(`${kind}: forget begins a car anew, and cars are counted`, () => {
    const scorer = createScorer(artefact);
    const [first] = lives;
    const run = (slot: number): BatchScores[] => first!.flatMap((batch) => scorer.score([{ slot, batch }]));
    const once = run(3);
    run(4);
    assert.equal(scorer.cars, 2);
    scorer.forget(3);
    assert.equal(scorer.cars, 1);
    assert.deepEqual(run(3), once);
  });

  test(`${kind}: readings that say nothing, or nothing but nonsense, score 0`, () => {
    const nonsense = [Number.NaN, Infinity, -Infinity, 3e38, -3e38];
    const scorer = createScorer(artefact);
    for (let message = 0; message < 60; message++) {
      const columns = Array.from({ length: signalCount }, (_, signal) =>
        Float32Array.from({ length: 10 }, (__, reading) => nonsense[(signal + reading) % nonsense.length]!),
      );
      columns[signalIndex.gear]!.fill(Number.NaN);
      const batch = { ...failing[0]![0]!, simTime: 1e12 + message * 20_000, columns };
      const [result] = scorer.score([{ slot: 0, batch }]);
      assert(result!.scores.every((score) => score === 0));
      assert.deepEqual(result!.transitions, []);
    }
    assert.deepEqual(scorer.score([]), []);
    const { columns } = failing[0]![0]!;
    assert.throws(() => scorer.score([{ slot: -1, batch: failing[0]![0]! }]), RangeError);
    assert.throws(
      () => scorer.score([{ slot: 0, batch: { ...failing[0]![0]!, columns: columns.slice(1) } }]),
      RangeError,
    );
  });
}

function joined(results: readonly BatchScores[]): {
  scores: number[];
  raised: Transition[];
} {
  return {
    scores: results.flatMap(({ scores }) => [...scores]),
    raised: results.flatMap(({ transitions }) => transitions.map((one) => ({ ...one, reading: 0 }))),
  };
}
