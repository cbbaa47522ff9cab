import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { Ledger } from '#testbed/verdict/ledger.ts';
import { message, originOf, run } from './car-messages.ts';

const vin = 'WVWZZZ1JZXW000001';
const session = 4711;

describe('when and where cars drove', () => {
  const found = (ledger: Ledger, seq: number, at: number, edge: string, of = session): void => {
    ledger.record({ value: message(vin, of, seq, at), origin: originOf(edge), appendedAt: at });
  };

  test('from the first due to the last due of all sessions, in whatever order they come, at the edge that came last', () => {
    const ledger = new Ledger({ run });
    found(ledger, 2, 7000, 'edge-1');
    found(ledger, 1, 5000, 'edge-1');
    found(ledger, 1, 9000, 'edge-2', session + 1);
    found(ledger, 3, 8000, 'edge-2');
    assert.deepEqual([...ledger.driven()], [[vin, { edge: 'edge-2', from: 5000, to: 9000 }]]);
  });

  test('what came twice, and what was only sent, says nothing', () => {
    const ledger = new Ledger({ run });
    found(ledger, 1, 5000, 'edge-1');
    found(ledger, 1, 6000, 'edge-2');
    const mark = { vin: 'ANOTHERCAR1', session, sent: 3, acked: 0, dropped: 0 };
    ledger.mark({ shard: 'simulator-1-0', qos: 1, at: 0, marks: [mark] });
    assert.deepEqual([...ledger.driven()], [[vin, { edge: 'edge-1', from: 5000, to: 5000 }]]);
  });
});
