import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { largestStageCars, scaleCars, scaleDuration, scheduleMs } from '#testbed/scenario/stages.ts';

const stages = fc
  .array(
    fc.record({ forMs: fc.integer({ min: 0, max: 3_600_000 }), cars: fc.integer({ min: 0, max: 100_000 }) }),
    {
      minLength: 1,
      maxLength: 8,
    },
  )
  .filter((list) => largestStageCars(list) > 0 && scheduleMs(list) > 0);

test('scaled to N cars the largest stage has N, none exceeds it, and no stage with cars becomes empty', () => {
  fc.assert(
    fc.property(stages, fc.integer({ min: 1, max: 1_000_000 }), (list, cars) => {
      const scaled = scaleCars(list, cars);
      assert.equal(largestStageCars(scaled), cars);
      for (const [index, stage] of scaled.entries()) {
        assert.equal(stage.cars === 0, list[index]?.cars === 0);
        assert.equal(stage.forMs, list[index]?.forMs);
      }
    }),
  );
});

test('scaled to a duration the stages add up to it exactly, and keep their shape', () => {
  fc.assert(
    fc.property(stages, fc.integer({ min: 1, max: 86_400_000 }), (list, durationMs) => {
      const scaled = scaleDuration(list, durationMs);
      assert.equal(scheduleMs(scaled), durationMs);
      const factor = durationMs / scheduleMs(list);
      for (const [index, stage] of scaled.entries()) {
        assert.ok(Math.abs(stage.forMs - (list[index]?.forMs ?? 0) * factor) <= 1);
        assert.equal(stage.cars, list[index]?.cars);
      }
    }),
  );
});
