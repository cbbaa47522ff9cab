import assert from 'node:assert/strict';
import { access, mkdir, readdir, symlink, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { test } from 'node:test';
import { UserError } from '#runtime/errors.ts';
import { scratch } from '#test/fleetbed.ts';
import { drivesInWords } from '#testbed/cli/drives-words.ts';
import { openDrives, type DrivesRequest } from '#testbed/run/drives.ts';
import { readMapping } from '#testbed/scenario/mapping-file.ts';
import { ScenarioError } from '#testbed/scenario/problems.ts';

const fleet = { intervalMs: 1000, readingsPerMessage: 10 };

/** What is asked to read this file by this mapping. */
async function requestOf(
  folder: { dir: string; file: (name: string, text: string) => Promise<string> },
  mapping: string,
  content: string | Buffer,
): Promise<DrivesRequest> {
  const drives = path.join(folder.dir, 'drives');
  await mkdir(drives);
  await writeFile(path.join(drives, 'a.csv'), content);
  const file = await readMapping(await folder.file('mapping.yaml', mapping));
  return { recorded: { drives, file }, ...fleet };
}

const perCar = `
time: { column: t, format: seconds }
car: { column: car }
columns: { v: { signal: speed, unit: km/h } }
`;

/** Rows of three cars, second by second or car after car. */
function carsInTurns(seconds: number, apart = 1): string {
  const rows = Array.from({ length: seconds }, (_, second) =>
    ['A', 'B', 'C'].map((car) => `${second * apart},${car},${second % 100}`),
  );
  return `t,car,v\n${rows.flat().join('\n')}\n`;
}

test('cars whose rows take turns are told what to do; the same rows car by car are their drives', async () => {
  await using folder = await scratch();
  const request = await requestOf(folder, perCar, carsInTurns(20));
  await assert.rejects(openDrives(request), (error) => {
    assert.ok(error instanceof UserError);
    assert.match(
      error.message,
      /expected a drive of 10 readings .*, got 1 in the longest: cars take turns \(57 times\)/,
    );
    assert.match(error.message, /sort the rows by car, then by time$/);
    return true;
  });
  await using apart = await scratch();
  const [head, ...rows] = carsInTurns(20).trim().split('\n');
  const sorted = rows.toSorted((one, other) => one.split(',')[1]!.localeCompare(other.split(',')[1]!));
  await using drives = await openDrives(await requestOf(apart, perCar, [head, ...sorted].join('\n') + '\n'));
  assert.deepEqual(
    drives.read.drives.map(({ car, readings }) => [car, readings]),
    [
      ['A', 20],
      ['B', 20],
      ['C', 20],
    ],
  );
  assert.equal(drives.read.tally.turns, 0);
});

test('a few turns among whole drives are said, with columns that the mapping leaves out', async () => {
  await using folder = await scratch();
  const rows = Array.from({ length: 30 }, (_, second) => `${second},${second === 20 ? 'B' : 'A'},50,x`);
  const again = '30,B,50,x';
  const request = await requestOf(folder, perCar, `t,car,v,note\n${[...rows, again].join('\n')}\n`);
  await using drives = await openDrives(request);
  const words = drivesInWords(drives.read, { place: 'here', readingsPerMessage: 10 });
  assert.match(words, /\n {2}not mapped {2}note\n/);
  assert.match(words, /\n {2}mixed +cars take turns \(2 times\)/);
  assert.match(words, /\n {2}too short +3 drives shorter/);
});

test('more drives than any folder has are refused, and nothing is left behind', async () => {
  await using folder = await scratch();
  await using work = await scratch();
  const usual = process.env['TMPDIR'];
  process.env['TMPDIR'] = work.dir;
  try {
    const mixed = await requestOf(folder, perCar, carsInTurns(40_000));
    const words = /a\.csv:100002: expected up to 100000 drives, got more: cars take turns/;
    await assert.rejects(openDrives(mixed), words);
    const gaps = perCar.replace('car: { column: car }\n', 'newDriveAfter: 1s\n');
    await using other = await scratch();
    const far = carsInTurns(110_000, 100).replaceAll(/\n\d+,[BC],.*/g, '');
    await assert.rejects(
      openDrives(await requestOf(other, gaps, far)),
      /expected up to 100000 drives, got more: give a part of them, or a longer newDriveAfter/,
    );
    const left = (await readdir(work.dir)).filter((name) => name.startsWith('fleetbed-drives-'));
    assert.deepEqual(left, []);
  } finally {
    if (usual === undefined) delete process.env['TMPDIR'];
    else process.env['TMPDIR'] = usual;
  }
});

test('letters of another encoding: the mapping may say which', async () => {
  await using folder = await scratch();
  const mapping = `time: { column: Zeit, format: seconds }\ncolumns: { 'Kühlmittel [°C]': { signal: coolantTemperature, unit: °C } }\n`;
  const text = Buffer.from('Zeit;Kühlmittel [°C]\n0;80\n', 'latin1');
  await assert.rejects(openDrives(await requestOf(folder, mapping, text)), (error) => {
    assert.ok(error instanceof ScenarioError);
    assert.match(
      error.message,
      /mapping\.yaml:2:\d+: columns\.Kühlmittel .*\(did you mean encoding: latin1\?\)/,
    );
    return true;
  });
});

test(
  'a disk that is full is no fault of the file that was being read',
  { skip: process.platform !== 'linux' },
  async () => {
    await using folder = await scratch();
    const into = path.join(folder.dir, 'written.json');
    await symlink('/dev/full', `${into}.f32`);
    const text = `t,car,v\n${Array.from({ length: 9000 }, (_, t) => `${t},A,50`).join('\n')}\n`;
    await assert.rejects(openDrives({ ...(await requestOf(folder, perCar, text)), into }), (error) => {
      assert.ok(error instanceof UserError);
      assert.equal(error.kind, 'component');
      assert.match(error.message, /the disk is full.*\(writing .*written\.json\.f32\)/);
      return true;
    });
    await assert.rejects(access(into), 'an index of what was not written');
  },
);

test('--check names every row that is known by name, a run some of them', async () => {
  await using folder = await scratch();
  const bad = [
    'x,A,1',
    ...Array.from({ length: 12 }, (_, t) => `${t},A,50`),
    '12,A,no',
    '12,A,300,',
    '12,A,1,2',
  ];
  const more = [
    '13,A,"',
    '13,,5',
    '12.5,A,1',
    '13,A,x',
    '13,A,x',
    '13,A,x',
    '13,A,x',
    ',A,1',
    ',A,1',
    ',A,1',
  ];
  const request = await requestOf(folder, perCar, `t,car,v\n${[...bad, ...more].join('\n')}\n`);
  await using drives = await openDrives(request);
  const findings = drives.read.tally.named.length;
  assert.ok(findings > 10, `${findings}`);
  const shown = (all: boolean): string[] =>
    drivesInWords(drives.read, { place: 'here', readingsPerMessage: 10, all })
      .split('\n')
      .filter((line) => /a\.csv:|more/.test(line));
  assert.equal(shown(true).length, findings);
  assert.equal(shown(false).length, 11);
  assert.match(shown(false).at(-1)!, new RegExp(`… and ${findings - 10} more named in drives.json`));
});
