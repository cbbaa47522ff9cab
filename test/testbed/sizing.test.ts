import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { carsWithin, sizingOf, type Load } from '#testbed/sizing.ts';

const base: Load = {
  cars: 500,
  simulators: 1,
  edges: 2,
  bridges: 1,
  readingsPerMessage: 10,
  messageIntervalMs: 1000,
  durationMs: 50_000,
};

test('more cars never need less of anything', () => {
  fc.assert(
    fc.property(fc.integer({ min: 1, max: 500_000 }), fc.integer({ min: 1, max: 500_000 }), (a, b) => {
      const fewer = sizingOf({ ...base, cars: Math.min(a, b) });
      const more = sizingOf({ ...base, cars: Math.max(a, b) });
      for (const key of Object.keys(fewer) as (keyof typeof fewer)[]) assert.ok(more[key] >= fewer[key], key);
    }),
  );
});

test('as many cars as the cores carry fit the cores', () => {
  fc.assert(
    fc.property(fc.integer({ min: 1, max: 64 }), fc.integer({ min: 1000, max: 500_000 }), (cores, cars) => {
      const fitting = carsWithin(cores, sizingOf({ ...base, cars }));
      assert.ok(sizingOf({ ...base, cars: fitting }).cores <= cores + 1e-9);
    }),
  );
});

test('100,000 cars need 16,667 connections at each of six edges', () => {
  const sizing = sizingOf({ ...base, cars: 100_000, simulators: 6, edges: 6 });
  assert.equal(sizing.carsPerEdge, 16_667);
  assert.ok(sizing.descriptorsPerProcess > 16_667 && sizing.descriptorsPerProcess < 20_000);
});
