import assert from 'node:assert/strict';
import { execFileSync, spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, readdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { test } from 'node:test';
import { signalNames } from '#contract/signals.ts';
import { fleetbed, scratch, startFleetbed } from '#test/fleetbed.ts';
import { skipWithout } from '#test/skip-without.ts';
import { progressLine } from '#testbed/cli/generate/progress.ts';
import { readRequest } from '#testbed/cli/generate/request.ts';

const small = ['--cars', '12', '--hours', '0.25', '--failures', 'coolant-loss:2', '--over', '5m'];

function hashes(dir: string): Record<string, string> {
  return Object.fromEntries(
    readdirSync(dir)
      .sort()
      .map((name) => [
        name,
        createHash('sha256')
          .update(readFileSync(path.join(dir, name)))
          .digest('hex'),
      ]),
  );
}

test('two processes, one with one worker and one with three, write the same files', async () => {
  await using folder = await scratch();
  for (const format of ['csv', 'ndjson', 'parquet']) {
    const generate = async (name: string, workers: number): Promise<Record<string, string>> => {
      const out = path.join(folder.dir, name);
      const given = [...small, '--format', format, '--workers', String(workers), '--out', out];
      const ended = await fleetbed(['generate', ...given]);
      assert.equal(ended.code, 0, ended.stderr);
      assert.match(ended.stdout, /12 cars for 0.25 h, seed 1: 10,800 readings as/);
      assert.match(ended.stdout, /coolant-loss in 2 cars[^]*10,800 readings in [^]*truth\.\w+ {2}2 rows/);
      return hashes(out);
    };
    const one = await generate(`${format}-1`, 1);
    assert.deepEqual(Object.keys(one), [`telemetry.${format}`, `truth.${format}`]);
    assert.deepEqual(await generate(`${format}-3`, 3), one);
  }
});

test('files that are there stay as they are, unless --force says so; a part of another counts as there', async () => {
  await using folder = await scratch();
  const file = path.join(folder.dir, 'telemetry.csv');
  const generate = async (...more: string[]) =>
    fleetbed(['generate', ...small, '--out', folder.dir, ...more]);
  writeFileSync(file, 'mine');
  const refused = await generate();
  assert.equal(refused.code, 104);
  assert.match(refused.stderr, /telemetry\.csv is there already: .*--force/);
  assert.deepEqual(readdirSync(folder.dir), ['telemetry.csv']);
  assert.equal(readFileSync(file, 'utf8'), 'mine');
  assert.equal((await generate('--force')).code, 0);
  assert.match(readFileSync(file, 'utf8'), /^vin,session/);

  const beneath = await fleetbed(['generate', ...small, '--out', file]);
  assert.equal(beneath.code, 104);
  assert.match(beneath.stderr, /--out: .*telemetry\.csv is a file, not a folder/);

  const other = path.join(folder.dir, 'truth.ndjson.part');
  writeFileSync(other, '');
  const parted = await generate('--format', 'ndjson');
  assert.equal(parted.code, 104);
  assert.match(parted.stderr, /truth\.ndjson\.part is there already: another generate is writing it/);
  assert.ok(existsSync(other) && !existsSync(path.join(folder.dir, 'telemetry.ndjson.part')));
});

test('Ctrl-C ends it: it says how far it was, and leaves nothing half', async () => {
  await using folder = await scratch();
  const started = startFleetbed(['generate', '--cars', '5000', '--hours', '24', '--out', folder.dir]);
  await started.says('432,000,000 readings');
  started.child.kill('SIGINT');
  const { code, stderr } = await started.ended;
  assert.equal(code, 105, stderr);
  assert.match(stderr, /Stopped: incomplete, after .*%: the unfinished files were removed/);
  assert.deepEqual(readdirSync(folder.dir), []);
});

test(
  'a full disk is told in words, and nothing half is left',
  { skip: !existsSync('/dev/full') },
  async () => {
    await using folder = await scratch();
    for (const format of ['csv', 'ndjson', 'parquet']) {
      symlinkSync('/dev/full', path.join(folder.dir, `telemetry.${format}.part`));
      const ended = await fleetbed([
        'generate',
        ...small,
        '--format',
        format,
        '--out',
        folder.dir,
        '--force',
      ]);
      assert.equal(ended.code, 106, ended.stderr);
      assert.match(ended.stderr, new RegExp(`telemetry.${format} cannot be written: the disk is full`));
      assert.doesNotMatch(ended.stderr, /at .*\.ts:/);
      assert.deepEqual(readdirSync(folder.dir), []);
    }
  },
);

test('what is wrong with an option: which, what was expected, and what was meant', () => {
  const words = (argv: string[], env: NodeJS.ProcessEnv = {}): string => {
    try {
      readRequest(argv, env);
    } catch (error) {
      assert.ok(error instanceof Error && error.name === 'UserError', String(error));
      return error.message;
    }
    return 'nothing is wrong';
  };
  const out = ['--out', 'x'];
  const cars = ['--cars', '100', ...out];
  for (const [argv, expected] of [
    [out, /how many cars\? Give --cars N/],
    [['--cars', '10'], /Give --out DIR/],
    [['--cars', '0', ...out], /--cars: expected a whole number from 1 to 10000000, got 0/],
    [[...cars, '--hours', '0'], /--hours: expected a number above 0 and up to/],
    [[...cars, '--hours', '2h'], /--hours: expected a number above 0 .*, got 2h \(did you mean 2\?\)/],
    [[...cars, '--hours', '0.001'], /--hours: expected at least 0.0028, a message of 10 readings, got 0.001/],
    [
      [...cars, '--format', 'parket'],
      /expected csv, ndjson, parquet or kafka, got parket \(did you mean parquet\?\)/,
    ],
    [[...cars, '--workers', '65'], /--workers: expected a whole number from 1 to 64/],
    [[...cars, '--interval', '1'], /--interval: expected a duration such as 250ms, 30s or 2m, got 1/],
    [[...cars, '--interval', '5ms'], /--interval: expected 10ms to 1h, got 5ms/],
    [[...cars, '--failures', 'coolant-los:2%'], /got coolant-los \(did you mean coolant-loss\?\)/],
    [[...cars, '--failures', 'coolant-loss'], /expected pairs such as coolant-loss:2%, got coolant-loss/],
    [
      [...cars, '--failures', 'misfire:0.02'],
      /--failures: misfire: expected a share .* got 0.02 \(did you mean 2%\?\)/,
    ],
    [[...cars, '--failures', 'sensor-stuck/massAirflow:1'], /got massAirflow \(did you mean massAirFlow\?\)/],
    [[...cars, '--failures', 'misfire/speed:1'], /expected a sensor with a sensor’s fault/],
    [[...cars, '--failures', 'signal-effect:1'], /expected a failure: .*, turbo-wear, .*; got signal-effect/],
    [[...cars, '--failures', 'sensor-stuck/heat:1'], /expected a sensor: speed, .*, gear; got heat/],
    [
      [...cars, '--failures', 'misfire:101'],
      /misfire: expected at most 100 cars, got 101: the fleet has no more/,
    ],
    [
      [...cars, '--failures', 'misfire:60%,coolant-loss:60%'],
      /coolant-loss: expected at most 40 cars, got 60: the others fail/,
    ],
    [
      [...cars, '--profiles', 'petrol:3,turbo:1', '--failures', 'boost-leak:30%'],
      /boost-leak: expected at most 25 cars, got 30: the others lack a charger/,
    ],
    [[...cars, '--severity', '0.5'], /--severity says how cars fail; give --failures as well/],
    [
      [...cars, '--failures', 'misfire:1', '--severity', '2'],
      /--severity: expected a number above 0 and up to 1/,
    ],
    [[...cars, '--profiles', 'petrl:1'], /got petrl \(did you mean petrol\?\)/],
    [[...cars, '--profiles', 'petrol:-1'], /expected a share such as 0.5, got -1/],
    [[...cars, '--start', 'cold'], /--start: expected mixed, parked or warm, got cold/],
    [[...cars, '--sim-start', 'today'], /--sim-start: expected a time in ISO 8601/],
    [[...cars, '--run', 'a'], /--run goes with --format kafka alone/],
    [['--cars', '1', '--format', 'kafka', ...out], /--format kafka takes no --out/],
    [['--cars', '1', '--format', 'kafka'], /which Kafka\? Give --kafka/],
    [['--cars', '1', '--format', 'kafka', '--kafka', 'h:1', '--run', 'a b'], /--run: expected letters/],
    [[...cars, '--car', '1'], /there is no option --car; did you mean --cars\?/],
  ] as const) {
    assert.match(words([...argv]), expected, argv.join(' '));
  }
});

test('it says first what will fail, which sensor, and how much it will be', async () => {
  await using folder = await scratch();
  const given = [
    '--cars',
    '3',
    '--hours',
    '0.01',
    '--failures',
    'misfire:1,sensor-stuck:1',
    '--out',
    folder.dir,
  ];
  const { code, stdout, stderr } = await fleetbed(['generate', ...given]);
  assert.equal(code, 0, stderr);
  // 36 s are three messages and a half.
  assert.match(stdout, /3 cars for 0\.01 h, seed 1: about 108 readings as csv/);
  assert.match(stdout, /misfire in 1 car\n {2}sensor-stuck of coolantTemperature in 1 car\n/);
});

test('progress: how far, how fast, how long still', () => {
  assert.equal(progressLine(0, 1000, 0.5), '0 % · 0 of 1,000 readings');
  assert.equal(
    progressLine(250_000, 1_000_000, 2),
    '25 % · 250,000 of 1,000,000 readings · 125,000/s · 6 s left',
  );
});

/** The sum of each signal, and how often it is missing, by a program that knows nothing of us. */
const sums = (reader: string): string => `
import json, math, sys
names = ${JSON.stringify(signalNames)}
sums, missing, rows = dict.fromkeys(names, 0.0), dict.fromkeys(names, 0), 0
${reader}
for row in table:
    rows += 1
    for name in names:
        if row[name] in ('', None): missing[name] += 1
        else: sums[name] += float(row[name])
print(json.dumps([rows, missing, {name: round(total) for name, total in sums.items()}]))
`;
const hasPyarrow =
  process.env['CI'] === 'true' || spawnSync('python3', ['-c', 'import pyarrow.parquet']).status === 0;

for (const [name, skip, format, reader] of [
  [
    "Python's csv module",
    skipWithout('python3'),
    'csv',
    'import csv\ntable = csv.DictReader(open(sys.argv[1]))',
  ],
  ["Python's json module", skipWithout('python3'), 'ndjson', 'table = map(json.loads, open(sys.argv[1]))'],
  [
    'pyarrow',
    !hasPyarrow && 'pyarrow is not installed',
    'parquet',
    'import pyarrow.parquet\ntable = pyarrow.parquet.read_table(sys.argv[1]).to_pylist()',
  ],
] as const) {
  test(`${name} reads ${format}`, { skip }, async () => {
    await using folder = await scratch();
    const given = ['--cars', '8', '--hours', '0.1', '--failures', 'sensor-dropout/speed:1', '--over', '1m'];
    const out = path.join(folder.dir, 'theirs');
    const ended = await fleetbed(['generate', ...given, '--format', format, '--out', out]);
    assert.equal(ended.code, 0, ended.stderr);
    const printed = execFileSync('python3', ['-c', sums(reader), path.join(out, `telemetry.${format}`)]);
    const [rows, missing, totals] = JSON.parse(printed.toString()) as [
      number,
      Record<string, number>,
      Record<string, number>,
    ];
    assert.equal(rows, 8 * 360);
    assert.ok((missing['speed'] ?? 0) > 0 && missing['coolantTemperature'] === 0);
    // The same, by our own hands, from the lines.
    const lines = (await fleetbedLines(folder.dir, given)).map(
      (line) => JSON.parse(line) as Record<string, number | null>,
    );
    for (const signal of signalNames) {
      const values = lines
        .map((line) => line[signal])
        .filter((value) => value !== null && value !== undefined);
      assert.equal(missing[signal], lines.length - values.length, signal);
      const total = values.reduce((sum, value) => sum + value, 0);
      assert.ok(Math.abs((totals[signal] ?? 0) - total) <= 1, `${signal}: ${totals[signal]} is not ${total}`);
    }
  });
}

async function fleetbedLines(dir: string, given: readonly string[]): Promise<string[]> {
  const out = path.join(dir, 'lines');
  const ended = await fleetbed(['generate', ...given, '--format', 'ndjson', '--out', out]);
  assert.equal(ended.code, 0, ended.stderr);
  return readFileSync(path.join(out, 'telemetry.ndjson'), 'utf8').trimEnd().split('\n');
}
