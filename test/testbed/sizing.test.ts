import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import {
  carsOfFullestEdge,
  carsWithin,
  edgesFor,
  simulatorsFor,
  sizingOf,
  usualLimits,
  type Limits,
  type Load,
} from '#testbed/sizing.ts';

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
      const { processes: few, ...fewer } = sizingOf({ ...base, cars: Math.min(a, b) });
      const { processes: many, ...more } = sizingOf({ ...base, cars: Math.max(a, b) });
      for (const key of Object.keys(fewer) as (keyof typeof fewer)[]) assert.ok(more[key] >= fewer[key], key);
      for (const [index, one] of few.entries()) {
        for (const key of ['cars', 'workers', 'descriptors', 'memoryBytes', 'cores'] as const)
          assert.ok(many[index]![key] >= one[key], `${one.kind} ${key}`);
      }
    }),
  );
});

test('acknowledged messages cost simulators and edges more, and nobody else', () => {
  const [at0, at1] = ([0, 1] as const).map((qos) => sizingOf({ ...base, cars: 10_000, qos }).processes);
  for (const [index, { kind, cores }] of at0!.entries()) {
    const holdsCars = kind === 'simulator' || kind === 'edge';
    assert.equal(at1![index]!.cores > cores, holdsCars, kind);
  }
});

test('as many cars as the cores carry fit the cores', () => {
  fc.assert(
    fc.property(fc.integer({ min: 1, max: 64 }), fc.integer({ min: 1000, max: 500_000 }), (cores, cars) => {
      const fitting = carsWithin(cores, sizingOf({ ...base, cars }));
      assert.ok(sizingOf({ ...base, cars: fitting }).cores <= cores + 1e-9);
    }),
  );
});

const limitsOf: fc.Arbitrary<Limits> = fc.record({
  cores: fc.integer({ min: 1, max: 64 }),
  carsPerProcess: fc.integer({ min: 200, max: 17_000 }),
  connectionsPerDestination: fc.integer({ min: 200, max: 28_000 }),
});

test('no process holds more cars than its limit, no edge more than ports lead to it, and one fewer would not do', () => {
  fc.assert(
    fc.property(
      fc.integer({ min: 1, max: 1_000_000 }),
      fc.constantFrom('even' as const, 'region' as const),
      limitsOf,
      (cars, spread, limits) => {
        const simulators = simulatorsFor(cars, limits);
        const edges = edgesFor(cars, spread, limits);
        const { processes, carsPerEdge, portsPerEdge } = sizingOf(
          { ...base, cars, simulators, edges, spread },
          limits,
        );
        const most = limits.carsPerProcess;
        assert.ok(carsPerEdge <= most || edges === cars, `${carsPerEdge} at ${edges} edges`);
        const perPort = limits.connectionsPerDestination;
        assert.ok(carsPerEdge <= portsPerEdge * perPort && carsPerEdge > (portsPerEdge - 1) * perPort);
        assert.ok(processes[0]!.cars <= limits.carsPerProcess);
        assert.ok(simulators === 1 || Math.ceil(cars / (simulators - 1)) > limits.carsPerProcess);
        assert.ok(edges === 1 || carsOfFullestEdge(cars, edges - 1, spread) > most);
        const threads = simulators * processes[0]!.workers;
        assert.ok(threads <= Math.max(limits.cores, simulators), `${threads} threads`);
      },
    ),
  );
});

test('the kinds of processes add up to the whole', () => {
  fc.assert(
    fc.property(
      fc.integer({ min: 1, max: 200_000 }),
      fc.boolean(),
      fc.boolean(),
      (cars, trains, kafkaGiven) => {
        const load = { ...base, cars, trains, kafkaGiven, simulators: simulatorsFor(cars, usualLimits) };
        const sizing = sizingOf({ ...load, edges: edgesFor(cars, 'even', usualLimits) });
        const kinds = new Set(sizing.processes.map(({ kind }) => kind));
        assert.equal(kinds.has('trainer'), trains);
        assert.equal(kinds.has('kafka'), !kafkaGiven);
        const sum = (of: 'cores' | 'memoryBytes'): number =>
          sizing.processes.reduce((total, one) => total + one.count * one[of], 0);
        // The fullest of a kind stands for all: a little more than the whole, at most by a car a process.
        assert.ok(sum('cores') >= sizing.cores - 1e-9 && sum('cores') < sizing.cores * 1.2 + 0.01);
        assert.ok(sum('memoryBytes') >= sizing.memoryBytes && sum('memoryBytes') < sizing.memoryBytes * 1.01);
      },
    ),
  );
});

test('100,000 cars are six simulators and six edges of 16,667 with two ports each, seven edges where homes decide', () => {
  assert.equal(simulatorsFor(100_000, usualLimits), 6);
  assert.equal(edgesFor(100_000, 'even', usualLimits), 6);
  assert.equal(edgesFor(100_000, 'region', usualLimits), 7);
  assert.equal(edgesFor(100_000, [3, 1], usualLimits), 2);
  const load = { ...base, cars: 100_000, simulators: 6, edges: 6 };
  const sizing = sizingOf(load);
  assert.equal(sizing.carsPerEdge, 16_667);
  assert.equal(sizing.portsPerEdge, 2);
  assert.equal(sizingOf({ ...load, carsMeetProxies: true }).portsPerEdge, 1);
  assert.ok(sizing.descriptorsPerProcess > 16_667 && sizing.descriptorsPerProcess < 20_000);
  assert.equal(sizing.processes[0]?.workers, 1);
});
