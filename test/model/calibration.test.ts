import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Calibration } from '#model/calibration.ts';
import { thresholdNames } from '#model/thresholds.ts';
import { RandomStream } from '#simulator/random.ts';

const dayMs = 86_400_000;
const vehicles = 400;
/** Of the peaks' exponential distribution. */
const scale = 200;

/** Vehicles of a tenth of a day each, whose peaks of one signal are exponential. */
function calibrated(rate: number, spoilt = 0): Record<string, number> {
  const calibration = new Calibration('virtual-sensors');
  const random = RandomStream.of(6, 0, 'peaks');
  const reach = calibration.uncalibrated['coolantTemperature.raise']!;
  for (let vehicle = 0; vehicle < vehicles; vehicle++) {
    const peak = vehicle < spoilt ? 1e5 : random.exponential(scale);
    calibration.trace(0, 0, 'coolantTemperature', 0.5, peak / reach, 0, 0);
    calibration.trace(0, 1, 'coolantTemperature', -0.5, peak / reach / 2, 0, 0);
    calibration.trace(0, 0, 'oilTemperature', 0, 0, 0, 0);
    calibration.endVehicle(dayMs / 10);
  }
  return calibration.thresholds(rate);
}

/** A twelfth of the alarms is this signal's, and four fifths of them by its CUSUM. */
function exact(rate: number): number {
  const signals = thresholdNames('virtual-sensors').length / 4;
  return scale * Math.log(1 / (((rate / signals) * 0.8) / 10));
}

test('a threshold lies as high as the tail of the peaks says, also far beyond what was seen', () => {
  for (const rate of [0.1, 1, 10]) {
    const ratio = calibrated(rate)['coolantTemperature.raise']! / exact(rate);
    // Two and a half times the tail itself: cars go through more than they did in calibration.
    assert(ratio > 2.2 && ratio < 2.8, `${rate} a day: ${ratio}`);
  }
});

test('some failing vehicles among them do little', () => {
  const [clean, spoilt] = [calibrated(1), calibrated(1, vehicles * 0.03)].map(
    (all) => all['coolantTemperature.raise']!,
  );
  assert(spoilt! < 1.3 * clean!, `${spoilt} instead of ${clean}`);
});

test('alarms end well below where they begin, and what was never reported is never raised', () => {
  const thresholds = calibrated(1);
  assert.deepEqual(Object.keys(thresholds).toSorted(), thresholdNames('virtual-sensors').toSorted());
  assert(thresholds['coolantTemperature.clear']! < 0.5 * thresholds['coolantTemperature.raise']!);
  assert(thresholds['oilTemperature.raise']! >= 1e5);
  assert(thresholds['oilPressure.stuck']! >= 1e5);
});

test('no alarm allowed is as few as can be', () => {
  const raise = calibrated(0)['coolantTemperature.raise']!;
  assert(raise > calibrated(0.1)['coolantTemperature.raise']! && raise < 1e5);
});

test('fewer alarms allowed, higher thresholds', () => {
  const heights = [10, 3, 1, 0.3].map((rate) => calibrated(rate)['coolantTemperature.raise']!);
  assert.deepEqual(
    heights,
    heights.toSorted((a, b) => a - b),
  );
});

test('an autoencoder has one threshold, of its error', () => {
  const calibration = new Calibration('autoencoder');
  for (let vehicle = 1; vehicle <= 50; vehicle++) {
    calibration.trace(0, 0, 'speed', 1, vehicle / 1e6, 0, 0);
    calibration.endVehicle(dayMs / 100);
  }
  const thresholds = calibration.thresholds(1);
  assert.deepEqual(Object.keys(thresholds), thresholdNames('autoencoder'));
  assert(thresholds['error.raise']! > 50);
});
