import assert from 'node:assert/strict';
import { test } from 'node:test';
import { decodeTelemetry } from '#contract/telemetry.ts';
import { signalNames } from '#contract/signals.ts';
import { carLife } from '#simulator/car-life.ts';
import { failingCars } from '#simulator/failures/choice.ts';
import type { Fleet } from '#simulator/fleet.ts';
import { Generation } from '#simulator/generate/generation.ts';
import { expectedReadings, formats, segmentsOf } from '#simulator/generate/plan.ts';
import { vinOf } from '#simulator/population/vin.ts';
import { failureWith } from '../failures/fleets.ts';
import { fleetWith } from '../fleets.ts';
import { generated } from './generated.ts';

const hourMs = 3_600_000;
const ofHours = (cars: number, hours: number, changes: Partial<Fleet> = {}): Fleet =>
  fleetWith({ cars, speedup: 1, stages: [{ forMs: hours * hourMs, cars }], ...changes });
const withFailures = (fleet: Fleet): Fleet => ({
  ...fleet,
  failures: [
    failureWith({ cars: 3, withinMs: 0.3 * hourMs, overMs: 0.4 * hourMs }),
    failureWith({ failure: 'sensor-dropout', sensor: 'massAirFlow', cars: 2, withinMs: 0.3 * hourMs }),
  ],
});

test('any number of workers gives the same bytes and the same truth, in every format', async () => {
  const fleet = withFailures(ofHours(30, 0.7));
  for (const format of formats) {
    const plan = { fleet, format };
    assert.ok(
      segmentsOf(plan) > (format === 'parquet' ? 1 : 4),
      `${format}: workers have something to share`,
    );
    const alone = await generated(plan, 1);
    const split = await generated(plan, format === 'csv' ? 4 : 2);
    assert.equal(split.hash, alone.hash, format);
    assert.deepEqual(split.truths, alone.truths, format);
    assert.deepEqual(
      split.blocks.map(({ rowGroup, records }) => ({ rowGroup, records })),
      alone.blocks.map(({ rowGroup, records }) => ({ rowGroup, records })),
    );
    const readings = alone.blocks.reduce((sum, block) => sum + block.readings, 0);
    assert.equal(readings, expectedReadings(fleet), format);
  }
});

test('it is what a live fleet sends: the same readings, a session by seed and VIN, due when the car says so', async () => {
  // A live fleet at ten times the speed, and failures.
  const fleet = withFailures(ofHours(6, 0.3));
  const live = {
    ...fleet,
    speedup: 10,
    stages: [{ forMs: 0.03 * hourMs, cars: 6 }],
    failures: fleet.failures!.map((each) => ({ ...each, withinMs: each.withinMs! / 10 })),
  };
  const { blocks } = await generated({ fleet, format: 'kafka' });
  const messages = blocks.flatMap(({ bytes, records }) => {
    let begin = 0;
    return records!.keys.map((key, place) => {
      const batch = decodeTelemetry(Buffer.from(bytes).subarray(begin, records!.ends[place]));
      begin = records!.ends[place]!;
      assert.equal(batch.vin, key);
      return batch;
    });
  });
  let next = 0;
  const sessions = new Set<number>();
  for (let index = 0; index < 6; index++) {
    let seq = 0;
    for (const { simTime, columns } of carLife(live, index)) {
      const batch = messages[next++]!;
      assert.deepEqual([batch.vin, batch.seq, batch.simTime], [vinOf(42, index), ++seq, simTime]);
      assert.equal(batch.scheduledAt, simTime + 9000);
      assert.deepEqual(batch.columns, columns, `car ${index}, message ${seq}`);
      sessions.add(batch.session);
    }
  }
  assert.equal(next, messages.length);
  assert.equal(sessions.size, 6);
  assert.ok([...sessions].every(Number.isSafeInteger));
});

test('a failure in some cars changes no other car’s rows, and each has an onset of its own', async () => {
  const well = ofHours(20, 0.5);
  const failing = withFailures(well);
  const chosen = new Set([...failingCars(failing).keys()].map((index) => vinOf(42, index)));
  assert.equal(chosen.size, 5);
  const rowsOf = async (fleet: Fleet): Promise<string[]> =>
    (await generated({ fleet, format: 'csv' })).bytes.toString().split('\n');
  const before = await rowsOf(well);
  const after = await rowsOf(failing);
  const changed = new Set<string>();
  assert.equal(after.length, before.length);
  for (const [place, row] of after.entries()) if (row !== before[place]) changed.add(row.slice(0, 17));
  assert.ok(changed.size > 0);
  assert.deepEqual(
    [...changed].filter((vin) => !chosen.has(vin)),
    [],
  );
  const { truths } = await generated({ fleet: failing, format: 'csv' });
  assert.deepEqual(new Set(truths.map(({ vin }) => vin)), chosen);
  assert.equal(new Set(truths.map(({ onsetSim }) => onsetSim)).size, 5);
  for (const { failure, signal, onsetSim, failureAtSim, dtc } of truths) {
    assert.ok(onsetSim >= failing.simStartMs && onsetSim < failing.simStartMs + 0.3 * hourMs);
    assert.ok((failureAtSim ?? 0) > onsetSim);
    if (failure === 'sensor-dropout') assert.deepEqual([signal, dtc], ['massAirFlow', 'P0102']);
    else assert.equal(signal, null);
  }
});

test('telemetry says nothing of what is wrong', async () => {
  const fleet = withFailures(ofHours(8, 0.2));
  const { bytes } = await generated({ fleet, format: 'ndjson' });
  const allowed = new Set(['vin', 'session', 'seq', 'reading', 'scheduledAt', 'simTime', ...signalNames]);
  for (const line of bytes.toString().trimEnd().split('\n')) {
    assert.deepEqual(new Set(Object.keys(JSON.parse(line) as object)), allowed);
  }
  for (const word of ['coolant-loss', 'dropout']) assert.ok(!bytes.includes(word), word);
});

test('a car that lives longer than a row group has several, and who is slow to write holds everybody up', async () => {
  const fleet = ofHours(3, 20, { profiles: { diesel: 1 } });
  const generation = new Generation({ fleet, format: 'parquet' }, 2);
  const groups: number[] = [];
  try {
    for await (const piece of generation.inOrder()) {
      if (piece.type !== 'block') continue;
      groups.push(piece.block.readings);
      // Diesels have no trims: null, all of them.
      const trims = piece.block.rowGroup?.columns.find(
        ({ meta_data: data }) => data?.path_in_schema[0] === 'shortTermFuelTrim',
      );
      assert.equal(trims?.meta_data?.num_values, BigInt(piece.block.readings));
    }
  } finally {
    await generation.close();
  }
  assert.deepEqual(groups, [65_536, 6464, 65_536, 6464, 65_536, 6464]);
});

test('what a worker throws comes out, and so does why it is ended early', async () => {
  const broken = { ...ofHours(2, 0.1), profiles: { steam: 1 } };
  await assert.rejects(generated({ fleet: broken, format: 'csv' }), /no profile steam/);
  const generation = new Generation({ fleet: ofHours(500, 1), format: 'csv' }, 2);
  const ended = (async () => {
    for await (const _ of generation.inOrder()) generation.abort(new Error('enough'));
  })();
  await assert.rejects(ended, /enough/);
  await generation.close();
});
