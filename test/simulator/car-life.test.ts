import assert from 'node:assert/strict';
import { test } from 'node:test';
import { signalIndex, signals, type SignalName } from '#contract/signals.ts';
import { carLife, CarLives } from '#simulator/car-life.ts';
import type { Fleet } from '#simulator/fleet.ts';
import { profiles } from '#simulator/population/profiles.ts';
import { fleetWith } from './fleets.ts';

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
      assert(coolant >= (profile === 'hybrid' ? 62 : 84), `${coolant} degC after an hour`);
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
