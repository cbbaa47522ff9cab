import assert from 'node:assert/strict';
import { test } from 'node:test';
import { signalIndex, signals, type SignalName } from '#contract/signals.ts';
import { CarLives } from '#simulator/car-life.ts';
import type { Usage } from '#simulator/driving/driver.ts';
import { hasSignal, profiles, type Profile } from '#simulator/population/profiles.ts';
import { fleetWith } from './fleets.ts';

const hours = 24;
const cars = 10;
const intervalMs = 2000;

/** Calls `see` with each reading of a whole day of cars that live from Greece to Finland, up to 1,500 m high. */
function live(
  profile: string,
  usage: Usage,
  month: number,
  see: (of: (name: SignalName) => number) => void,
): void {
  const simStartMs = Date.UTC(2026, month, 14);
  const fleet = fleetWith({
    cars,
    profiles: { [profile]: 1 },
    intervalMs,
    usage,
    simStartMs,
    start: 'parked',
  });
  const lives = new CarLives(fleet, [...Array(cars).keys()]);
  const messageMs = intervalMs * fleet.readingsPerMessage;
  for (let message = 0; message < (hours * 3_600_000) / messageMs; message++) {
    for (let slot = 0; slot < cars; slot++) {
      lives.live(slot, simStartMs + message * messageMs);
      for (let n = 0; n < fleet.readingsPerMessage; n++) see((name) => lives.columns[signalIndex[name]]![n]!);
    }
  }
}

const highestKpa: Record<string, number> = { petrol: 106, hybrid: 106, turbo: 228, diesel: 250 };

for (const [name, profile] of profiles) {
  for (const usage of ['continuous', 'daily'] as const) {
    for (const [season, month] of [
      ['January', 0],
      ['July', 6],
    ] as const) {
      test(`${name}, ${usage}, a day in ${season}: every reading is plausible`, { timeout: 60_000 }, () => {
        const seen = { running: 0, volts: 0, air: 0, warm: 0 };
        live(name, usage, month, (of) => check(name, profile, of, seen));
        assert(seen.running > 1000);
        assert(
          Math.abs(seen.volts / seen.running - 13.7) < 0.35,
          `${seen.volts / seen.running} V on average`,
        );
        // Cars of two litres: 5 to 19 g/s on average, a diesel's without throttle more.
        const air = seen.air / seen.running;
        assert(air > 4 && air < (name === 'diesel' ? 45 : 19), `${air} g/s on average`);
        if (usage === 'daily') return;
        assert(
          seen.warm / seen.running > (name === 'hybrid' ? 0.6 : 0.95),
          `${seen.warm} of ${seen.running} warm`,
        );
      });
    }
  }
}

function check(
  name: string,
  profile: Profile,
  of: (name: SignalName) => number,
  seen: { running: number; volts: number; air: number; warm: number },
): void {
  for (let index = 0; index < signals.length; index++) {
    const { name: signal, range } = signals[index]!;
    const value = of(signal);
    if (!hasSignal(profile, signal)) assert(Number.isNaN(value), `${signal} is ${value}`);
    else if (!(value >= range.min && value <= range.max)) assert.fail(`${signal} is ${value}`);
  }
  const between = (signal: SignalName, least: number, most: number): void => {
    const value = of(signal);
    if (!(value >= least && value <= most))
      assert.fail(`${signal} is ${value}, expected ${least} to ${most}`);
  };
  between('coolantTemperature', -30, 103);
  between('oilTemperature', -30, 135);
  between('intakeAirTemperature', -30, 106);
  between('ambientTemperature', -30, 45);
  between('ambientPressure', 80, 106);
  between('batteryVoltage', 12, 14.4);
  between('catalystTemperature', -30, 1000);
  const rpm = of('engineSpeed');
  if (rpm === 0) {
    between('massAirFlow', 0, 0);
    between('oilPressure', 0, 0);
    if (!profile.hybrid) between('speed', 0, 0);
    return;
  }
  between('engineSpeed', 600, 7000);
  if (of('speed') === 0 && of('gear') === 0) between('engineSpeed', 600, 1100);
  between('manifoldPressure', 18, highestKpa[name] ?? 0);
  between('batteryVoltage', 12.85, 14.4);
  between('oilPressure', 80, 640);
  between('vibrationRms', 0.5, 12);
  seen.running++;
  seen.volts += of('batteryVoltage');
  seen.air += of('massAirFlow');
  if (of('coolantTemperature') >= 86) seen.warm++;
}
