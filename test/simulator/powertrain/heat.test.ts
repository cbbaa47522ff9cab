import assert from 'node:assert/strict';
import { test } from 'node:test';
import { outside, Rig, standing } from './rig.ts';

const cars = 24;

function median(values: number[]): number {
  return values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)]!;
}

/** Minutes until each of the cars is warm, driven from cold at 15 degC. */
function warmUp(profile: string): number[] {
  return Array.from({ length: cars }, (_, car) => {
    const rig = new Rig(profile, { car, how: 'cold' });
    const { heat } = rig.powertrain;
    heat.coolant = 15;
    heat.oil = 15;
    let seconds = 0;
    while (heat.coolant < 85 && seconds++ < 5400) rig.step(outside(15));
    return seconds / 60;
  });
}

// A hybrid's engine rests in town: it takes longer.
for (const [profile, from, to] of [
  ['petrol', 8.5, 15],
  ['turbo', 8.5, 15],
  ['diesel', 9, 15],
  ['hybrid', 9, 25],
] as const) {
  test(`${profile}: warm after some ten to fifteen minutes at 15 degC`, () => {
    const minutes = warmUp(profile);
    assert(median(minutes) >= from && median(minutes) <= to, `${median(minutes)} minutes`);
    assert(Math.min(...minutes) > 4 && Math.max(...minutes) < 60, minutes.join());
  });
}

test('idling on a hot day the fan switches on and off, and the coolant stays below 100 degC', () => {
  const rig = new Rig('petrol');
  let switched = 0;
  let hottest = 0;
  for (let second = 0; second < 7200; second++) {
    const { fan } = rig.powertrain.heat;
    rig.step((now) => {
      standing(now);
      outside(46)(now);
    });
    if (rig.powertrain.heat.fan !== fan) switched++;
    hottest = Math.max(hottest, rig.powertrain.heat.coolant);
  }
  assert(switched >= 4, `${switched} times`);
  assert(hottest > 96 && hottest < 100, `${hottest} degC`);
});

test('at 15 degC the thermostat is enough: no fan, idling or driving', () => {
  const rig = new Rig('petrol', { car: 2 });
  for (let second = 0; second < 7200; second++) {
    rig.step(second < 3600 ? standing : undefined);
    assert(!rig.powertrain.heat.fan);
    const { coolant } = rig.powertrain.heat;
    assert(coolant > 86 && coolant < 96, `${coolant} degC`);
  }
});

test('a full load on a hot day stays below boiling, and a turbocharger comes near its highest pressure', () => {
  for (const [profile, least, most] of [
    ['petrol', 94, 102],
    ['turbo', 175, 226],
    ['diesel', 190, 245],
  ] as const) {
    const rig = new Rig(profile, { car: 4 });
    rig.build.altitude = 0;
    rig.build.pressure = 101.3;
    rig.health.addedSlope = 0.1;
    rig.health.addedMassKg = 1500;
    let highest = 0;
    let flow = 0;
    for (let second = 0; second < 900; second++) {
      rig.step((now) => {
        outside(35)(now);
        now.driver.acceleration = now.powertrain.motion.speed < 33 ? 1.5 : 0;
      });
      highest = Math.max(highest, rig.powertrain.air.pressure);
      flow = Math.max(flow, rig.powertrain.air.flow);
    }
    assert(highest > least && highest < most, `${profile}: ${highest} kPa`);
    assert(flow > 55 && flow < 220, `${profile}: ${flow} g/s`);
    if (profile === 'petrol') assert(flow < 90, `${flow} g/s`);
    const { coolant, oil } = rig.powertrain.heat;
    assert(coolant < 112 && oil < 155, `${profile}: coolant ${coolant}, oil ${oil} degC`);
    assert(rig.powertrain.catalyst.temperature > 500 && rig.powertrain.catalyst.temperature < 1000);
  }
});

test('a parked car cools towards the night: by half in some two hours, and never below it', () => {
  const rig = new Rig('petrol', { car: 1 });
  const { heat, catalyst } = rig.powertrain;
  const begin = heat.coolant - 5;
  const off = (now: Rig): void => {
    outside(5)(now);
    now.driver.ignition = false;
    now.driver.acceleration = -1;
  };
  for (let second = 0; second < 7200; second++) rig.step(off);
  assert.equal(rig.powertrain.engine.running, false);
  const left = (heat.coolant - 5) / begin;
  assert(left > 0.15 && left < 0.6, `${left} of it is left`);
  for (let second = 0; second < 12 * 3600; second += 2) rig.step(off, 2);
  for (const value of [heat.coolant, heat.oil, catalyst.temperature, rig.powertrain.air.temperature])
    assert(value > 4.9 && value < 12, `${value} degC`);
});

test('oil pressure falls as oil thins, and rises with engine speed up to its valve', () => {
  const rig = new Rig('petrol');
  const at = (rpm: number, celsius: number): number => {
    rig.powertrain.engine.rpm = rpm;
    rig.powertrain.heat.oil = celsius;
    return rig.get('oilPressure');
  };
  assert(at(750, 90) > 90 && at(750, 90) < 220, `${at(750, 90)} kPa idling`);
  assert(at(750, 130) > 60 && at(750, 130) < 0.9 * at(750, 90));
  assert(at(3000, 90) > 2 * at(750, 90));
  assert(at(3000, -15) > rig.profile.oilReliefKpa && at(5000, -15) < 1.2 * rig.profile.oilReliefKpa + 100);
  for (let celsius = -40; celsius < 180; celsius++) assert(at(1000, celsius) >= at(1000, celsius + 1));
});

test('a catalyst lights off: it gets hotter than its exhaust, unless it no longer converts', () => {
  const after = (catalystFactor: number, seconds: number): number => {
    const rig = new Rig('petrol', { car: 5, how: 'cold' });
    rig.health.catalystFactor = catalystFactor;
    for (let second = 0; second < seconds; second++) rig.step(outside(10));
    return rig.powertrain.catalyst.temperature;
  };
  assert(after(1, 20) < 250, 'cold at first');
  assert(Math.abs(after(1, 20) - after(0, 20)) < 15, 'nothing converts yet');
  assert(after(1, 600) > after(0, 600) + 50, 'converting heats');
});
