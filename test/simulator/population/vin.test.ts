import assert from 'node:assert/strict';
import { test } from 'node:test';
import { isVin } from '#contract/identity.ts';
import { vinOf } from '#simulator/population/vin.ts';

test('100,000 cars have 100,000 VINs', { timeout: 120_000 }, () => {
  const vins = new Set<string>();
  for (let index = 0; index < 100_000; index++) vins.add(vinOf(42, index));
  assert.equal(vins.size, 100_000);
});

test('a VIN hangs on seed and index alone, whatever was asked before', () => {
  const vin = vinOf(42, 7);
  vinOf(42, 8);
  vinOf(1, 7);
  assert.equal(vinOf(42, 7), vin);
  assert.notEqual(vinOf(43, 7), vin);
  assert(isVin(vin));
  assert.equal(vin.length, 17);
  assert.doesNotMatch(vin, /[IOQ]/);
});
