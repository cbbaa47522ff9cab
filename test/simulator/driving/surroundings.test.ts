import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Surroundings } from '#simulator/driving/surroundings.ts';
import { Build } from '#simulator/population/build.ts';
import { Health } from '#simulator/powertrain/health.ts';
import { RandomStream } from '#simulator/random.ts';

/** Mean over many days' weather. */
function climate(
  latitude: number,
  altitude: number,
  month: number,
  hour: number,
): { celsius: number; kPa: number } {
  let celsius = 0;
  let kPa = 0;
  const days = 400;
  for (let car = 0; car < days; car++) {
    const build = new Build();
    build.draw(1, car);
    build.latitude = latitude;
    build.altitude = altitude;
    const random = RandomStream.of(1, car, 'weather');
    const surroundings = new Surroundings();
    surroundings.begin(Date.UTC(2026, month, 15, hour), build, new Health(), random);
    celsius += surroundings.temperature / days;
    kPa += surroundings.pressure / days;
  }
  return { celsius, kPa };
}

const near = (value: number, wanted: number, by: number): void =>
  assert(Math.abs(value - wanted) <= by, `${value}, not ${wanted}`);

test('months are as warm as climate normals say, north and south', () => {
  // Means of January and July: Athens (38 N) 10 and 29 degC, Frankfurt (50 N) 2 and 20, Helsinki (60 N) -4 and 18.
  const daily = (latitude: number, month: number): number =>
    (climate(latitude, 50, month, 3).celsius + climate(latitude, 50, month, 15).celsius) / 2;
  near(daily(38, 0), 10, 4);
  near(daily(38, 6), 29, 4);
  near(daily(50, 0), 2, 3);
  near(daily(50, 6), 20, 3);
  near(daily(60, 0), -4, 4);
  near(daily(60, 6), 18, 3);
});

test('afternoons are warmer than nights, in summer the more', () => {
  const swing = (month: number): number =>
    climate(48, 100, month, 15).celsius - climate(48, 100, month, 3).celsius;
  near(swing(6), 12, 2);
  near(swing(0), 6, 2);
});

test('it is colder and the air thinner up high', () => {
  const low = climate(47, 0, 3, 12);
  const high = climate(47, 1500, 3, 12);
  near(low.celsius - high.celsius, 9.75, 0.1);
  const build = new Build();
  let thin = 0;
  let highUp = 0;
  for (let car = 0; car < 2000; car++) {
    build.draw(1, car);
    assert(build.altitude >= 0 && build.altitude <= 1500 && build.latitude >= 35 && build.latitude <= 60);
    // Standard atmosphere: 84.6 kPa at 1,500 m.
    near(build.pressure, 101.325 - (16.8 * build.altitude) / 1500, 0.7);
    if (build.pressure < 88) thin++;
    if (build.altitude > 1000) highUp++;
  }
  assert(thin > 20 && highUp < 300, 'most live low');
});

test('weather and hills wander about their means', () => {
  const build = new Build();
  build.draw(1, 1);
  const random = RandomStream.of(1, 1, 'weather');
  const surroundings = new Surroundings();
  const health = new Health();
  const start = Date.UTC(2026, 3, 1);
  surroundings.begin(start, build, health, random);
  let slopes = 0;
  let squares = 0;
  const seconds = 100_000;
  for (let second = 0; second < seconds; second++) {
    surroundings.step(1, start + second * 1000, build, health, random);
    slopes += surroundings.slope;
    squares += surroundings.slope ** 2;
    assert(Math.abs(surroundings.pressure - build.pressure) < 4);
  }
  near(slopes / seconds, 0, 0.001);
  near(Math.sqrt(squares / seconds), 0.012, 0.003);
});
