import assert from 'node:assert/strict';
import { test } from 'node:test';
import { valueOf } from '#simulator/recorded/cell-values.ts';
import { conversionOf, unitNamesOf, unitsOf } from '#simulator/recorded/units.ts';
import { signals, signalNames } from '#contract/signals.ts';
import { scratch } from '#test/fleetbed.ts';
import { readMapping } from '#testbed/scenario/mapping-file.ts';
import { ScenarioError } from '#testbed/scenario/problems.ts';

async function said(text: string): Promise<string[]> {
  await using folder = await scratch();
  const file = await folder.file('mapping.yaml', text);
  try {
    await readMapping(file);
    return [];
  } catch (error) {
    assert.ok(error instanceof ScenarioError, String(error));
    assert.equal(error.exitCode, 104);
    return error.problems.map((problem) => problem.replace(/^\S*\/mapping\.yaml:/, ''));
  }
}

const time = 'time: { column: t, format: seconds }\n';

test('a signal, a unit, a format and a field that there is none of, all at once, with the nearest right one', async () => {
  const problems = await said(`time: { column: t, format: second }
columns:
  a: { signal: enginSpeed, unit: rpm }
  b: { signal: coolantTemperature, unit: degG }
  c: { signal: speed, unit: kmh, skale: 2 }
  d: { signal: speed, unit: kPa }
decimel: ','
hold: 5
`);
  const expected = [
    /^1:28: time\.format: expected .*seconds.*got second \(did you mean seconds\?\)$/,
    /^3:16: columns\.a\.signal: expected a signal .*got "?enginSpeed"? \(did you mean engineSpeed\?\)$/,
    /^4:42: columns\.b\.unit: expected a unit of coolantTemperature \(degC, degF or K\), got degG \(did you mean deg[CF]\?\)$/,
    /^5:\d+: columns\.c\.skale: expected one of signal, unit.*got skale \(did you mean scale\?\)$/,
    /^6:29: columns\.d\.unit: expected a unit of speed \(km\/h, mph, m\/s or kn\), got kPa/,
    /^7:1: decimel: expected one of columns.*got decimel \(did you mean decimal\?\)$/,
    /^8:7: hold: expected a duration.*got 5 \(did you mean 5s\?\)$/,
  ];
  assert.equal(problems.length, expected.length, problems.join('\n'));
  for (const [n, pattern] of expected.entries()) assert.match(problems[n]!, pattern);
});

test('what is missing, doubled or no mapping at all', async () => {
  assert.match((await said('columns: {}\n')).join('\n'), /time: expected .*but it is missing/);
  assert.match((await said(`${time}columns: {}\n`)).join(), /columns: expected at least one column/);
  assert.match((await said('- a\n')).join(), /expected a mapping/);
  assert.match((await said('a: [\n')).join(), /^\d+:\d+: /);
  const twice = `${time}columns: { a: { signal: speed, unit: mph }, b: { signal: speed, unit: mph } }\n`;
  assert.match((await said(twice)).join(), /columns\.b\.signal: expected each signal once .*as from a/);
  assert.deepEqual(await said(twice.replaceAll('mph', 'mph, optional: true')), []);
  const car = `${time}car: { file: '(' }\ncolumns: { a: { signal: speed, unit: mph } }\n`;
  assert.match((await said(car)).join(), /car\.file: expected a regular expression, got \(/);
  await assert.rejects(
    readMapping('no/such.yaml'),
    /the mapping cannot be read: no\/such.yaml does not exist/,
  );
});

test('units become the unit of the signal', async () => {
  const of = (signal: (typeof signalNames)[number], unit: string, value: number): number => {
    const { factor, offset } = conversionOf(signal, unit)!;
    return Number((value * factor + offset).toPrecision(6));
  };
  assert.equal(of('speed', 'mph', 100), 160.934);
  assert.equal(of('coolantTemperature', '°F', 212), 100);
  assert.equal(of('coolantTemperature', 'K', 273.15), 0);
  assert.equal(of('manifoldPressure', 'bar', 1.01325), 101.325);
  assert.equal(of('manifoldPressure', 'PSI', 14.6959), 101.325);
  assert.equal(of('ambientPressure', 'mbar', 1013.25), 101.325);
  assert.equal(of('massAirFlow', 'kg/h', 36), 10);
  assert.equal(of('batteryVoltage', 'mV', 13_800), 13.8);
  assert.equal(of('throttlePosition', 'ratio', 0.25), 25);
  assert.equal(of('engineSpeed', 'Hz', 50), 3000);
  for (const { name, unit } of signals) {
    assert.equal(unitsOf(name)[0], unit, `${name} is in its own unit first`);
    assert.deepEqual(conversionOf(name, unit), { factor: 1, offset: 0 });
    for (const other of unitNamesOf(name)) assert.ok(conversionOf(name, other), `${name} in ${other}`);
  }
});

test('scale and offset come before the unit; a cell may carry its unit, but no other', async () => {
  await using folder = await scratch();
  const text = `${time}decimal: ','\nmissing: [none, 0]\ncolumns: { boost: { signal: manifoldPressure, unit: bar, scale: 2, offset: 1 } }\n`;
  const { mapping } = await readMapping(await folder.file('mapping.yaml', text));
  const boost = mapping.columns.get('boost')!;
  const read = (cell: string): ReturnType<typeof valueOf> =>
    valueOf(cell, boost, signalNames.indexOf('manifoldPressure'), mapping);
  assert.equal(read('0,25'), 150);
  assert.equal(read('0,25 bar'), 150);
  assert.equal(read('0,25 kPa'), 'bad-number');
  assert.equal(read('0.25'), 150, 'a point is no thousand');
  assert.equal(read('1.000,5'), 'bad-number');
  for (const cell of ['', 'None', '0']) assert.equal(read(cell), 'missing', cell);
  assert.equal(read('99'), 'implausible');
});
