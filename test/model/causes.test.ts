import assert from 'node:assert/strict';
import { test } from 'node:test';
import { failures } from '#contract/failures.ts';
import { signalNames } from '#contract/signals.ts';
import { causeOf, type Direction } from '#model/causes.ts';
import { shapesOf } from '#model/shapes.ts';

const directions: readonly Direction[] = ['high', 'low'];

test('what fails as the failure table says is named by its code', () => {
  const table: [string, (typeof signalNames)[number], Direction][] = [
    ['coolant-loss', 'coolantTemperature', 'high'],
    ['thermostat-stuck-open', 'coolantTemperature', 'low'],
    ['misfire', 'vibrationRms', 'high'],
    ['oil-pressure-loss', 'oilPressure', 'low'],
    ['bearing-wear', 'vibrationKurtosis', 'high'],
    ['boost-leak', 'manifoldPressure', 'low'],
    ['injector-clogging', 'longTermFuelTrim', 'high'],
    ['alternator-failing', 'batteryVoltage', 'low'],
    ['catalyst-ageing', 'catalystTemperature', 'low'],
    ['air-filter-clogging', 'massAirFlow', 'low'],
  ];
  for (const [id, signal, direction] of table) {
    const failure = failures.find((one) => one.id === id);
    assert.deepEqual(causeOf(signal, direction, false), { dtc: failure?.dtc, cause: failure?.kind }, id);
  }
});

test('a sensor that stands still is a sensor fault, with the code of its own', () => {
  const stuck = failures.find(({ id }) => id === 'sensor-stuck');
  assert.deepEqual(causeOf('coolantTemperature', 'high', true), { dtc: stuck?.dtc, cause: 'sensor' });
  for (const signal of signalNames) {
    for (const direction of directions) {
      const { dtc, cause } = causeOf(signal, direction, true);
      assert.equal(cause, 'sensor');
      assert(dtc === null || /^P0\d{3}$/.test(dtc), `${signal}: ${dtc}`);
    }
  }
});

test('every diagnostic signal has a cause in both directions', () => {
  for (const { name } of shapesOf('virtual-sensors')) {
    const signal = signalNames.find((one) => one === name);
    assert(signal, name);
    for (const direction of directions)
      assert(['engine', 'sensor'].includes(causeOf(signal, direction, false).cause));
  }
});
