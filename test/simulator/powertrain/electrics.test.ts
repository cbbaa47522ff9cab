import assert from 'node:assert/strict';
import { test } from 'node:test';
import { profiles } from '#simulator/population/profiles.ts';
import { Rig } from './rig.ts';

for (const profile of profiles.keys()) {
  test(`${profile}: running, the board has 12.9 to 14.3 V and 13.7 on average, and the battery gets full`, () => {
    let sum = 0;
    let readings = 0;
    for (let car = 0; car < 12; car++) {
      const rig = new Rig(profile, { car, how: 'cold' });
      const { electrics } = rig.powertrain;
      rig.step();
      const first = electrics.current;
      for (let second = 0; second < 5400; second++) {
        rig.step();
        assert(electrics.voltage >= 12.9 && electrics.voltage <= 14.35, `${electrics.voltage} V`);
        sum += electrics.voltage;
        readings++;
      }
      assert(
        first > 4 && electrics.current < 2 && electrics.current > -1,
        `${first} A, then ${electrics.current} A`,
      );
    }
    assert(Math.abs(sum / readings - 13.7) < 0.25, `${sum / readings} V`);
  });
}

test('without an alternator the battery carries it all, and runs down', () => {
  const rig = new Rig('petrol');
  const { electrics } = rig.powertrain;
  rig.health.alternatorFactor = 0;
  for (let second = 0; second < 300; second++) rig.step();
  assert(electrics.current < -10);
  assert(electrics.voltage > 11.9 && electrics.voltage < 12.9, `${electrics.voltage} V`);
  const early = electrics.voltage;
  for (let second = 0; second < 5400; second++) rig.step();
  assert(electrics.voltage < early - 0.3, `${early} V, then ${electrics.voltage} V`);
});

test('a weak alternator is enough on the road, not at idle', () => {
  const volts = (acceleration: number): number => {
    const rig = new Rig('petrol', { car: 2 });
    rig.health.alternatorFactor = 0.3;
    let sum = 0;
    for (let second = 0; second < 600; second++) {
      rig.step(({ driver, powertrain }) => {
        driver.acceleration =
          acceleration > 0 && powertrain.motion.speed < 30 ? acceleration : Math.min(0, acceleration);
      });
      if (second >= 300) sum += rig.powertrain.electrics.voltage / 300;
    }
    return sum;
  };
  assert(volts(1) > volts(-1) + 0.2, `${volts(1)} V and ${volts(-1)} V`);
});

test('after a jump start the battery takes tens of amperes for long', () => {
  const rig = new Rig('petrol');
  const { electrics } = rig.powertrain;
  rig.health.batteryMissingAh = 30;
  rig.step();
  rig.health.heal();
  for (let second = 0; second < 120; second++) rig.step();
  assert(electrics.current > 20 && electrics.current < 70, `${electrics.current} A`);
  const early = electrics.current;
  for (let second = 0; second < 3600; second++) rig.step();
  assert(electrics.current < early && electrics.current > 5);
});

test('cold takes more voltage, and a rest battery says how full it is', () => {
  const rest = (missingAh: number): number => {
    const rig = new Rig('petrol', { how: 'cold', usage: 'daily', simTime: Date.UTC(2026, 4, 4, 0) });
    rig.health.batteryMissingAh = missingAh;
    rig.step();
    rig.health.heal();
    for (let second = 0; second < 2000 && !rig.driver.ignition; second += 10) rig.step(undefined, 10);
    return rig.powertrain.electrics.voltage;
  };
  assert(rest(0) > 12.5 && rest(0) < 12.8, `${rest(0)} V`);
  assert(rest(30) < 12.4 && rest(30) > 11.9, `${rest(30)} V`);
});
