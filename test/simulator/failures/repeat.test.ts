import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { signalNames } from '#contract/signals.ts';
import { CarLives } from '#simulator/car-life.ts';
import { failingCars } from '#simulator/failures/choice.ts';
import { failureIds } from '#simulator/failures/failures.ts';
import type { Fleet } from '#simulator/fleet.ts';
import { digests } from '../digests.ts';
import { fleetWith } from '../fleets.ts';
import { failureWith } from './fleets.ts';

/** Every failure there is, one car or more each, in a fleet that cars leave and come back to. */
const everyFailure: Fleet = fleetWith({
  cars: 60,
  profiles: { petrol: 0.4, turbo: 0.3, diesel: 0.2, hybrid: 0.1 },
  stages: [
    { forMs: 5000, cars: 40 },
    { forMs: 5000, cars: 60 },
    { forMs: 5000, cars: 10 },
    { forMs: 5000, cars: 60 },
    { forMs: 3000, cars: 60 },
  ],
  failures: failureIds.map((failure, n) =>
    failureWith({
      ...{ failure, atMs: 500 * n, overMs: 60_000 + 2000 * n, severity: 1, cars: 2 },
      sensor: signalNames[(3 * n) % signalNames.length]!,
    }),
  ),
});

test('the same seed gives the same bytes for any number of processes and workers', () => {
  const alone = digests(everyFailure);
  assert.equal(alone.size, 60);
  assert.equal(new Set(alone.values()).size, 60, 'every car has a life of its own');
  const kinds = new Set([...failingCars(everyFailure).values()].map(({ failure }) => failure));
  assert.equal(kinds.size, failureIds.length);
  for (const [processes, workers] of [
    [1, 2],
    [1, 16],
    [2, 1],
    [3, 2],
    [1, 60],
  ] as const) {
    const split = digests(everyFailure, processes, workers);
    assert.equal(split.size, 60);
    for (const [index, digest] of alone)
      assert.equal(split.get(index), digest, `car ${index} of ${processes} x ${workers}`);
  }
  assert.notDeepEqual(digests({ ...everyFailure, seed: 43 }), alone);
});

test('a failure in some cars changes no other car', () => {
  const fleet = fleetWith({
    ...{ cars: 20, speedup: 100, stages: [{ forMs: 2000, cars: 20 }] },
    failures: [failureWith({ atMs: 300, overMs: 90_000, cars: 4 })],
  });
  const before = digests(fleet);
  const added = fc.record({
    failure: fc.constantFrom(...failureIds),
    atMs: fc.integer({ min: 0, max: 1500 }),
    overMs: fc.integer({ min: 1000, max: 600_000 }),
    severity: fc.double({ min: 0.05, max: 1, noNaN: true }),
    cars: fc.integer({ min: 1, max: 20 }),
    sensor: fc.constantFrom(...signalNames),
  });
  fc.assert(
    fc.property(fc.array(added, { minLength: 1, maxLength: 3 }), (more) => {
      const failures = [...fleet.failures!, ...more];
      const chosen = failingCars({ ...fleet, failures });
      for (const [index, digest] of digests({ ...fleet, failures })) {
        const failure = chosen.get(index);
        if (!failure || failure === fleet.failures![0])
          assert.equal(digest, before.get(index), `car ${index}`);
      }
    }),
    { numRuns: 30 },
  );
});

test('no failure knows where messages end', () => {
  const fleet = { ...everyFailure, speedup: 100, stages: [{ forMs: 3000, cars: 60 }] };
  for (const [index, { failure }] of failingCars(fleet)) {
    const whole = new CarLives(fleet, [index]);
    const single = new CarLives({ ...fleet, readingsPerMessage: 1 }, [index]);
    for (let message = 0; message < 30; message++) {
      const simTime = fleet.simStartMs + message * 10_000 + 1234;
      whole.live(0, simTime);
      for (let reading = 0; reading < 10; reading++) {
        single.live(0, simTime + reading * 1000);
        const values = single.columns.map((column) => column[0]);
        assert.deepEqual(
          values,
          whole.columns.map((column) => column[reading]),
          failure,
        );
      }
    }
  }
});

test('who listens for the truth hears no other fleet', () => {
  const indices = [...Array(everyFailure.cars).keys()];
  const heard = new CarLives(everyFailure, indices, () => {});
  const unheard = new CarLives(everyFailure, indices);
  for (let message = 0; message < 25; message++) {
    for (const slot of indices) {
      const simTime = everyFailure.simStartMs + message * 10_000;
      heard.live(slot, simTime);
      unheard.live(slot, simTime);
      assert.deepEqual(heard.columns, unheard.columns, `car ${slot}, message ${message}`);
    }
  }
});
