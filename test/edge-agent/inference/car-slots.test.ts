import assert from 'node:assert/strict';
import { test } from 'node:test';
import { CarSlots } from '#edge-agent/inference/car-slots.ts';

test('a car keeps its slot; the one that was silent longest gives its own up', () => {
  const forgotten: number[] = [];
  const slots = new CarSlots(3, (slot) => forgotten.push(slot));
  assert.deepEqual(
    ['a', 'b', 'c', 'a', 'b'].map((vin) => slots.of(vin)),
    [0, 1, 2, 0, 1],
  );
  assert.deepEqual(forgotten, []);
  assert.equal(slots.of('d'), 2, 'c was silent longest');
  assert.deepEqual(forgotten, [2]);
  assert.equal(slots.of('c'), 0, 'it comes back as a new car, in the place of a');
  assert.deepEqual(forgotten, [2, 0]);
  assert.deepEqual([slots.of('b'), slots.of('d'), slots.cars], [1, 2, 3]);
});

test('however many cars come, memory is bounded and the last ones have slots of their own', () => {
  const slots = new CarSlots(10, () => {});
  for (let car = 0; car < 1000; car++) slots.of(`car${car}`);
  const last = Array.from({ length: 10 }, (_, index) => slots.of(`car${990 + index}`));
  assert.equal(slots.cars, 10);
  assert.deepEqual(
    last.toSorted((a, b) => a - b),
    [0, 1, 2, 3, 4, 5, 6, 7, 8, 9],
  );
});
