import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { largestRemainder, Shares } from '#simulator/population/shares.ts';

test('shares are exact over the fleet, and each car has one profile however the fleet is split', () => {
  fc.assert(
    fc.property(
      fc.integer({ min: 1, max: 700 }),
      fc.dictionary(fc.constantFrom('petrol', 'turbo', 'diesel', 'hybrid'), fc.integer({ min: 1, max: 9 }), {
        minKeys: 1,
      }),
      fc.integer(),
      fc.integer({ min: 1, max: 5 }),
      (cars, weights, seed, processes) => {
        const counts = new Map<string, number>();
        for (let process = 0; process < processes; process++) {
          const shares = new Shares(weights, cars, seed);
          for (let index = process; index < cars; index += processes) {
            const profile = shares.profileOf(index);
            counts.set(profile, (counts.get(profile) ?? 0) + 1);
          }
        }
        const names = Object.keys(weights).sort();
        const expected = largestRemainder(
          names.map((name) => weights[name] ?? 0),
          cars,
        );
        assert.deepEqual(
          names.map((name) => counts.get(name) ?? 0),
          expected,
        );
      },
    ),
  );
});

test('largest remainder sums to the total and stays within one of the exact share', () => {
  fc.assert(
    fc.property(
      fc.array(fc.integer({ min: 1, max: 1000 }), { minLength: 1, maxLength: 8 }),
      fc.nat({ max: 100_000 }),
      (weights, total) => {
        const counts = largestRemainder(weights, total);
        const sum = weights.reduce((a, b) => a + b, 0);
        assert.equal(
          counts.reduce((a, b) => a + b, 0),
          total,
        );
        for (const [index, count] of counts.entries())
          assert(Math.abs(count - ((weights[index] ?? 0) / sum) * total) < 1 + 1e-6);
      },
    ),
  );
});

test('profiles are spread: the first cars of a fleet are as mixed as the whole, and so is each process', () => {
  const shares = new Shares({ petrol: 0.5, turbo: 0.5 }, 10_000, 1);
  const petrolOf = (indices: readonly number[]): number =>
    indices.filter((index) => shares.profileOf(index) === 'petrol').length;
  const parts = [0, 1, 2, 3].map((process) => Array.from({ length: 2500 }, (_, n) => process + n * 4));
  for (const part of [...parts, Array.from({ length: 2500 }, (_, index) => index)]) {
    const petrol = petrolOf(part);
    assert(petrol > 1100 && petrol < 1400, `${petrol} of 2500`);
  }
});
