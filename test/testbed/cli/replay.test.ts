import assert from 'node:assert/strict';
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { test } from 'node:test';
import { fleetbed, readSummary, scratch } from '#test/fleetbed.ts';
import * as loggers from '#test/simulator/recorded/loggers.ts';

async function torqueFolder(dir: string, drives: number, readings: number): Promise<string[]> {
  const folder = path.join(dir, 'drives');
  await mkdir(folder);
  for (let car = 0; car < drives; car++) {
    const text = loggers.torqueCsv(loggers.recordingOf(car, readings));
    await writeFile(
      path.join(folder, `trip-${car}.csv`),
      text.replace(/(\r\n.*){3}$/, '\r\nnothing of a row\r\n'),
    );
  }
  const mapping = path.join(dir, 'torque.yaml');
  await writeFile(mapping, loggers.torqueMapping);
  return ['replay', folder, '--mapping', mapping];
}

test('--check reads and says what was found, accepted and rejected', async () => {
  await using folder = await scratch();
  const args = await torqueFolder(folder.dir, 3, 100);
  const { code, stdout, stderr } = await fleetbed([...args, '--check']);
  assert.equal(code, 0, stderr);
  assert.match(stdout, /drives +3 in 3 files/);
  assert.match(stdout, /rows +297\n +accepted +294\n +repaired +0\n +rejected +3 +no-time 3\n/);
  assert.match(
    stdout,
    /signals +speed 100 % · engineSpeed 100 % · manifoldPressure 100 % · coolantTemperature 100 %/,
  );
  assert.match(stdout, /absent +throttlePosition, massAirFlow/);
  assert.match(stdout, /trip-0\.csv:100: no-time: expected a time, got "nothing of a row"/);
});

test('a column that no file has is told by the mapping’s line, with the nearest there is', async () => {
  await using folder = await scratch();
  const args = await torqueFolder(folder.dir, 1, 30);
  const mapping = path.join(folder.dir, 'torque.yaml');
  await writeFile(mapping, loggers.torqueMapping.replace('Engine RPM(rpm)', 'Engine RMP(rpm)'));
  const { code, stderr } = await fleetbed([...args, '--check']);
  assert.equal(code, 104);
  assert.match(
    stderr,
    /torque\.yaml:4:3: columns\.Engine RMP\(rpm\): expected a column of the drives .*did you mean "Engine RPM\(rpm\)"\?/,
  );
  await writeFile(mapping, loggers.torqueMapping.replace('column: Device Time', 'column: GPS Time'));
  const time = await fleetbed([...args, '--check']);
  assert.equal(time.code, 104);
  assert.match(
    time.stderr,
    /torque\.yaml:2:1: time: expected a column of the drives \("Device Time".*got "GPS Time"/,
  );
});

test('what is no drive is refused in words', async () => {
  await using folder = await scratch();
  const mapping = await folder.file('m.yaml', loggers.torqueMapping);
  const refused = async (place: string): Promise<string> => {
    const { code, stderr } = await fleetbed(['replay', place, '--mapping', mapping, '--check']);
    assert.equal(code, 104, stderr);
    assert.doesNotMatch(stderr, /\n {4}at /);
    return stderr;
  };
  assert.match(await refused(path.join(folder.dir, 'nowhere')), /nowhere does not exist/);
  assert.match(
    await refused(folder.dir),
    /expected a folder with \.csv, \.tsv, \.txt, got 1 file of another kind/,
  );
  assert.match(await refused(process.execPath), /expected CSV text, got a binary file/);
  for (const [args, words] of [
    [['replay'], /which drives\?/],
    [['replay', folder.dir], /Give --mapping FILE/],
    [['replay', folder.dir, '--mapping', mapping, '--speedup', '0'], /--speedup: expected a number above 0/],
    [['replay', folder.dir, '--mapping', mapping, '--interval', '1'], /--interval: expected a duration/],
    [['replay', folder.dir, '--mapping', mapping, '--write', 'x'], /--write goes with --check/],
  ] as const) {
    const { code, stderr } = await fleetbed([...args]);
    assert.equal(code, 104);
    assert.match(stderr, words);
  }
});

test('--dry-run prints a scenario that is one', async () => {
  await using folder = await scratch();
  const args = await torqueFolder(folder.dir, 2, 100);
  const { code, stdout } = await fleetbed([...args, '--dry-run', '--cars', '7', '--speedup', '5', '--train']);
  assert.equal(code, 0);
  const text = stdout.slice(stdout.indexOf('name: "replay"'));
  const file = await folder.file('scenario.yaml', text);
  const valid = await fleetbed(['validate', file]);
  assert.equal(valid.code, 0, valid.stderr);
  assert.match(text, /"cars":7/);
});

test(
  'recorded drives go through the whole loop: every message is in Kafka, and a fault has its truth',
  {
    timeout: 180_000,
  },
  async () => {
    await using folder = await scratch();
    const args = await torqueFolder(folder.dir, 3, 100);
    const out = path.join(folder.dir, 'out');
    const fail =
      'timeline=[{at: 2s, fail: signal-effect, signal: manifoldPressure, factor: 0.7, over: 30s, cars: 1}]';
    const more = ['--cars', '6', '--speedup', '10', '--edges', '2', '--set', fail, '--out', out];
    const { code, stdout, stderr } = await fleetbed([...args, ...more]);
    assert.equal(code, 0, stdout + stderr);
    assert.ok(stdout.indexOf('Recorded drives of') < stdout.indexOf('replay: 6 cars'), 'first what was read');
    const { delivery, truth, detection } = await readSummary(out);
    // 98 readings of each drive: 9 messages, then a pause.
    assert.ok(delivery.sent >= 6 * 9 - 6 && delivery.sent <= 6 * 9, `${delivery.sent} messages`);
    assert.deepEqual([delivery.stored, delivery.lost, delivery.dropped], [delivery.sent, 0, 0]);
    assert.ok(truth.said >= 2, 'at the onset, and when it can be seen');
    assert.deepEqual(Object.keys(detection.byMode), ['signal-effect']);
    const record: unknown = JSON.parse(await readFile(path.join(out, 'drives.json'), 'utf8'));
    assert.partialDeepStrictEqual(record, { files: 3, rows: { rows: 297, rejected: 3 } });
  },
);
