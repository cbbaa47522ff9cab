import assert from 'node:assert/strict';
import { test } from 'node:test';
import { usualLimits } from '#testbed/sizing.ts';
import { load, said } from './reading.ts';

const text = (cars: number, edges: string): string => `name: spread
cars: ${cars}
duration: 30s
edges: ${edges}
`;

test('there are as many edges as the cars need, unless the scenario says how many', async () => {
  const countOf = async (cars: number, edges: string, carsPerProcess = 17_000): Promise<number> =>
    (await load(text(cars, edges), { limits: { ...usualLimits, carsPerProcess } })).edges.count;
  assert.equal(await countOf(1000, '{}'), 1);
  assert.equal(await countOf(100_000, '{}'), 6);
  assert.equal(await countOf(100_000, '{ count: auto, spread: region }'), 7);
  assert.equal(await countOf(1000, '{ spread: [3, 1, 1] }'), 3);
  assert.equal(await countOf(1000, '{ count: 4 }'), 4);
  assert.equal(await countOf(1000, '{}', 300), 4);
});

test('as many simulators as the machine’s limits ask for, and its timeline may name them', async () => {
  const limits = { ...usualLimits, carsPerProcess: 300 };
  const scenario = await load(`${text(1000, '{}')}timeline: [{ at: 5s, kill: simulator-4 }]\n`, { limits });
  assert.equal(scenario.simulators?.count, 4);
  assert.match(
    (await said(`${text(1000, '{}')}timeline: [{ at: 5s, kill: simulator-4 }]\n`)).join(),
    /simulator-4/,
  );
});

test('what is wrong with a spread is told with what would be right', async () => {
  const wrong = async (cars: number, edges: string): Promise<string> =>
    (await said(text(cars, edges))).join('\n');
  assert.match(
    await wrong(1000, '{ count: 3, spread: [1, 1] }'),
    /expected a weight for each edge: 3, got 2/,
  );
  assert.match(
    await wrong(1000, '{ spread: [1, 0] }'),
    /edges\.spread\[1\]: expected a number of more than 0/,
  );
  assert.match(await wrong(1000, '{ spread: evn }'), /edges\.spread.*expected even, region/);
  assert.match(await wrong(1000, '{ count: some }'), /expected a whole number from 1 to 1000, or auto/);
  assert.match(
    await wrong(30_000, '{ spread: [9, 1] }'),
    /at most 17000 cars at each edge.*got about 2701\d at one/,
  );
});
