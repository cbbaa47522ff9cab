import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { signalCount, signalIndex } from '#contract/signals.ts';
import { TwinWatch } from '#simulator/failures/twin-watch.ts';

const { coolantTemperature: coolant, oilPressure: oil } = signalIndex;

/** Columns of one message, of which only these signals are written. */
function message(written: Record<number, number[]>): Float32Array[] {
  const readings = Object.values(written)[0]!.length;
  return Array.from({ length: signalCount }, (_, signal) =>
    Float32Array.from(written[signal] ?? Array<number>(readings).fill(1)),
  );
}

const well = message({ [coolant]: [90, 90, 90, 90, 90], [oil]: [300, 300, 300, 300, 300] });

describe('when a failure can first be seen', () => {
  test('at the first of three readings in a row, of the first signal that has them', () => {
    const watch = new TwinWatch([coolant, oil], 1e6);
    const first = message({ [coolant]: [90, 99, 99, 90, 99], [oil]: [300, 300, 300, 240, 240] });
    assert.equal(watch.look(first, well, 0, 10), undefined);
    const second = message({ [coolant]: [99, 90, 90, 90, 90], [oil]: [240, 300, 300, 300, 300] });
    assert.equal(watch.look(second, well, 50, 10), 30, 'oil was away from the fourth reading on');
    assert.equal(watch.isOpen, false);
  });

  test('a signal that is absent is away, and one that both lack is not', () => {
    const gone = message({ [coolant]: [90, NaN, NaN, NaN, 90], [oil]: [300, 300, 300, 300, 300] });
    assert.equal(new TwinWatch([coolant], 1e6).look(gone, well, 0, 10), 10);
    assert.equal(new TwinWatch([coolant], 1e6).look(gone, gone, 0, 10), undefined);
  });

  test('one reading is enough where a failure says so', () => {
    const spike = message({ [coolant]: [90, 90, 30, 90, 90], [oil]: [300, 300, 300, 300, 300] });
    assert.equal(new TwinWatch([coolant], 1e6).look(spike, well, 0, 10), undefined);
    assert.equal(new TwinWatch([coolant], 1e6, 1).look(spike, well, 0, 10), 20);
  });

  test('what begins to show after the end was never to be seen in time; what began before it may be held after', () => {
    const late = message({ [coolant]: [90, 90, 99, 99, 99], [oil]: [300, 300, 300, 300, 300] });
    const closed = new TwinWatch([coolant], 15);
    assert.equal(closed.look(late, well, 0, 10), undefined);
    assert.equal(closed.isOpen, false);
    const held = new TwinWatch([coolant], 25);
    assert.equal(held.look(late, well, 0, 10), 20);
  });
});
