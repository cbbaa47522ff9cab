import assert from 'node:assert/strict';
import { test } from 'node:test';
import { CarStates } from '#model/car-states.ts';

test('each car has its own numbers, whatever other slots are reached or cleared', () => {
  const states = new CarStates(3);
  const slots = [0, 1, 255, 256, 257, 70_000, 511, 512];
  for (const slot of slots) {
    const own = states.reach(slot);
    for (let n = 0; n < 3; n++) {
      assert.ok(Number.isNaN(states.numbers[own + n]), 'never set');
      states.numbers[own + n] = slot + n / 10;
    }
  }
  states.clear(256);
  states.clear(999);
  for (const slot of slots) {
    const own = states.reach(slot);
    const expected = slot === 256 ? [NaN, NaN, NaN] : [slot, slot + 0.1, slot + 0.2];
    assert.deepEqual([...states.numbers.subarray(own, own + 3)], expected);
  }
});

test('a slot that is reached for the first time moves no other car', () => {
  const states = new CarStates(12);
  states.reach(5);
  const { numbers } = states;
  for (let slot = 256; slot < 20_000; slot++) states.reach(slot);
  states.reach(5);
  assert.equal(states.numbers, numbers);
});
