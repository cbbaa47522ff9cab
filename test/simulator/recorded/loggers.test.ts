import assert from 'node:assert/strict';
import { test } from 'node:test';
import { signals, signalIndex, type SignalName } from '#contract/signals.ts';
import * as loggers from './loggers.ts';
import { readBack } from './reading.ts';

const recording = loggers.recordingOf(3, 120);

function same(got: readonly number[], name: SignalName, within: number): void {
  const expected = recording.values.get(name)!;
  assert.equal(got.length, expected.length, name);
  for (const [n, value] of got.entries()) {
    const want = expected[n] ?? Number.NaN;
    assert.ok(Math.abs(value - want) <= within, `${name} at ${n} s: ${value}, recorded ${want}`);
  }
}

test('a plain table comes back as it was', async () => {
  const units = Object.fromEntries(signals.map(({ name, unit }) => [name, unit]));
  const mapping = loggers.plainMapping(loggers.usualSignals, units);
  const { read, drive } = await readBack(mapping, { 'drive.csv': loggers.plainCsv(recording) });
  assert.deepEqual([read.tally.rows, read.tally.accepted, read.drives.length], [120, 120, 1]);
  for (const name of loggers.usualSignals) same(drive(0, name), name, 0.001);
  assert.deepEqual([...read.present.keys()].toSorted(), loggers.usualSignals.toSorted());
  assert.ok(drive(0, 'oilPressure').every(Number.isNaN), 'what was not recorded is absent');
});

test("Torque's: dates, foreign units, dashes for nothing, commas at the end", async () => {
  const { read, drive } = await readBack(loggers.torqueMapping, { 'log.csv': loggers.torqueCsv(recording) });
  assert.equal(read.tally.accepted, 120);
  same(drive(0, 'speed'), 'speed', 0.01);
  same(drive(0, 'coolantTemperature'), 'coolantTemperature', 0.01);
  same(drive(0, 'manifoldPressure'), 'manifoldPressure', 0.01);
  // A dash is nothing new: the last value stands.
  const rpm = drive(0, 'engineSpeed');
  assert.equal(rpm[3], rpm[2]);
  assert.ok(Math.abs(rpm[4]! - recording.values.get('engineSpeed')![4]!) < 0.01);
});

test('one value a row, quoted, with its name', async () => {
  const { read, drive } = await readBack(loggers.longMapping, { 'log.csv': loggers.longCsv(recording) });
  assert.equal(read.tally.accepted, 360);
  same(drive(0, 'engineSpeed'), 'engineSpeed', 0.01);
  // It comes 0.1 s after the reading is taken, so each reading has the value before.
  assert.ok(Number.isNaN(drive(0, 'speed')[0]!));
  assert.equal(drive(0, 'speed')[1], recording.values.get('speed')![0]);
});

test('a spreadsheet of elsewhere: semicolons, decimal commas, a row of units, notes above the header', async () => {
  const files = { 'Fahrt.csv': loggers.europeanCsv(recording) };
  const { read, drive, reasons } = await readBack(loggers.europeanMapping, files);
  assert.deepEqual([read.tally.accepted, reasons], [120, { units: 1 }]);
  same(drive(0, 'coolantTemperature'), 'coolantTemperature', 0.01);
  same(drive(0, 'massAirFlow'), 'massAirFlow', 0.01);
});

test('one parameter refreshed in each row', async () => {
  const units = Object.fromEntries(signals.map(({ name, unit }) => [name, unit]));
  const mapping = loggers
    .plainMapping(loggers.usualSignals, units)
    .replace('column: time, format: seconds', 'column: ms, format: milliseconds');
  const { read, drive } = await readBack(mapping, { 'log.tsv': loggers.oneByOneCsv(recording) });
  assert.equal(read.tally.accepted, 120 * loggers.usualSignals.length);
  same(drive(0, 'speed'), 'speed', 0.001);
  for (const name of loggers.usualSignals.slice(1)) {
    const got = drive(0, name);
    assert.equal(got.length, 120);
    assert.ok(Math.abs(got[50]! - recording.values.get(name)![49]!) < 0.001, name);
    assert.ok(got[50]! >= signals[signalIndex[name]]!.range.min);
  }
});

test('cars by a column or by the name of the file; one that goes unnamed is the one before', async () => {
  const byColumn = `time: { column: t, format: seconds }\ncar: { column: id }\ncolumns: { v: { signal: speed, unit: mph } }\n`;
  const text = 't,id,v\n0,A,10\n1,A,10\n2,,10\n2,B,20\n3,B,20\n';
  const column = await readBack(byColumn, { 'fleet.csv': text });
  assert.deepEqual(
    column.read.drives.map(({ car, readings }) => [car, readings]),
    [
      ['A', 3],
      ['B', 2],
    ],
  );
  assert.deepEqual(column.reasons, { 'no-car': 1 });
  const byFile = byColumn.replace('{ column: id }', "{ file: '^([^/]+)/' }");
  const drive = 't,id,v\n0,,1\n1,,2\n';
  const file = await readBack(byFile, { 'golf/2.csv': drive, 'golf/10.csv': drive, 'polo/1.csv': drive });
  assert.deepEqual(
    file.read.drives.map(({ car, name }) => [car, name]),
    [
      ['golf', 'golf/2.csv:2'],
      ['golf', 'golf/10.csv:2'],
      ['polo', 'polo/1.csv:2'],
    ],
  );
});
