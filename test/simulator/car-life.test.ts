import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { test } from 'node:test';
import { signalIndex, signals, type SignalName } from '#contract/signals.ts';
import { encodeTelemetry } from '#contract/telemetry.ts';
import { carLife, CarLives } from '#simulator/car-life.ts';
import { ownCars, type Fleet } from '#simulator/fleet.ts';
import { profiles } from '#simulator/population/profiles.ts';
import { vinOf } from '#simulator/population/vin.ts';
import { Schedule } from '#simulator/schedule/schedule.ts';
import { failureWith } from './failures/fleets.ts';
import { fleetWith } from './fleets.ts';

/** A digest of each car's bytes, all but session and scheduledAt, as the shards of a split would send them. */
function digests(fleet: Fleet, processes: number, workers: number): Map<number, string> {
  const all = new Map<number, string>();
  for (let process = 0; process < processes; process++) {
    for (let worker = 0; worker < workers; worker++) {
      const indices = ownCars(fleet.cars, { process, processes, worker, workers });
      const lives = new CarLives(fleet, indices);
      const hashes = indices.map(() => createHash('sha256'));
      const seqs = indices.map(() => 0);
      const schedule = new Schedule(fleet, indices, {
        due: (slot, _, simTime) => {
          lives.live(slot, simTime);
          const vin = vinOf(fleet.seed, indices[slot]!);
          const { intervalMs } = fleet;
          const { columns } = lives;
          const seq = ++seqs[slot]!;
          hashes[slot]!.update(
            encodeTelemetry({ vin, session: 0, seq, scheduledAt: 0, simTime, intervalMs, columns }),
          );
        },
        skip: () => assert.fail('nothing is skipped'),
        join: () => {},
        leave: () => {},
      });
      schedule.begin(0);
      for (let now = 0; !schedule.isOver(now); now += 50) schedule.run(now, Infinity);
      for (const [slot, index] of indices.entries()) all.set(index, hashes[slot]!.digest('hex'));
    }
  }
  return all;
}

test('the same seed gives the same bytes for any number of processes and workers', () => {
  const fleet = fleetWith({
    stages: [
      { forMs: 5000, cars: 12 },
      { forMs: 5000, cars: 24 },
      { forMs: 5000, cars: 4 },
      { forMs: 5000, cars: 24 },
      { forMs: 3000, cars: 24 },
    ],
    failures: [
      failureWith({ atMs: 2000, cars: 6, overMs: 60_000 }),
      failureWith({ failure: 'sensor-stuck', atMs: 9000, cars: 6 }),
    ],
  });
  const alone = digests(fleet, 1, 1);
  assert.equal(alone.size, 24);
  assert.equal(new Set(alone.values()).size, 24, 'every car has a life of its own');
  for (const [processes, workers] of [
    [1, 2],
    [2, 1],
    [3, 2],
    [1, 24],
  ] as const) {
    const split = digests(fleet, processes, workers);
    for (const [index, digest] of alone) assert.equal(split.get(index), digest, `car ${index}`);
  }
  assert.notDeepEqual(digests({ ...fleet, seed: 43 }, 1, 1), alone);
});

test('a car lives the same life among others as alone', () => {
  const fleet = fleetWith();
  const indices = Array.from({ length: fleet.cars }, (_, index) => index);
  const lives = new CarLives(fleet, indices);
  const alone = indices.map((index) => carLife(fleet, index));
  for (let message = 0; message < 5; message++) {
    for (const [slot, life] of alone.entries()) {
      const next = life.next();
      assert(!next.done);
      lives.live(slot, next.value.simTime);
      assert.deepEqual(lives.columns, next.value.columns, `car ${slot}, message ${message}`);
    }
  }
});

test('a life does not know where its messages end: readings are the same one by one', () => {
  const fleet = fleetWith();
  const indices = Array.from({ length: fleet.cars }, (_, index) => index);
  const whole = new CarLives(fleet, indices);
  const single = new CarLives({ ...fleet, readingsPerMessage: 1 }, indices);
  for (let message = 0; message < 20; message++) {
    for (const slot of indices) {
      const simTime = fleet.simStartMs + message * 10_000;
      whole.live(slot, simTime);
      for (let reading = 0; reading < 10; reading++) {
        single.live(slot, simTime + reading * 1000);
        assert.deepEqual(
          single.columns.map((column) => column[0]),
          whole.columns.map((column) => column[reading]),
          `car ${slot}, message ${message}, reading ${reading}`,
        );
      }
    }
  }
});

/** Every reading of some cars of one profile over simulated time, as [value, ms since the start, the whole reading]. */
function* readings(profile: string, start: Fleet['start'], simMs: number): Generator<Reading> {
  const fleet = fleetWith({
    cars: 12,
    profiles: { [profile]: 1 },
    start,
    speedup: 100,
    stages: [{ forMs: simMs / 100, cars: 12 }],
  });
  for (let index = 0; index < fleet.cars; index++) {
    for (const { columns, simTime } of carLife(fleet, index)) {
      for (let n = 0; n < 10; n++) {
        yield {
          afterMs: simTime - fleet.simStartMs + n * 1000,
          of: (name) => columns[signalIndex[name]]![n]!,
        };
      }
    }
  }
}

interface Reading {
  afterMs: number;
  of: (name: SignalName) => number;
}

const twoHours = 2 * 3600 * 1000;
const lacking: Record<string, SignalName[]> = {
  diesel: ['shortTermFuelTrim', 'longTermFuelTrim'],
  hybrid: ['gear'],
};

for (const profile of profiles.keys()) {
  test(`${profile}: two hours of driving are plausible`, { timeout: 60_000 }, () => {
    let idles = 0;
    for (const { of } of readings(profile, 'mixed', twoHours)) {
      for (const { name, range } of signals) {
        const value = of(name);
        if (lacking[profile]?.includes(name)) assert(Number.isNaN(value), `${name} is ${value}`);
        else assert(value >= range.min && value <= range.max, `${name} is ${value}`);
      }
      const rpm = of('engineSpeed');
      // A hybrid's engine rests.
      if (profile !== 'hybrid' || rpm > 0) assert(rpm >= 600 && rpm < 7000, `${rpm} rpm`);
      if (of('speed') === 0 && of('gear') === 0) {
        idles++;
        assert(rpm <= 1100, `idles at ${rpm} rpm`);
      }
      const highest = { petrol: 106, hybrid: 106, turbo: 228, diesel: 250 }[profile] ?? 0;
      const pressure = of('manifoldPressure');
      assert(pressure >= 18 && pressure <= highest, `${pressure} kPa`);
      const volts = of('batteryVoltage');
      assert(volts >= 12.9 && volts <= 14.35, `${volts} V`);
      if (rpm > 0)
        assert(of('oilPressure') >= 80 && of('oilPressure') <= 620, `${of('oilPressure')} kPa oil`);
      assert(of('coolantTemperature') <= 98, `${of('coolantTemperature')} degC`);
    }
    if (profile !== 'hybrid') assert(idles > 0);
  });

  test(`${profile}: a cold engine warms to its thermostat and stays there`, { timeout: 60_000 }, () => {
    let coldest = Infinity;
    let warm = 0;
    let within = 0;
    for (const { afterMs, of } of readings(profile, 'parked', twoHours)) {
      const coolant = of('coolantTemperature');
      coldest = Math.min(coldest, coolant);
      if (afterMs < twoHours / 2) continue;
      warm++;
      if (coolant >= 87 && coolant <= 95) within++;
      // A hybrid's engine cools while it rests.
      assert(coolant >= (profile === 'hybrid' ? 70 : 84), `${coolant} degC after an hour`);
    }
    assert(coldest < 25, `began at ${coldest} degC`);
    assert(
      within / warm > (profile === 'hybrid' ? 0.6 : 0.95),
      `${within} of ${warm} readings in 87 to 95 degC`,
    );
  });
}

test('a mixed fleet begins with cold and with warm engines, each in a sensible number', () => {
  const fleet = fleetWith({ cars: 300 });
  let cold = 0;
  for (let index = 0; index < fleet.cars; index++) {
    const first = carLife(fleet, index).next();
    assert(!first.done);
    if (first.value.columns[signalIndex.coolantTemperature]![0]! < 60) cold++;
  }
  assert(cold > 60 && cold < 120, `${cold} of 300 began cold`);
});

test('steps longer than a second change no law: 10 s between readings stay plausible', () => {
  const fleet = fleetWith({ intervalMs: 10_000, speedup: 1000, stages: [{ forMs: 5000, cars: 24 }] });
  for (let index = 0; index < fleet.cars; index++)
    for (const { columns } of carLife(fleet, index))
      for (const rpm of columns[signalIndex.engineSpeed]!) assert(rpm === 0 || (rpm >= 600 && rpm < 7000));
});
