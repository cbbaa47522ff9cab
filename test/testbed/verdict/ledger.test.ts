import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { encodeFrame } from '#contract/frame.ts';
import type { CarMark } from '#contract/ledger-marks.ts';
import { Ledger } from '#testbed/verdict/ledger.ts';
import { evictionOf, letterOf, message, originOf, run } from './car-messages.ts';

const vin = 'WVWZZZ1JZXW000001';
const session = 4711;

function marks(qos: number, ...cars: Partial<CarMark>[]) {
  const complete = cars.map((mark) => Object.assign({ vin, session, sent: 0, acked: 0, dropped: 0 }, mark));
  return { shard: 'simulator-1-0', qos, at: 0, marks: complete };
}

function store(ledger: Ledger, seqs: readonly number[], options: { vin?: string; edge?: string } = {}): void {
  for (const seq of seqs) {
    const value = message(options.vin ?? vin, session, seq);
    ledger.record({ value, origin: originOf(options.edge), appendedAt: 1_000_020 });
  }
}

describe('what is missing', () => {
  test('acknowledged at QoS 1 and found nowhere is lost; never acknowledged is unconfirmed', () => {
    const ledger = new Ledger({ run });
    ledger.mark(marks(1, { sent: 10, acked: 7 }));
    store(ledger, [1, 2, 3, 5, 8], { edge: 'edge-2' });
    const { delivery, problems } = ledger.result();
    assert.deepEqual([delivery.sent, delivery.stored, delivery.lost, delivery.unconfirmed], [10, 5, 3, 2]);
    const named = problems.map(({ kind, fromSeq, toSeq, edge }) => [kind, fromSeq, toSeq, edge]);
    assert.deepEqual(named, [
      ['lost', 4, 4, 'edge-2'],
      ['lost', 6, 7, 'edge-2'],
      ['unconfirmed', 9, 10, 'edge-2'],
    ]);
  });

  test('at QoS 0, what was sent and not found is lost', () => {
    const ledger = new Ledger({ run });
    ledger.mark(marks(0, { sent: 4 }));
    store(ledger, [1, 3]);
    const { delivery } = ledger.result();
    assert.deepEqual([delivery.lost, delivery.unconfirmed], [2, 0]);
  });

  test('one missing range that the last acknowledgement divides is two problems', () => {
    const ledger = new Ledger({ run });
    ledger.mark(marks(1, { sent: 6, acked: 3 }));
    const { problems } = ledger.result();
    assert.deepEqual(
      problems.map(({ kind, fromSeq, toSeq }) => [kind, fromSeq, toSeq]),
      [
        ['lost', 1, 3],
        ['unconfirmed', 4, 6],
      ],
    );
  });

  test('a record whose mark died with its process counts as sent', () => {
    const ledger = new Ledger({ run });
    store(ledger, [1, 2, 3]);
    const { delivery } = ledger.result();
    assert.deepEqual([delivery.sent, delivery.stored, delivery.lost, delivery.unconfirmed], [3, 3, 0, 0]);
  });

  test('a gap in a session without marks is lost only when every other car sends at QoS 0', () => {
    for (const [qos, kind] of [
      [0, 'lost'],
      [1, 'unconfirmed'],
    ] as const) {
      const ledger = new Ledger({ run });
      store(ledger, [1, 3]);
      ledger.mark(marks(qos, { vin: 'ANOTHERCAR1', sent: 0 }));
      assert.equal(ledger.result().delivery[kind], 1);
    }
  });

  test('marks are cumulative: an older one that comes late takes nothing back', () => {
    const ledger = new Ledger({ run });
    ledger.mark(marks(1, { sent: 9, acked: 9, dropped: 2 }));
    ledger.mark(marks(1, { sent: 5, acked: 4, dropped: 1 }));
    const { delivery } = ledger.result();
    assert.deepEqual([delivery.sent, delivery.lost, delivery.dropped], [9, 9, 2]);
  });

  test('sessions of one car are told apart', () => {
    const ledger = new Ledger({ run });
    ledger.mark(marks(1, { sent: 2, acked: 2 }, { session: 4712, sent: 2, acked: 2 }));
    store(ledger, [1, 2]);
    const { delivery, problems } = ledger.result();
    assert.deepEqual([delivery.stored, delivery.lost], [2, 2]);
    assert.equal(problems[0]?.session, 4712);
  });

  test('the list of problems is bounded and says how many it leaves out', () => {
    const ledger = new Ledger({ run });
    for (let car = 0; car < 1500; car++) {
      ledger.mark(marks(1, { vin: `CAR${10_000 + car}`, sent: 1, acked: 1 }));
    }
    const { problems, problemsOmitted, delivery } = ledger.result();
    assert.deepEqual([problems.length, problemsOmitted, delivery.lost], [1000, 500, 1500]);
  });
});

describe('what comes twice or late', () => {
  test('a duplicate is counted once each time, and does not hide what is missing', () => {
    const ledger = new Ledger({ run });
    ledger.mark(marks(1, { sent: 4, acked: 4 }));
    store(ledger, [1, 2, 3, 2, 3, 3], { edge: 'edge-1' });
    const { delivery, problems } = ledger.result();
    assert.deepEqual([delivery.duplicated, delivery.stored, delivery.lost], [3, 3, 1]);
    assert.deepEqual(
      problems.map(({ kind, fromSeq, toSeq }) => [kind, fromSeq, toSeq]),
      [
        ['lost', 4, 4],
        ['duplicated', 2, 3],
        ['duplicated', 3, 3],
      ],
    );
  });

  test('out of order is a first sighting behind a later one; a duplicate of an old message is not', () => {
    const ledger = new Ledger({ run });
    store(ledger, [1, 2, 5, 6, 3, 4, 1]);
    const { delivery, problems } = ledger.result();
    assert.deepEqual([delivery.reordered, delivery.duplicated, delivery.stored], [2, 1, 6]);
    const reordered = problems.find(({ kind }) => kind === 'reordered');
    assert.deepEqual([reordered?.fromSeq, reordered?.toSeq], [3, 4]);
  });
});

describe('dead letters', () => {
  test('bytes that decode stand for their own message', () => {
    const ledger = new Ledger({ run });
    ledger.mark(marks(1, { sent: 3, acked: 3 }));
    store(ledger, [1, 3]);
    ledger.deadLetter(letterOf(vin, message(vin, session, 2), 'uneven-columns'), originOf());
    const { delivery, deadLetters, problems } = ledger.result();
    assert.deepEqual([delivery.deadLettered, delivery.lost, deadLetters.unidentified], [1, 0, 0]);
    assert.deepEqual([problems[0]?.kind, problems[0]?.fromSeq], ['deadLettered', 2]);
  });

  test('unreadable bytes explain as many missing messages of their car, and no other car’s', () => {
    const ledger = new Ledger({ run });
    ledger.mark(marks(1, { sent: 6, acked: 4 }, { vin: 'ANOTHERCAR1', sent: 1, acked: 1 }));
    store(ledger, [1, 2, 3]);
    ledger.deadLetter(letterOf(vin, Buffer.from('rubbish')), originOf());
    ledger.deadLetter(letterOf(vin, Buffer.from('other rubbish')), originOf());
    const { delivery, problems } = ledger.result();
    assert.deepEqual([delivery.deadLettered, delivery.lost, delivery.unconfirmed], [2, 1, 1]);
    assert.deepEqual(
      problems.map(({ kind, vin: car, fromSeq, toSeq }) => [kind, car, fromSeq, toSeq]),
      [
        ['lost', 'ANOTHERCAR1', 1, 1],
        ['unconfirmed', vin, 6, 6],
        ['presumedDeadLettered', vin, 4, 5],
      ],
    );
  });

  test('the same unreadable bytes again are a resend, and explain nothing more', () => {
    const ledger = new Ledger({ run });
    ledger.mark(marks(1, { sent: 2, acked: 2 }));
    for (let n = 0; n < 3; n++) ledger.deadLetter(letterOf(vin, Buffer.from('rubbish')), originOf());
    const { delivery, deadLetters } = ledger.result();
    assert.deepEqual([delivery.deadLettered, delivery.lost, deadLetters.total], [1, 1, 3]);
  });

  test('one car’s letter never stands for the message of another that it claims to be', () => {
    const ledger = new Ledger({ run });
    ledger.mark(marks(1, { sent: 1, acked: 1 }));
    ledger.deadLetter(letterOf('MALLORY1', message(vin, session, 1), 'foreign-vin'), originOf());
    const { delivery, deadLetters } = ledger.result();
    assert.deepEqual([delivery.lost, delivery.deadLettered], [1, 0]);
    assert.deepEqual(deadLetters, { total: 1, unidentified: 1, byReason: { 'foreign-vin': 1 } });
  });

  test('a letter from a foreign topic stands for its sender, never for the car that the topic names', () => {
    const ledger = new Ledger({ run });
    ledger.mark(marks(1, { sent: 1, acked: 1 }));
    ledger.deadLetter(
      { ...letterOf(vin, message(vin, session, 1), 'forbidden-topic'), key: 'MALLORY1' },
      originOf(),
    );
    const { delivery } = ledger.result();
    assert.deepEqual([delivery.lost, delivery.deadLettered], [1, 0]);
  });

  test('what is in Kafka is stored, whatever a dead letter says of it', () => {
    const ledger = new Ledger({ run });
    ledger.deadLetter(letterOf(vin, message(vin, session, 1)), originOf());
    ledger.deadLetter(letterOf(vin, Buffer.from('rubbish')), originOf());
    store(ledger, [1]);
    const { delivery } = ledger.result();
    assert.deepEqual([delivery.sent, delivery.stored, delivery.deadLettered], [1, 1, 0]);
  });

  test('the bridge’s letters are taken apart: one entry, or a whole frame', () => {
    const ledger = new Ledger({ run });
    ledger.mark(marks(1, { sent: 5, acked: 5 }));
    const entry = (seq: number) => ({
      destination: 'fleet.telemetry' as const,
      key: vin,
      value: message(vin, session, seq),
    });
    const frame = encodeFrame({
      epoch: '00000000000000aa',
      number: 1,
      createdAt: 0,
      entries: [entry(1), entry(2)],
    });
    const fromBridge = (reason: string, key: string, bytes: Buffer) => ({
      source: 'bridge',
      reason,
      detail: '',
      topic: 'edges/edge-1/uplink',
      key,
      bytes,
      at: 0,
    });
    ledger.deadLetter(fromBridge('bad-frame', 'edge-1', frame), originOf());
    ledger.deadLetter(fromBridge('bad-entry', vin, message(vin, session, 3)), originOf());
    ledger.deadLetter(fromBridge('bad-entry', vin, Buffer.from('rubbish')), originOf());
    ledger.deadLetter(fromBridge('bad-frame', 'edge-1', Buffer.from('no frame')), originOf());
    const { delivery, deadLetters } = ledger.result();
    assert.deepEqual([delivery.deadLettered, delivery.lost, deadLetters.unidentified], [4, 1, 2]);
  });
});

describe('what a full outbox dropped', () => {
  const span = (fromSeq: number, toSeq: number) => ({ vin, session, fromSeq, toSeq });

  test('is evicted, unless it was found in Kafka or among the dead letters', () => {
    const ledger = new Ledger({ run });
    ledger.mark(marks(1, { sent: 10, acked: 10 }));
    store(ledger, [1, 2, 4, 9]);
    ledger.deadLetter(letterOf(vin, message(vin, session, 5)), originOf());
    ledger.evict(evictionOf([span(3, 6)]), originOf());
    ledger.evict(evictionOf([span(6, 7)]), originOf());
    const { delivery, problems } = ledger.result();
    const { stored, deadLettered, evicted, lost } = delivery;
    assert.deepEqual(
      { stored, deadLettered, evicted, lost },
      { stored: 4, deadLettered: 1, evicted: 3, lost: 2 },
    );
    const named = problems.filter(({ kind }) => kind === 'evicted').map((one) => [one.fromSeq, one.toSeq]);
    assert.deepEqual(named, [
      [3, 3],
      [6, 7],
    ]);
  });

  test('counts as sent where its marks died, and names no other run’s cars', () => {
    const ledger = new Ledger({ run });
    ledger.evict(evictionOf([span(1, 3), span(9, 8), span(0, 2)]), originOf('edge-2'));
    ledger.evict(evictionOf([span(1, 9)]), originOf('edge-2', false, 'otherrun'));
    const { delivery, problems } = ledger.result();
    assert.deepEqual([delivery.sent, delivery.evicted, delivery.lost], [3, 3, 0]);
    assert.equal(problems[0]?.edge, 'edge-2');
  });
});

describe('when it went wrong', () => {
  const zero = 1_000_000;

  test('duplicates and swaps happened when they were seen, not when they were due', () => {
    const ledger = new Ledger({ run });
    for (const [seq, appendedAt] of [
      [1, 1500],
      [3, 3500],
      [2, 30_000],
      [1, 42_000],
      [2, 43_000],
    ] as const) {
      const value = message(vin, session, seq, zero + seq * 1000);
      ledger.record({ value, origin: originOf(), appendedAt: zero + appendedAt });
    }
    const { problems } = ledger.result(zero);
    assert.deepEqual(
      problems.map(({ kind, at, lastAt }) => [kind, at, lastAt]),
      [
        ['duplicated', 42, 43],
        ['reordered', 30, 30],
      ],
    );
  });

  test('once messages arrive, they say when they were due, not the marks that came before', () => {
    const ledger = new Ledger({ run });
    ledger.mark({ ...marks(1, { sent: 3, acked: 3 }), at: zero + 99_000 });
    for (const seq of [1, 3]) {
      const value = message(vin, session, seq, zero + seq * 1000);
      ledger.record({ value, origin: originOf(), appendedAt: zero + 90_000 });
    }
    const { problems } = ledger.result(zero);
    assert.deepEqual([problems[0]?.kind, problems[0]?.at], ['lost', 2]);
  });

  test('of a session of which nothing arrived, its marks tell about when', () => {
    const ledger = new Ledger({ run });
    for (const [at, sent] of [
      [5, 1],
      [9, 5],
    ] as const) {
      ledger.mark({ ...marks(1, { sent, acked: sent }), at: zero + at * 1000 });
    }
    const { problems } = ledger.result(zero);
    assert.deepEqual([problems[0]?.kind, problems[0]?.at, problems[0]?.lastAt], ['lost', 5, 9]);
    assert.equal(ledger.result().problems[0]?.at, null);
  });
});

describe('latency', () => {
  test('live records count from schedule to append, stored ones apart, duplicates not at all', () => {
    const ledger = new Ledger({ run });
    const at = 1_000_000;
    ledger.record({ value: message(vin, session, 1, at), origin: originOf(), appendedAt: at + 20 });
    ledger.record({
      value: message(vin, session, 2, at),
      origin: originOf('edge-1', true),
      appendedAt: at + 9000,
    });
    ledger.record({ value: message(vin, session, 1, at), origin: originOf(), appendedAt: at + 50_000 });
    const { carToKafkaMs, backfillMs } = ledger.result();
    assert.deepEqual([carToKafkaMs.count, carToKafkaMs.max], [1, 20]);
    assert.deepEqual([backfillMs.count, backfillMs.max], [1, 9000]);
  });
});

describe('what is not this run’s', () => {
  test('records and letters of another run change nothing', () => {
    const ledger = new Ledger({ run });
    const other = originOf('edge-1', false, 'otherrun');
    ledger.record({ value: message(vin, session, 1), origin: other, appendedAt: 0 });
    ledger.deadLetter(letterOf(vin, message(vin, session, 2)), other);
    const { delivery, deadLetters } = ledger.result();
    assert.deepEqual([delivery.sent, delivery.stored, deadLetters.total], [0, 0, 0]);
  });

  test('a record that is no telemetry is counted apart and does not stop the reader', () => {
    const ledger = new Ledger({ run });
    ledger.record({ value: Buffer.from('?'), origin: originOf(), appendedAt: 0 });
    ledger.record({ value: message(vin, session, 0), origin: originOf(), appendedAt: 0 });
    assert.equal(ledger.result().unreadable, 2);
    assert.equal(ledger.result().delivery.sent, 0);
  });
});
