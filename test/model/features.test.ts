import assert from 'node:assert/strict';
import { test } from 'node:test';
import { signalCount, signalIndex, signals, type SignalName } from '#contract/signals.ts';
import { EncodedTelemetry, encodeTelemetry, type TelemetryBatch } from '#contract/telemetry.ts';
import { featureCount, featureIndex, FeatureExtractor, featureNames } from '#model/features.ts';
import { livesOf, oneByOne } from './lives.ts';
import { rowsOf } from './small-trainer.ts';

const lives = livesOf(11, 12, 6);

/** A car that says the same all the time, in one batch. */
function steady(
  values: Partial<Record<SignalName, number>>,
  changes: Partial<TelemetryBatch> & { readings?: number } = {},
): TelemetryBatch {
  const { readings = 10, ...others } = changes;
  const columns = signals.map(({ name }) => new Float32Array(readings).fill(values[name] ?? Number.NaN));
  return {
    vin: 'V',
    session: 1,
    seq: 1,
    scheduledAt: 0,
    simTime: 1e12,
    intervalMs: 1000,
    columns,
    ...others,
  };
}

const driving = {
  speed: 60,
  engineSpeed: 2000,
  manifoldPressure: 50,
  massAirFlow: 20,
  intakeAirTemperature: 26.85,
  coolantTemperature: 90,
  lambda: 1,
  shortTermFuelTrim: 0,
};

function rowsFor(...batches: TelemetryBatch[]): Record<string, number>[] {
  const rows = rowsOf([batches]);
  return Array.from({ length: rows.length / featureCount }, (_, row) =>
    Object.fromEntries(featureNames.map((name, index) => [name, rows[row * featureCount + index]!])),
  );
}

test('the same readings give the same bits, however they come in batches and whoever comes between', () => {
  const expected = rowsOf(lives);
  assert.deepEqual(rowsOf(lives.map(oneByOne)), expected);
  const extractor = new FeatureExtractor();
  const rows = new Float32Array(expected.length);
  const starts = lives.map((_, car) => lives.slice(0, car).flat().length * 10 * featureCount);
  // Message by message over all cars, the last car first; slots far apart.
  for (let message = 0; message < Math.max(...lives.map(({ length }) => length)); message++) {
    for (let car = lives.length - 1; car >= 0; car--) {
      const batch = lives[car]![message];
      if (!batch) continue;
      const at = starts[car]! + message * 10 * featureCount;
      assert.equal(extractor.extract(car * 1000, batch, rows, at), 10);
    }
  }
  assert.deepEqual(rows, expected);
});

test('batches that are still encoded give the same bits, long ones and short ones in turns', () => {
  const lengths = [10, 3, 1, 70, 0, 2];
  const batches = lengths.map((readings, index) =>
    steady({ ...driving, speed: 60 + index }, { readings, seq: index + 1, simTime: 1e12 + index * 70_000 }),
  );
  const rowsBy = (
    extractor: FeatureExtractor,
    read: (batch: TelemetryBatch) => TelemetryBatch | EncodedTelemetry,
  ) =>
    batches.map((batch) => {
      const rows = new Float32Array(batch.columns[0]!.length * featureCount);
      assert.equal(extractor.extract(0, read(batch), rows, 0) * featureCount, rows.length);
      return rows;
    });
  assert.deepEqual(
    rowsBy(new FeatureExtractor(), (batch) => new EncodedTelemetry(encodeTelemetry(batch))),
    rowsBy(new FeatureExtractor(), (batch) => batch),
  );
});

test('signals stand first, under their names; what is absent or beyond its range is NaN', () => {
  const [row] = rowsFor(steady({ ...driving, coolantTemperature: 216, speed: -1, ambientTemperature: 60 }));
  assert.deepEqual(
    featureNames.slice(0, signalCount),
    signals.map(({ name }) => name),
  );
  assert.equal(row!['engineSpeed'], 2000);
  assert.equal(row!['ambientTemperature'], 60);
  for (const name of ['coolantTemperature', 'speed', 'oilPressure']) assert(Number.isNaN(row![name]), name);
});

test('a car that lacks a signal has all features that do not need it', () => {
  const needed = new Map<string, number>();
  const complete = rowsFor(...lives[0]!).at(-1)!;
  for (const [missing] of signals.entries()) {
    const batches = lives[0]!.map((batch) => ({
      ...batch,
      columns: batch.columns.with(missing, new Float32Array(10).fill(Number.NaN)),
    }));
    const row = rowsFor(...batches).at(-1)!;
    const lost = featureNames.filter((name) => Number.isNaN(row[name]) && !Number.isNaN(complete[name]));
    needed.set(signals[missing]!.name, lost.length);
  }
  assert.equal(needed.get('oilTemperature'), 1);
  assert.equal(needed.get('coolantTemperature'), 3);
  for (const [name, lost] of needed) assert(lost < 18, `${name} takes ${lost} features with it`);
});

test('means go by the car’s clock, not by the number of readings', () => {
  const step = (intervalMs: number): number => {
    const before = steady({ ...driving, speed: 30 }, { intervalMs, readings: 300_000 / intervalMs });
    const after = steady(driving, { intervalMs, readings: 60_000 / intervalMs, simTime: 1e12 + 300_000 });
    return rowsFor(before, after).at(-1)!['speed.60s']!;
  };
  const exact = 60 - 30 * Math.exp(-1);
  for (const intervalMs of [500, 1000, 2000, 5000]) {
    assert(Math.abs(step(intervalMs) - exact) < 1, `${intervalMs} ms: ${step(intervalMs)}, not ${exact}`);
  }
});

test('a gap of up to a minute counts as time, a longer one begins the car anew', () => {
  const after = (gapMs: number, changes: Partial<TelemetryBatch> = {}): number => {
    const before = steady({ ...driving, speed: 30 }, { readings: 300 });
    const simTime = before.simTime + 299_000 + gapMs;
    return rowsFor(before, steady(driving, { readings: 1, simTime, ...changes })).at(-1)!['speed.60s']!;
  };
  assert(Math.abs(after(1000) - 30.5) < 0.1);
  assert(Math.abs(after(60_000) - 45) < 0.1);
  assert.equal(after(60_001), 60, 'a longer gap');
  assert.equal(after(0), 60, 'a clock that stands');
  assert.equal(after(-1000), 60, 'a clock that goes back');
  assert.equal(after(1000, { session: 2 }), 60, 'another session');
});

test('what hangs on a running engine is absent until it has settled, and when it stands', () => {
  const oiled = { ...driving, oilPressure: 300 };
  const rows = rowsFor(
    steady(oiled),
    steady({ ...oiled, engineSpeed: 0 }, { simTime: 1e12 + 10_000 }),
    steady(oiled, { simTime: 1e12 + 20_000 }),
  );
  for (const name of ['log.oilPressure', 'log.fullness']) {
    const open = rows.map((row) => !Number.isNaN(row[name]));
    assert.deepEqual(open.slice(0, 10), [false, false, false, false, false, false, true, true, true, true]);
    assert.deepEqual(
      open.slice(10, 20),
      Array.from({ length: 10 }, () => false),
    );
    assert.equal(open.at(-1), true);
  }
  assert.equal(rows.at(-1)!['log.oilPressure'], Math.fround(Math.log(300)));
});

test('an engine that takes what its size says is neither full nor empty; a tenth more air shows in both, up and down', () => {
  const usual = steady(driving, { readings: 600 });
  const more = steady({ ...driving, massAirFlow: 22 }, { readings: 1, simTime: 1e12 + 600_000 });
  const rows = rowsFor(usual, more);
  assert(Math.abs(rows.at(-2)!['log.fullness']!) < 1e-3);
  assert(Math.abs(rows.at(-1)!['log.fullness']! - Math.log(1.1)) < 1e-3);
  assert.equal(rows.at(-1)!['log.emptiness'], -rows.at(-1)!['log.fullness']!);
});

test('an engine that stands while its car drives is a hybrid’s for ever, one that stands with its car is not', () => {
  const motor = (batches: TelemetryBatch[]): number => rowsFor(...batches).at(-1)!['hasMotor']!;
  const later = steady(driving, { simTime: 1e12 + 10_000 });
  assert.equal(motor([steady({ ...driving, engineSpeed: 0, speed: 0 }), later]), 0);
  assert.equal(motor([steady({ ...driving, engineSpeed: 0, speed: 30 }), later]), 1);
});

test('a voltage says nothing while the battery is charged hard; intake air counts from outside', () => {
  const volts = { ...driving, batteryVoltage: 13.5, ambientTemperature: 6.85 };
  const [row] = rowsFor(steady({ ...volts, batteryCurrent: 3 }));
  assert.equal(row!['held.batteryVoltage'], 13.5);
  assert(Math.abs(row!['intakeRise']! - 20) < 1e-4);
  const [charged] = rowsFor(steady({ ...volts, batteryCurrent: 30 }));
  assert(Number.isNaN(charged!['held.batteryVoltage']));
});

test('a row says which signals it lacks', () => {
  const [row] = rowsFor(steady(driving));
  const lacking = signals.filter(({ name }) => !(name in driving)).map(({ name }) => 2 ** signalIndex[name]);
  assert.equal(
    row!['absent'],
    lacking.reduce((sum, bit) => sum + bit, 0),
  );
});

test('warmth rises with the heat that goes in, ends at the thermostat, and does not follow a thermometer that climbs', () => {
  const cold = rowsFor(steady({ ...driving, coolantTemperature: 20 }, { readings: 900 }));
  assert.equal(cold[0]!['warmth'], 20);
  assert(cold[200]!['warmth']! > 30 && cold[200]!['warming'] === 1);
  const hot = rowsFor(
    steady(driving, { readings: 600 }),
    steady({ ...driving, coolantTemperature: 125 }, { readings: 300, simTime: 1e12 + 600_000 }),
  );
  assert.equal(hot.at(-1)!['warmth'], 90);
});

test('forget begins a car anew and leaves the others', () => {
  const extractor = new FeatureExtractor();
  const row = new Float32Array(featureCount);
  const speed = (slot: number, kmh: number, second: number): number => {
    const one = steady({ speed: kmh }, { readings: 1, simTime: 1e12 + second * 1000 });
    extractor.extract(slot, one, row, 0);
    return row[featureIndex['speed.60s']]!;
  };
  speed(0, 30, 0);
  speed(1, 30, 0);
  extractor.forget(0);
  extractor.forget(100_000);
  assert.equal(speed(0, 60, 10), 60);
  assert(extractor.startedAnew);
  assert(speed(1, 60, 10) < 60);
  assert(!extractor.startedAnew);
});

test('readings of one moment, or of no time at all, leave every feature a number', () => {
  for (const intervalMs of [0, -1000]) {
    const rows = rowsFor(steady(driving, { intervalMs }), steady(driving, { intervalMs, simTime: 1e12 + 5 }));
    for (const name of ['speed.60s', 'warmth', 'fuelFlow.15s'] as const) {
      assert(Number.isFinite(rows.at(-1)![name]), `${name} at ${intervalMs}`);
    }
    assert.equal(signalIndex.speed, 0);
  }
});
