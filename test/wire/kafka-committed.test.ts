import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import type { AbortedTransaction, RawRecord } from '#wire/kafka-cluster.ts';
import { committedOnly } from '#wire/kafka-committed.ts';

const commit = Buffer.from([0, 0, 0, 1]);
const abort = Buffer.from([0, 0, 0, 0]);

function raw(offset: number, producerId: string, marker?: Buffer): RawRecord {
  return {
    offset: String(offset),
    timestamp: '0',
    key: marker ?? Buffer.from('key'),
    value: Buffer.from('value'),
    headers: {},
    isControlRecord: marker !== undefined,
    batchContext: {
      firstOffset: String(offset),
      lastOffsetDelta: 0,
      producerId,
      inTransaction: producerId !== '-1',
    },
  };
}

/** A log as a broker keeps it, from what producers did: each entry is one record or one marker. */
function logOf(steps: readonly { producer: string; act: 'write' | 'commit' | 'abort' }[]): {
  messages: RawRecord[];
  /** In the order in which they ended, as the broker's transaction index has them. */
  aborted: (AbortedTransaction & { endedAt: number })[];
  committed: number[];
} {
  const messages: RawRecord[] = [];
  const aborted: (AbortedTransaction & { endedAt: number })[] = [];
  const committed: number[] = [];
  const open = new Map<string, number[]>();
  const end = (producer: string, act: 'commit' | 'abort'): void => {
    const offsets = open.get(producer);
    if (!offsets) return;
    open.delete(producer);
    const endedAt = messages.length;
    messages.push(raw(endedAt, producer, act === 'commit' ? commit : abort));
    if (act === 'abort') aborted.push({ producerId: producer, firstOffset: String(offsets[0]), endedAt });
    else committed.push(...offsets);
  };
  for (const { producer, act } of steps) {
    if (act === 'write') {
      open.set(producer, [...(open.get(producer) ?? []), messages.length]);
      messages.push(raw(messages.length, producer));
    } else end(producer, act);
  }
  for (const producer of open.keys()) end(producer, 'abort');
  return { messages, aborted, committed: committed.sort((one, other) => one - other) };
}

describe('committed records of a fetch', () => {
  it('are what was committed, however transactions interleave and wherever a fetch begins', () => {
    const step = fc.record({
      producer: fc.constantFrom('1', '2', '3'),
      act: fc.constantFrom<'write' | 'commit' | 'abort'>('write', 'write', 'write', 'commit', 'abort'),
    });
    fc.assert(
      fc.property(fc.array(step, { maxLength: 60 }), fc.nat(70), (steps, cut) => {
        const { messages, aborted, committed } = logOf(steps);
        const position = Math.min(cut, messages.length);
        // The broker lists transactions that ended at or behind the position, whenever they began.
        const abortedTransactions = aborted.filter(({ endedAt }) => endedAt >= position);
        const fetched = { messages: messages.slice(position), abortedTransactions };
        const { records, next } = committedOnly(fetched, position);
        assert.deepEqual(
          records.map(({ offset }) => Number(offset)),
          committed.filter((offset) => offset >= position),
        );
        assert.equal(next, messages.length);
      }),
    );
  });

  it('leave out an aborted transaction that began earlier and ended later than another', () => {
    const messages = [raw(0, '2'), raw(1, '1'), raw(2, '1', abort), raw(3, '2', abort)];
    const abortedTransactions = [
      { producerId: '1', firstOffset: '1' },
      { producerId: '2', firstOffset: '0' },
    ];
    assert.deepEqual(committedOnly({ messages, abortedTransactions }, 0), { records: [], next: 4 });
  });

  it('keep a record of no transaction between aborted ones', () => {
    const messages = [raw(0, '1'), raw(1, '-1'), raw(2, '1', abort)];
    const { records } = committedOnly(
      { messages, abortedTransactions: [{ producerId: '1', firstOffset: '0' }] },
      0,
    );
    assert.deepEqual(
      records.map(({ offset }) => offset),
      ['1'],
    );
  });

  it('do not come again when the broker sends the whole batch around the position', () => {
    const messages = [raw(5, '-1'), raw(6, '-1'), raw(7, '-1')];
    const { records, next } = committedOnly({ messages, abortedTransactions: null }, 6);
    assert.deepEqual(
      records.map(({ offset }) => offset),
      ['6', '7'],
    );
    assert.equal(next, 8);
  });

  it('end where they are told to, also within a batch', () => {
    const messages = [raw(0, '1'), raw(1, '-1'), raw(2, '1', abort), raw(3, '-1')];
    const fetched = { messages, abortedTransactions: [{ producerId: '1', firstOffset: '0' }] };
    const upTo = (end: number): [string[], number] => {
      const { records, next } = committedOnly(fetched, 0, end);
      return [records.map(({ offset }) => offset), next];
    };
    assert.deepEqual(upTo(1), [[], 1]);
    assert.deepEqual(upTo(3), [['1'], 3]);
    assert.deepEqual(upTo(9), [['1', '3'], 4]);
  });

  it('move the position to the end of a batch whose last records were compacted away', () => {
    const last = raw(3, '-1');
    last.batchContext.firstOffset = '2';
    last.batchContext.lastOffsetDelta = 9;
    assert.equal(committedOnly({ messages: [last], abortedTransactions: null }, 4).next, 12);
  });
});
