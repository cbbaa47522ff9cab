import assert from 'node:assert/strict';
import { test } from 'node:test';
import { FuelTrims } from '#simulator/powertrain/fuel-trims.ts';
import { Rig } from './rig.ts';

test('the short trim closes the gap in seconds, the long one takes it over in minutes', () => {
  const trims = new FuelTrims();
  trims.begin(0);
  for (let second = 0; second < 6; second++) trims.step(1, 8, 0.3, true, true);
  assert(trims.short > 7 && trims.short < 8 && trims.long < 0.5);
  for (let second = 0; second < 1800; second++) trims.step(1, 8, 0.3, true, true);
  assert(Math.abs(trims.short) < 0.1 && Math.abs(trims.long - 8) < 0.1);
});

test('each field of load learns for itself', () => {
  const trims = new FuelTrims();
  trims.begin(1);
  for (let second = 0; second < 1800; second++) trims.step(1, 9, 0.1, true, true);
  trims.step(1, 9, 0.1, true, true);
  assert(Math.abs(trims.long - 9) < 0.2);
  trims.step(1, 9, 0.8, true, true);
  assert(Math.abs(trims.long - 1) < 0.2, 'it was never at high load');
});

test('open, the short trim is 0 and nothing is learnt; neither goes beyond 25 %', () => {
  const trims = new FuelTrims();
  trims.begin(2);
  for (let second = 0; second < 600; second++) trims.step(1, 20, 0.3, false, false);
  assert.equal(trims.short, 0);
  assert.equal(trims.long, 2);
  for (let second = 0; second < 600; second++) trims.step(1, 20, 0.3, true, false);
  assert(trims.short > 17.9 && trims.long === 2, 'closed while the engine warms up: nothing is learnt yet');
  for (let second = 0; second < 3600; second++) trims.step(1, 90, 0.3, true, true);
  assert.equal(trims.short, 25);
  assert.equal(trims.long, 25);
  for (let second = 0; second < 7200; second++) trims.step(1, -90, 0.3, true, true);
  assert.equal(trims.short, -25);
  assert.equal(trims.long, -25);
});

/** Means over a drive's last quarter of an hour, while the loop is closed. */
function driven(
  change: (rig: Rig) => void,
  profile = 'petrol',
): { short: number; long: number; lambda: number } {
  const rig = new Rig(profile, { car: 6 });
  change(rig);
  const sum = { short: 0, long: 0, lambda: 0 };
  let readings = 0;
  for (let second = 0; second < 2700; second++) {
    rig.step();
    const { engine, mixture } = rig.powertrain;
    const closed = engine.running && !engine.overrun && engine.loadShare < 0.9 && mixture.shortTrim !== 0;
    if (second < 1800 || !closed) continue;
    readings++;
    sum.short += mixture.shortTrim;
    sum.long += mixture.longTrim;
    sum.lambda += mixture.lambda;
  }
  assert(readings > 300);
  return { short: sum.short / readings, long: sum.long / readings, lambda: sum.lambda / readings };
}

test('the loop converges: lambda is 1 whatever injectors and air meter miss, and the trims say how much', () => {
  for (const [injector, meter] of [
    [1, 1],
    [0.94, 1],
    [1.05, 1],
    [1, 0.95],
    [0.97, 1.06],
  ] as const) {
    const { short, long, lambda } = driven(({ build }) => {
      build.injectorGain = injector;
      build.airFlowGain = meter;
      build.mixtureError = 0;
    });
    assert(Math.abs(lambda - 1) < 0.004, `lambda ${lambda}`);
    const needed = 100 / (injector * meter) - 100;
    assert(Math.abs(short + long - needed) < 1.2, `${short} + ${long}, not ${needed}`);
    assert(Math.abs(long) > Math.abs(short) || Math.abs(needed) < 1, `${short} short, ${long} long`);
  }
});

test('an injector that clogs beyond what trims reach leaves the mixture lean', () => {
  const some = driven(({ health }) => (health.injectorFactor = 0.85));
  assert(some.long > 8 && Math.abs(some.lambda - 1) < 0.01, JSON.stringify(some));
  const most = driven(({ health }) => (health.injectorFactor = 0.6));
  assert(most.long > 20 && most.lambda > 1.02, JSON.stringify(most));
});

test('open loop: cold and at full load the mixture is rich, in overrun there is no fuel', () => {
  const rig = new Rig('petrol', { car: 3, how: 'cold' });
  rig.step();
  assert.equal(rig.powertrain.mixture.shortTrim, 0);
  let rich = 0;
  let cut = 0;
  for (let second = 0; second < 5000; second++) {
    rig.step();
    const { engine, mixture } = rig.powertrain;
    if (engine.loadShare > 0.92) {
      rich++;
      assert(mixture.lambda < 0.96 && mixture.shortTrim === 0);
    }
    if (!engine.overrun) continue;
    cut++;
    assert(mixture.fuelPower === 0 && mixture.lambda > 1.9 && mixture.shortTrim === 0);
  }
  assert(rich > 0 && cut > 200);
});
