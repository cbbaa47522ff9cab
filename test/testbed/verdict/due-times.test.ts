import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { DueTimes } from '#testbed/verdict/due-times.ts';

function seen(...messages: [seq: number, at: number][]): DueTimes {
  const due = new DueTimes();
  for (const [seq, at] of messages) due.seen(seq, at);
  return due;
}

describe('when a message that is missing was due', () => {
  test('between its neighbours, however unevenly the rest went', () => {
    const due = seen([1, 1000], [2, 2000], [3, 9000], [6, 12_000], [7, 50_000]);
    assert.deepEqual([due.at(4), due.at(5)], [10_000, 11_000]);
    assert.deepEqual([due.at(3), due.at(6)], [9000, 12_000]);
  });

  test('before the first and behind the last, at the pace of the session', () => {
    const due = seen([3, 3000], [4, 4000], [5, 5000]);
    assert.deepEqual([due.at(1), due.at(9)], [1000, 9000]);
  });

  test('where only one is known, then; where none is, it is not known', () => {
    assert.equal(seen([4, 777]).at(9), 777);
    assert.equal(seen().at(1), null);
  });

  test('one that comes late changes nothing', () => {
    const due = seen([1, 1000], [4, 4000], [2, 99_000]);
    assert.deepEqual([due.at(2), due.at(9)], [2000, 9000]);
  });

  test('many gaps leave the latest exact, and the oldest as the session went', () => {
    const due = seen([1, 0], [3, 1500]);
    for (let seq = 5; seq < 2000; seq += 2) due.seen(seq, seq * 500);
    assert.equal(due.at(1998), 999_000);
    assert.equal(due.at(1), 0);
    assert.ok(Math.abs((due.at(100) ?? 0) - 50_000) < 1000);
  });
});
