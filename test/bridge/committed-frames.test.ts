import assert from 'node:assert/strict';
import { test } from 'node:test';
import * as fc from 'fast-check';
import { CommittedFrames } from '#bridge/committed-frames.ts';

const epochA = 'a'.repeat(16);
const epochB = 'b'.repeat(16);

test('numbers that start again within an epoch are duplicates, in a new epoch they are new', () => {
  const committed = new CommittedFrames();
  committed.note({ epoch: epochA, number: 40 });
  assert.equal(committed.judge({ epoch: epochA, number: 1 }), 'duplicate');
  assert.equal(committed.judge({ epoch: epochA, number: 40 }), 'duplicate');
  assert.equal(committed.judge({ epoch: epochA, number: 41 }), 'next');
  assert.equal(committed.judge({ epoch: epochB, number: 1 }), 'next');
});

test('a number left out is a gap, and what was left out is a duplicate when it comes later', () => {
  const committed = new CommittedFrames();
  committed.note({ epoch: epochA, number: 3 });
  assert.equal(committed.judge({ epoch: epochA, number: 6 }), 'gap');
  committed.note({ epoch: epochA, number: 6 });
  assert.equal(committed.judge({ epoch: epochA, number: 5 }), 'duplicate');
});

test('frames of an older epoch that are sent again after the new epoch began are still duplicates', () => {
  const committed = new CommittedFrames();
  committed.note({ epoch: epochA, number: 9 });
  committed.note({ epoch: epochB, number: 1 });
  assert.equal(committed.judge({ epoch: epochA, number: 9 }), 'duplicate');
  assert.equal(committed.judge({ epoch: epochA, number: 10 }), 'next');
});

test('a copy can be thrown away', () => {
  const committed = new CommittedFrames(new Map([[epochA, 1]]));
  committed.copy().note({ epoch: epochA, number: 2 });
  assert.equal(committed.judge({ epoch: epochA, number: 2 }), 'next');
});

test('however often an edge begins again, each of its frames is new exactly once', () => {
  const starts = fc.array(fc.nat(19), { minLength: 1, maxLength: 20 });
  fc.assert(
    fc.property(starts, fc.nat(20), (restarts, epochChangeAt) => {
      // 20 frames in the outbox's order, the epoch renewed somewhere; each restart resends from an unacknowledged one.
      const outbox = Array.from({ length: 20 }, (_, index) =>
        index < epochChangeAt
          ? { epoch: epochA, number: index + 1 }
          : { epoch: epochB, number: index - epochChangeAt + 1 },
      );
      const committed = new CommittedFrames();
      const written: number[] = [];
      let reached = 0;
      for (const restart of [...restarts, 0]) {
        const until = restart === 0 ? outbox.length : Math.min(outbox.length, reached + restart);
        for (let index = Math.max(0, reached - restart); index < until; index++) {
          const frame = outbox[index];
          assert.ok(frame);
          if (committed.judge(frame) === 'duplicate') continue;
          committed.note(frame);
          written.push(index);
        }
        reached = until;
      }
      assert.deepEqual(written, [...outbox.keys()]);
    }),
  );
});
