import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import path from 'node:path';
import { test } from 'node:test';
import { signalIndex, signalNames } from '#contract/signals.ts';
import { UserError } from '#runtime/errors.ts';
import type { FailureTimes } from '#simulator/failures/failing-car.ts';
import type { Fleet, FleetFailure } from '#simulator/fleet.ts';
import { livesOf } from '#simulator/lives.ts';
import { Course, pauseMs } from '#simulator/recorded/course.ts';
import { DrivesWriter } from '#simulator/recorded/drives-file.ts';
import { openDrives } from '#simulator/recorded/recorded-lives.ts';
import { timetableOf } from '#simulator/schedule/timetable.ts';
import { scratch } from '#test/fleetbed.ts';
import { digests } from '../digests.ts';
import { fleetWith } from '../fleets.ts';

/** Drives whose readings say which they are: speed = drive, engineSpeed = 100 + number of the reading. */
function writeDrives(file: string, lengths: readonly number[], cars: readonly (string | null)[] = []): void {
  const writer = new DrivesWriter(file, 1000);
  for (const [drive, length] of lengths.entries()) {
    writer.begin(`drive ${drive}`, cars[drive] ?? null);
    for (let reading = 0; reading < length; reading++) {
      const values = new Float32Array(signalNames.length).fill(Number.NaN);
      values[signalIndex.speed] = drive;
      values[signalIndex.engineSpeed] = 100 + reading;
      values[signalIndex.manifoldPressure] = 60;
      writer.add(values);
    }
  }
  writer.close();
}

const stages = [{ forMs: 60_000, cars: 6 }];
const fleetOf = (recorded: string, changes: Partial<Fleet> = {}): Fleet =>
  fleetWith({ cars: 6, speedup: 10, stages, recorded, ...changes });

/** What a car sends: of each message its drive and first reading; null where it sends nothing. */
function sentBy(fleet: Fleet, car: number): ([drive: number, reading: number] | null)[] {
  const lives = livesOf(fleet, [car]);
  return [...timetableOf(fleet, car)].map(({ simTime }) => {
    if (!lives.live(0, simTime)) return null;
    const { columns } = lives;
    return [columns[signalIndex.speed]![0]!, columns[signalIndex.engineSpeed]![0]! - 100];
  });
}

test('car i begins with drive i mod n, pauses, and goes on with the next one', async () => {
  await using folder = await scratch();
  const file = path.join(folder.dir, 'drives.json');
  // The second is cut to two messages, the third is no message long.
  writeDrives(file, [30, 27, 9, 20]);
  const pause = pauseMs / 10_000;
  const gap = Array.from({ length: pause }, () => null);
  const sent = sentBy(fleetOf(file), 1);
  const round = [[1, 0], [1, 10], ...gap, [3, 0], [3, 10], ...gap, [0, 0], [0, 10], [0, 20], ...gap];
  assert.equal(sent.length, 60);
  assert.deepEqual(sent, [...round, ...round].slice(0, 60));
  assert.deepEqual(sentBy(fleetOf(file), 4), sent, 'three drives that can be driven');
  assert.deepEqual(sentBy(fleetOf(file), 0)[0], [0, 0]);
});

test('where drives name cars, each car drives its own', () => {
  const drive = (
    car: string,
    first: number,
  ): { name: string; car: string; first: number; readings: number } => ({
    ...{ name: '', car, first, readings: 10 },
  });
  const course = new Course([drive('A', 0), drive('B', 10), drive('A', 20)], 10, 1000);
  const begins = [0, 1, 2, 3, 4].map((car) => course.readingAt(car, 0));
  assert.deepEqual(begins, [0, 10, 20, 10, 0]);
  assert.equal(course.readingAt(0, 1), -1);
  assert.equal(course.readingAt(0, 13), 20);
  assert.equal(course.readingAt(0, 26), 0);
  assert.equal(course.readingAt(1, 13), 10);
});

test('the same bytes for any number of workers and processes, and whoever fails', async () => {
  await using folder = await scratch();
  const file = path.join(folder.dir, 'drives.json');
  writeDrives(file, [300, 170, 90]);
  const coming = [
    { forMs: 3000, cars: 2 },
    { forMs: 20_000, cars: 6 },
    { forMs: 5000, cars: 1 },
    { forMs: 9000, cars: 6 },
    { forMs: 20_000, cars: 6 },
  ];
  const failures: FleetFailure[] = [
    { ...effect, cars: 2 },
    { failure: 'sensor-noise', atMs: 2000, overMs: 60_000, severity: 1, cars: 1, sensor: 'engineSpeed' },
  ];
  const fleet = fleetOf(file, { stages: coming, failures });
  const alone = digests(fleet);
  assert.equal(new Set(alone.values()).size, 6, 'VINs and phases tell them apart');
  for (const [processes, workers] of [
    [1, 4],
    [2, 1],
    [3, 2],
  ] as const)
    assert.deepEqual(digests(fleet, processes, workers), alone);
  const healthy = digests(fleetOf(file, { stages: coming }));
  const changed = [...alone].filter(([car, digest]) => healthy.get(car) !== digest);
  assert.equal(changed.length, 3);
});

const effect: FleetFailure = {
  ...{ failure: 'signal-effect', atMs: 2000, overMs: 100_000, severity: 1, cars: 6 },
  ...{ sensor: 'manifoldPressure', factor: 0.85, offset: -10 },
};

test('an effect grows from its onset to factor and offset, touches one signal, and has its truth', async () => {
  await using folder = await scratch();
  const file = path.join(folder.dir, 'drives.json');
  writeDrives(file, [600]);
  const fleet = fleetOf(file, { failures: [effect] });
  const told: FailureTimes[] = [];
  const lives = livesOf(fleet, [2], (_, times) => told.push(times));
  const healthy = livesOf({ ...fleet, failures: [] }, [2]);
  const onset = fleet.simStartMs + 20_000;
  let before = 60;
  for (const { simTime } of timetableOf(fleet, 2)) {
    assert.equal(lives.live(0, simTime), healthy.live(0, simTime));
    for (const [signal, column] of lives.columns.entries()) {
      if (signal !== signalIndex.manifoldPressure) assert.deepEqual(column, healthy.columns[signal]);
    }
    for (const [reading, value] of lives.columns[signalIndex.manifoldPressure]!.entries()) {
      const at = simTime + reading * 1000;
      assert.ok(value <= before, 'it only grows');
      assert.ok(before - value <= 1, 'little by little');
      before = value;
      if (at <= onset) assert.equal(value, 60);
      if (at >= onset + effect.overMs) assert.equal(value, 60 * 0.85 - 10);
    }
  }
  assert.equal(told.length, 2, 'at the onset, and when it can be seen');
  assert.equal(told[0]?.onsetSim, onset);
  const seen = told[1]?.detectableAtSim ?? 0;
  assert.ok(seen > onset && seen < onset + effect.overMs);
  assert.equal(told[1]?.failureAtSim, onset + effect.overMs);
});

test('what is absent stays absent under a failure', async () => {
  await using folder = await scratch();
  const file = path.join(folder.dir, 'drives.json');
  writeDrives(file, [600]);
  for (const failure of ['signal-effect', 'sensor-stuck', 'sensor-noise'] as const) {
    const failures: FleetFailure[] = [{ ...effect, failure, atMs: 0, sensor: 'oilPressure' }];
    const lives = livesOf(fleetOf(file, { failures }), [0], () => {});
    for (const { simTime } of timetableOf(fleetOf(file), 0)) {
      lives.live(0, simTime);
      assert.ok(lives.columns[signalIndex.oilPressure]!.every(Number.isNaN));
    }
  }
});

test('drives that are damaged, or for another fleet, are refused in words', async () => {
  await using folder = await scratch();
  const file = path.join(folder.dir, 'drives.json');
  const refuses = (fleet: Fleet, words: RegExp): void =>
    assert.throws(
      () => openDrives(file, fleet),
      (error) => error instanceof UserError && words.test(error.message),
    );
  refuses(fleetOf(file), /does not exist/);
  writeDrives(file, [9]);
  refuses(fleetOf(file), /expected a drive of 10 readings or more/);
  refuses(fleetOf(file, { intervalMs: 500 }), /expected readings every 500 ms.*got 1000 ms/);
  writeFileSync(`${file}.f32`, 'short');
  refuses(fleetOf(file), /expected drives as fleetbed replay --write makes them/);
  writeFileSync(file, '{');
  refuses(fleetOf(file), /expected drives as/);
  writeFileSync(file, '{"format":"other"}');
  refuses(fleetOf(file), /expected drives as/);
});
