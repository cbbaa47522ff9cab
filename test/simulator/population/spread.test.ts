import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { ownCars } from '#simulator/fleet.ts';
import { Build, homes } from '#simulator/population/build.ts';
import { edgesOfCars, type Spread } from '#simulator/population/spread.ts';
import { carsOfFullestEdge } from '#testbed/sizing.ts';

const spreads: fc.Arbitrary<{ spread: Spread; edges: number }> = fc.oneof(
  fc.record({
    spread: fc.constantFrom('even' as const, 'region' as const),
    edges: fc.integer({ min: 1, max: 9 }),
  }),
  fc
    .array(fc.double({ min: 0.01, max: 100, noNaN: true }), { minLength: 1, maxLength: 9 })
    .map((weights) => ({ spread: weights, edges: weights.length })),
);

function carsByEdge(spread: Spread, edges: number, cars: number, seed = 1): number[] {
  const edgeOf = edgesOfCars(spread, edges, seed);
  const counts = Array.from({ length: edges }, () => 0);
  for (let index = 0; index < cars; index++) counts[edgeOf(index)]!++;
  return counts;
}

test('every process finds the same edge for a car, for any split', () => {
  fc.assert(
    fc.property(
      spreads,
      fc.integer({ min: 1, max: 300 }),
      fc.integer({ min: 1, max: 4 }),
      fc.integer({ min: 1, max: 3 }),
      fc.nat(),
      ({ spread, edges }, cars, processes, workers, seed) => {
        const found = new Map<number, number>();
        for (let process = 0; process < processes; process++) {
          for (let worker = 0; worker < workers; worker++) {
            const edgeOf = edgesOfCars(spread, edges, seed);
            for (const index of ownCars(cars, { process, processes, worker, workers }))
              found.set(index, edgeOf(index));
          }
        }
        const alone = edgesOfCars(spread, edges, seed);
        assert.equal(found.size, cars);
        for (const [index, edge] of found) {
          assert.equal(edge, alone(index));
          assert.ok(edge >= 0 && edge < edges);
        }
      },
    ),
  );
});

test('the fullest edge has no more cars than were planned for, at any size of the fleet', () => {
  fc.assert(
    fc.property(
      spreads.filter(({ spread }) => spread !== 'region'),
      fc.integer({ min: 1, max: 50_000 }),
      ({ spread, edges }, cars) => {
        const planned = carsOfFullestEdge(cars, edges, spread);
        assert.ok(Math.max(...carsByEdge(spread, edges, cars)) <= planned);
      },
    ),
  );
  for (const [cars, edges, seed] of [
    [20_000, 2, 3],
    [20_000, 7, 42],
    [300, 40, 1],
  ] as const) {
    const counts = carsByEdge('region', edges, cars, seed);
    assert.ok(Math.max(...counts) <= carsOfFullestEdge(cars, edges, 'region'), counts.join(' '));
  }
});

test('weights hold for every beginning of the fleet, to within a few cars', () => {
  const weights = [5, 2, 2, 1];
  for (const cars of [10, 100, 1000, 54_321]) {
    const counts = carsByEdge(weights, 4, cars);
    for (const [edge, count] of counts.entries())
      assert.ok(Math.abs(count - (cars * weights[edge]!) / 10) < 8, `${cars} cars: ${counts.join(' ')}`);
  }
});

test('regions are bands of latitude, the southernmost first', () => {
  const edgeOf = edgesOfCars('region', 5, 42);
  const build = new Build();
  for (let index = 0; index < 500; index++) {
    build.draw(42, index);
    const band = (build.latitude - homes.south) / ((homes.north - homes.south) / 5);
    assert.equal(edgeOf(index), Math.min(4, Math.floor(band)));
  }
});
