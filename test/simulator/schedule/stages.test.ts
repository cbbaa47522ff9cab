import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import type { Stage } from '#simulator/fleet.ts';
import { presencesOf } from '#simulator/schedule/stages.ts';

const stagesOf = fc.array(
  fc.record({ forMs: fc.integer({ min: 1, max: 5000 }), cars: fc.nat({ max: 30 }) }),
  { minLength: 1, maxLength: 6 },
);

/** cars(t): flat in the first stage, then linear. */
function carsAt(stages: readonly Stage[], atMs: number): number {
  let from = stages[0]?.cars ?? 0;
  let startMs = 0;
  for (const stage of stages) {
    if (atMs < startMs + stage.forMs) return from + ((stage.cars - from) * (atMs - startMs)) / stage.forMs;
    from = stage.cars;
    startMs += stage.forMs;
  }
  return 0;
}

test('at any moment the cars that are there are the first cars(t) of the fleet', () => {
  fc.assert(
    fc.property(stagesOf, fc.double({ min: 0, max: 0.999, noNaN: true }), (stages, share) => {
      const atMs = share * stages.reduce((sum, stage) => sum + stage.forMs, 0);
      const expected = carsAt(stages, atMs);
      for (let index = 0; index < 31; index++) {
        // On the very moment of a crossing rounding decides.
        if (Math.abs(expected - (index + 1)) < 1e-6) continue;
        const isThere = presencesOf(stages, index).some(({ fromMs, toMs }) => fromMs <= atMs && atMs < toMs);
        assert.equal(isThere, expected > index + 1, `car ${index} at ${atMs} of ${expected} cars`);
      }
    }),
  );
});

test('presences of a car lie in order and apart', () => {
  fc.assert(
    fc.property(stagesOf, fc.nat({ max: 30 }), (stages, index) => {
      let last = -1;
      for (const { fromMs, toMs } of presencesOf(stages, index)) {
        assert(fromMs > last && toMs > fromMs);
        last = toMs;
      }
    }),
  );
});

test('a car that leaves comes back when the fleet grows again', () => {
  const stages = [
    { forMs: 1000, cars: 10 },
    { forMs: 1000, cars: 0 },
    { forMs: 1000, cars: 10 },
  ];
  assert.deepEqual(presencesOf(stages, 4), [
    { fromMs: 0, toMs: 1500 },
    { fromMs: 2500, toMs: 3000 },
  ]);
});
