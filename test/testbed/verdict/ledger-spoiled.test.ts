import assert from 'node:assert/strict';
import { hash } from 'node:crypto';
import { describe, test } from 'node:test';
import type { SpoiledMessage } from '#contract/ledger-records.ts';
import { Ledger, type LedgerResult } from '#testbed/verdict/ledger.ts';
import { letterOf, message, originOf, run } from './car-messages.ts';

const vin = 'WVWZZZ1JZXW000001';
const session = 4711;
const damaged = (seq: number, of = vin): Buffer => Buffer.from(`no decoder takes ${of}/${seq}`);

function mark(ledger: Ledger, sent: number, options: { qos?: number; acked?: number } = {}): void {
  const { qos = 1, acked = sent } = options;
  ledger.mark({ shard: 's', qos, at: 0, marks: [{ vin, session, sent, acked, dropped: 0 }] });
}

function store(ledger: Ledger, ...seqs: number[]): void {
  for (const seq of seqs)
    ledger.record({ value: message(vin, session, seq), origin: originOf(), appendedAt: 1_000_020 });
}

function spoil(ledger: Ledger, kind: SpoiledMessage['kind'], ...seqs: number[]): void {
  const messages = seqs.map((seq) => ({
    vin,
    session,
    seq,
    kind,
    hash: hash('sha1', damaged(seq), 'base64'),
  }));
  ledger.spoil({ shard: 's', at: 1_000_000, messages });
}

function refuse(ledger: Ledger, ...seqs: number[]): void {
  for (const seq of seqs) ledger.deadLetter(letterOf(vin, damaged(seq)), originOf('edge-2'));
}

const named = ({ problems }: LedgerResult): string[] =>
  problems.map(({ kind, fromSeq, toSeq }) => `${kind} ${fromSeq}-${toSeq}`);

describe('bytes that were spoiled on purpose', () => {
  for (const marksFirst of [true, false]) {
    test(`say by their hash which message they were, told ${marksFirst ? 'before' : 'after'} the letter`, () => {
      const ledger = new Ledger({ run });
      mark(ledger, 9);
      store(ledger, 1, 2, 4, 5, 6, 9);
      if (marksFirst) spoil(ledger, 'corrupt', 7, 8);
      refuse(ledger, 7, 8);
      if (!marksFirst) spoil(ledger, 'corrupt', 7, 8);
      const result = ledger.result();
      // Had they to be guessed, the missing 3 would be thought to be one of them.
      assert.deepEqual(named(result), ['lost 3-3', 'deadLettered 7-8']);
      assert.deepEqual(result.spoiled, { corrupt: 2 });
    });
  }

  test('a second letter of the same bytes is a resend: it explains no other message', () => {
    for (const order of ['before', 'between', 'after']) {
      const ledger = new Ledger({ run });
      mark(ledger, 3);
      store(ledger, 3);
      if (order === 'before') spoil(ledger, 'wrong-schema', 2);
      refuse(ledger, 2);
      if (order === 'between') spoil(ledger, 'wrong-schema', 2);
      refuse(ledger, 2);
      if (order === 'after') spoil(ledger, 'wrong-schema', 2);
      assert.deepEqual(named(ledger.result()), ['lost 1-1', 'deadLettered 2-2'], order);
    }
  });

  test('that are nowhere are lost: a mark is no letter', () => {
    const ledger = new Ledger({ run });
    mark(ledger, 3);
    store(ledger, 1, 3);
    spoil(ledger, 'corrupt', 2);
    assert.deepEqual(named(ledger.result()), ['lost 2-2']);
  });

  test('count as sent when their letter is there and the marks are not', () => {
    const ledger = new Ledger({ run });
    spoil(ledger, 'corrupt', 2);
    assert.equal(ledger.result().delivery.sent, 0);
    refuse(ledger, 2);
    const { delivery } = ledger.result();
    assert.deepEqual([delivery.sent, delivery.deadLettered, delivery.unconfirmed], [2, 1, 1]);
    assert.equal(ledger.sent, 2);
  });

  test('of one car are not those of another', () => {
    const ledger = new Ledger({ run });
    mark(ledger, 2);
    store(ledger, 2);
    spoil(ledger, 'corrupt', 1);
    ledger.deadLetter(letterOf('WVWZZZ1JZXW000002', damaged(1)), originOf());
    assert.deepEqual(named(ledger.result()), ['lost 1-1']);
  });

  test('that can still be read stand for the same message', () => {
    const ledger = new Ledger({ run });
    mark(ledger, 2);
    store(ledger, 2);
    const cut = message(vin, session, 1).subarray(0, -3);
    ledger.deadLetter(letterOf(vin, cut), originOf());
    const said = { vin, session, seq: 1, kind: 'corrupt' as const, hash: hash('sha1', cut, 'base64') };
    ledger.spoil({ shard: 's', at: 0, messages: [said] });
    ledger.deadLetter(letterOf(vin, cut), originOf());
    assert.deepEqual(named(ledger.result()), ['deadLettered 1-1']);
  });
});

describe('what is too large on purpose', () => {
  test('is unconfirmed, though later ones were acknowledged, at QoS 0 too', () => {
    for (const qos of [0, 1]) {
      const ledger = new Ledger({ run });
      mark(ledger, 9, { qos });
      store(ledger, 1, 2, 3, 5, 7, 9);
      spoil(ledger, 'oversize', 4, 8);
      const result = ledger.result();
      assert.deepEqual(named(result), ['lost 6-6', 'unconfirmed 4-4', 'unconfirmed 8-8'], `QoS ${qos}`);
      const { sent, stored, lost, unconfirmed } = result.delivery;
      assert.deepEqual([sent, stored, lost, unconfirmed], [9, 6, 1, 2]);
    }
  });

  test('is stored when it is in Kafka after all', () => {
    const ledger = new Ledger({ run });
    mark(ledger, 2);
    store(ledger, 1, 2);
    spoil(ledger, 'oversize', 1);
    assert.deepEqual(named(ledger.result()), []);
  });

  test('takes no dead letter from another', () => {
    const ledger = new Ledger({ run });
    mark(ledger, 4, { acked: 2 });
    store(ledger, 1, 3);
    spoil(ledger, 'oversize', 2);
    refuse(ledger, 99);
    assert.deepEqual(named(ledger.result()), ['unconfirmed 2-2', 'presumedDeadLettered 4-4']);
  });
});

describe('what was held back on purpose', () => {
  for (const marksFirst of [true, false]) {
    test(`is not reordered, told ${marksFirst ? 'before' : 'after'} it came`, () => {
      const ledger = new Ledger({ run });
      mark(ledger, 8);
      if (marksFirst) spoil(ledger, 'reorder', 2, 6);
      store(ledger, 1, 3, 2, 5, 4, 7, 6, 8);
      if (!marksFirst) spoil(ledger, 'reorder', 2, 6);
      spoil(ledger, 'reorder', 2);
      const result = ledger.result();
      assert.deepEqual(named(result), ['reordered 4-4']);
      assert.equal(result.delivery.reordered, 1);
      assert.equal(result.delivery.stored, 8);
    });
  }

  test('is a duplicate when it comes twice', () => {
    const ledger = new Ledger({ run });
    spoil(ledger, 'reorder', 1);
    store(ledger, 2, 1, 1);
    assert.deepEqual(named(ledger.result()), ['duplicated 1-1']);
  });

  test('leaves room in the list for what was not, however much it is', () => {
    const ledger = new Ledger({ run });
    // Each second message, in 60 cars: more than the list holds.
    for (let index = 0; index < 60; index++) {
      const of = `TESTCAR${index}`;
      const messages: SpoiledMessage[] = [];
      for (let seq = 1; seq < 4000; seq += 2) {
        for (const sent of [seq + 1, seq])
          ledger.record({ value: message(of, 1, sent), origin: originOf(), appendedAt: 0 });
        messages.push({ vin: of, session: 1, seq, kind: 'reorder', hash: '' });
      }
      ledger.spoil({ shard: 's', at: 0, messages });
    }
    for (const seq of [5001, 5000])
      ledger.record({ value: message('TESTCAR7', 1, seq), origin: originOf(), appendedAt: 0 });
    const result = ledger.result();
    assert.equal(result.delivery.reordered, 1);
    assert.deepEqual(
      result.problems.filter(({ kind }) => kind === 'reordered').map(({ fromSeq }) => fromSeq),
      [5000],
    );
    assert.equal(result.spoiled['reorder'], 120_000);
  });
});
