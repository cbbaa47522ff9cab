import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { Chance } from '#simulator/failures/chance.ts';

const moment = fc.integer({ min: 0, max: 4e12 });

test('chance hangs on seed, car and moment, not on what was asked before', () => {
  fc.assert(
    fc.property(fc.integer(), fc.nat(), fc.array(moment, { minLength: 1 }), (seed, car, moments) => {
      const inOrder = new Chance(seed, car);
      const said = moments.map((at) => inOrder.uniform(at));
      const backwards = new Chance(seed, car);
      assert.deepEqual(
        moments.toReversed().map((at) => backwards.uniform(at)),
        said.toReversed(),
      );
      assert(said.every((one) => one >= 0 && one < 1));
    }),
  );
});

test('moments of a clock one after the other are as good as random ones', () => {
  for (const stepMs of [1, 1000, 5000, 10_000]) {
    const chance = new Chance(42, 7);
    const from = Date.UTC(2026, 0, 5, 8);
    const draws = Array.from({ length: 20_000 }, (_, n) => chance.uniform(from + n * stepMs));
    const mean = draws.reduce((sum, one) => sum + one, 0) / draws.length;
    assert(Math.abs(mean - 0.5) < 0.01, `steps of ${stepMs} ms: mean ${mean}`);
    const neighbours = draws.slice(1).reduce((sum, one, n) => sum + (one - 0.5) * (draws[n]! - 0.5), 0);
    assert(Math.abs(neighbours / draws.length) < 0.003, `steps of ${stepMs} ms: neighbours go together`);
    const tenths = Array.from({ length: 10 }, (_, n) => draws.filter((one) => Math.floor(one * 10) === n));
    for (const { length } of tenths) assert(length > 1800 && length < 2200);
    const noise = Array.from({ length: 20_000 }, (_, n) => chance.noise(from + n * stepMs, 1));
    const square = noise.reduce((sum, one) => sum + one * one, 0) / noise.length;
    assert(square > 0.95 && square < 1.05, `${square}`);
  }
});

test('cars, draws and moments have chances of their own', () => {
  const same = (one: (n: number) => number, other: (n: number) => number): number =>
    Array.from({ length: 1000 }, (_, n) => n).filter((n) => one(n) === other(n)).length;
  const chance = new Chance(1, 2);
  const car = new Chance(1, 3);
  const seed = new Chance(2, 2);
  for (const other of [car, seed])
    assert(
      same(
        (n) => chance.uniform(n),
        (n) => other.uniform(n),
      ) < 3,
    );
  assert(
    same(
      (n) => chance.uniform(n),
      (n) => chance.uniform(n, 1),
    ) < 3,
  );
  assert(
    same(
      (n) => chance.uniform(n),
      (n) => chance.uniform(n + 2 ** 32),
    ) < 3,
  );
  const signs = Array.from({ length: 1000 }, (_, n) => new Chance(5, n).sign);
  const up = signs.filter((sign) => sign === 1).length;
  assert(up > 440 && up < 560, `${up} of 1000`);
});
