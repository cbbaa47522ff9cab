import assert from 'node:assert/strict';
import { test } from 'node:test';
import { scratch } from '#test/fleetbed.ts';
import { failuresOf } from '#testbed/scenario/fleet.ts';
import { loadScenario } from '#testbed/scenario/load.ts';
import { ScenarioError } from '#testbed/scenario/problems.ts';
import type { Scenario } from '#testbed/scenario/scenario.ts';
import { said } from './reading.ts';

const mapping = `
time: { column: t, format: seconds }
columns: { v: { signal: speed, unit: km/h }, p: { signal: manifoldPressure, unit: kPa } }
`;

const scenario = (fleet: string, timeline = ''): string =>
  `name: replayed\nfleet: { ${fleet} }\ncars: 10\nduration: 60s\ntimeline:\n  - { at: 1s, cars: 1, fail: ${timeline || 'sensor-stuck, sensor: speed'} }\n`;
const recorded = 'recorded: { drives: drive.csv, mapping: mapping.yaml }';

async function load(text: string): Promise<Scenario> {
  await using folder = await scratch();
  await folder.file('mapping.yaml', mapping);
  await folder.file('drive.csv', 't,v,p\n0,1,50\n');
  return await loadScenario(await folder.file('scenario.yaml', text), { set: [], kafkaGiven: false });
}

async function problemsOf(text: string): Promise<string> {
  try {
    await load(text);
    return '';
  } catch (error) {
    assert.ok(error instanceof ScenarioError, String(error));
    return error.problems.map((problem) => problem.replace(/^\S*\//, '')).join('\n');
  }
}

test('paths are relative to the scenario; the mapping is read with it', async () => {
  const { fleet, timeline } = await load(scenario(recorded));
  assert.match(fleet.recorded?.drives ?? '', /^\/.*\/drive\.csv$/);
  assert.deepEqual([...(fleet.recorded?.file.mapping.columns.keys() ?? [])], ['v', 'p']);
  assert.equal(timeline.length, 1);
});

test('a signal-effect is written with its signal, factor and offset, and goes all the way unless it says less', async () => {
  const effect = 'signal-effect, signal: manifoldPressure, factor: 0.85, offset: -2, over: 5m';
  const given = failuresOf(await load(scenario(recorded, effect)));
  assert.deepEqual(given, [
    {
      ...{ failure: 'signal-effect', at: 1000, cars: 1, severity: 1, over: 300_000 },
      ...{ sensor: 'manifoldPressure', factor: 0.85, offset: -2 },
    },
  ]);
});

test('what has no physics cannot fail physically, and says why', async () => {
  assert.match(
    await problemsOf(scenario(recorded, 'coolant-loss')),
    /scenario.yaml:6:30: timeline\[0\]\.fail: expected a sensor's fault \(sensor-…\) or signal-effect, got coolant-loss: recorded cars have no physics/,
  );
  assert.match(await problemsOf(scenario(recorded, 'trailer')), /got trailer: recorded cars have no physics/);
});

test('a fault needs a signal that was recorded; a signal-effect says which, and by how much', async () => {
  const of = (words: string): Promise<string> => problemsOf(scenario(recorded, words));
  assert.match(
    await of('sensor-bias, sensor: oilPressure'),
    /sensor: expected a signal of the mapping \(speed or manifoldPressure\), got oilPressure/,
  );
  assert.match(await of('sensor-bias'), /expected a signal of the mapping .*got coolantTemperature/);
  assert.match(await of('signal-effect, factor: 0.9'), /expected the signal that changes/);
  assert.match(await of('signal-effect, signal: speed'), /expected a factor other than 1/);
  assert.match(
    await of('signal-effect, signal: lambda, factor: 2'),
    /signal: expected a signal of the mapping/,
  );
  assert.match(
    await of('sensor-bias, sensor: speed, factor: 2'),
    /factor: expected it only with signal-effect/,
  );
});

test('what only simulated cars have is refused beside recorded ones, and the other way round', async () => {
  const both = await problemsOf(scenario(`${recorded}, start: warm, profiles: { petrol: 1 }`));
  assert.match(both, /2:\d+: fleet\.start: expected it only with simulated cars/);
  assert.match(both, /fleet\.profiles: expected it only with simulated cars/);
  const effect = scenario('speedup: 1', 'signal-effect, signal: speed, factor: 0.9');
  assert.match((await said(effect)).join(), /got signal-effect: .*lack recorded signals to lay it over/);
});

test('a mapping that is wrong is told by its own file and line, drives that are not there by the scenario', async () => {
  const lost = await problemsOf(scenario('recorded: { drives: nowhere, mapping: mapping.yaml }'));
  assert.match(
    lost,
    /scenario.yaml:2:\d+: fleet\.recorded\.drives: expected a file or folder of CSVs, got .*nowhere does not exist/,
  );
  const wrong = await problemsOf(scenario('recorded: { drives: drive.csv, mapping: drive.csv }'));
  assert.match(wrong, /drive\.csv:1:1: expected a mapping/);
});
