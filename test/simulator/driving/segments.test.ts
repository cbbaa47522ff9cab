import assert from 'node:assert/strict';
import { test } from 'node:test';
import { segments, type SegmentName } from '#simulator/driving/segments.ts';
import { Rig } from '../powertrain/rig.ts';

interface Statistics {
  seconds: number;
  metres: number;
  standing: number;
  highest: number;
  hardest: number;
  braking: number;
}

const cars = 30;
const seconds = 15_000;

/** What each segment is like, over cars of all tempers; its first half minute still belongs to the one before. */
const driven = new Map<SegmentName, Statistics>(
  segments.map(({ name }) => [
    name,
    { seconds: 0, metres: 0, standing: 0, highest: 0, hardest: 0, braking: 0 },
  ]),
);
let total = 0;
let way = 0;
for (let car = 0; car < cars; car++) {
  const rig = new Rig('petrol', { car, how: 'cold' });
  let since = 0;
  let segment = rig.driver.segment;
  for (let second = 0; second < seconds; second++) {
    const before = rig.powertrain.motion.speed;
    rig.step();
    const { speed } = rig.powertrain.motion;
    total++;
    way += speed;
    since = rig.driver.segment === segment ? since + 1 : 0;
    segment = rig.driver.segment;
    if (since < 30) continue;
    const of = driven.get(segment)!;
    of.seconds++;
    of.metres += speed;
    if (speed < 0.3) of.standing++;
    of.highest = Math.max(of.highest, speed);
    of.hardest = Math.max(of.hardest, speed - before);
    of.braking = Math.min(of.braking, speed - before);
  }
}

// UN GTR 15, WLTC class 3b; EPA NYCC. Mean speed with stops, km/h; share of standing; highest speed.
const cycles = [
  ['stop-and-go', 11.4, 0.35, 45],
  ['urban', 18.9, 0.265, 62],
  ['suburban', 39.5, 0.111, 84],
  ['rural', 56.7, 0.068, 108],
  ['motorway', 92, 0.022, 142],
] as const;

for (const [name, meanKmh, standing, highest] of cycles) {
  test(`${name} is as fast and stands as often as its cycle`, () => {
    const of = driven.get(name)!;
    assert(of.seconds > 5000, `only ${of.seconds} s of it`);
    const kmh = (3.6 * of.metres) / of.seconds;
    assert(Math.abs(kmh / meanKmh - 1) < 0.12, `${kmh} km/h, not ${meanKmh}`);
    const share = of.standing / of.seconds;
    assert(Math.abs(share - standing) < 0.05, `stands ${share} of the time, not ${standing}`);
    assert(3.6 * of.highest <= highest, `${3.6 * of.highest} km/h`);
    // WLTC class 3b: up to 1.6 m/s2, down to -1.5.
    assert(of.hardest > 0.8 && of.hardest <= 1.6, `accelerates with ${of.hardest} m/s2`);
    assert(of.braking < -0.8 && of.braking >= -1.6, `brakes with ${of.braking} m/s2`);
  });
}

test('a drive of all of it is about as fast as the whole cycle: 46.5 km/h', () => {
  const kmh = (3.6 * way) / total;
  assert(kmh > 40 && kmh < 54, `${kmh} km/h`);
  for (const { name } of segments)
    if (name !== 'parked') assert(driven.get(name)!.seconds > 0 || name === 'start');
});

test('temper makes the difference: the hasty drive faster and accelerate harder', () => {
  const drive = (temper: number): { kmh: number; hardest: number } => {
    const rig = new Rig('petrol', { car: 3 });
    rig.build.temper = temper;
    let metres = 0;
    let hardest = 0;
    for (let second = 0; second < 4000; second++) {
      const before = rig.powertrain.motion.speed;
      rig.step();
      metres += rig.powertrain.motion.speed;
      hardest = Math.max(hardest, rig.powertrain.motion.speed - before);
    }
    return { kmh: (3.6 * metres) / 4000, hardest };
  };
  const gentle = drive(0);
  const hasty = drive(1);
  assert(hasty.kmh > 1.05 * gentle.kmh, `${hasty.kmh} and ${gentle.kmh} km/h`);
  assert(hasty.hardest > 1.4 * gentle.hardest);
});
