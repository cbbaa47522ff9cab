import assert from 'node:assert/strict';
import { hash } from 'node:crypto';
import { test } from 'node:test';
import * as fc from 'fast-check';
import type { SpoiledMessage } from '#contract/ledger-records.ts';
import { Ledger } from '#testbed/verdict/ledger.ts';
import type { Problem } from '#testbed/verdict/summary.ts';
import { evictionOf, letterOf, message, originOf, run } from './car-messages.ts';

/**
 * The ledger against a model that keeps every single event and counts by brute force: what the definitions of
 * docs/design.md say, word by word, without ranges, caches or running totals.
 */
type Event =
  | { type: 'mark'; car: number; session: number; sent: number; acked: number; dropped: number }
  | { type: 'store'; car: number; session: number; seq: number; edge: number }
  | { type: 'letter'; car: number; session: number; seq: number }
  | { type: 'evict'; car: number; session: number; from: number; to: number }
  | { type: 'rubbish'; car: number; text: number }
  | { type: 'spoil'; car: number; session: number; seq: number; kind: SpoiledMessage['kind']; text: number };

const car = fc.integer({ min: 0, max: 2 });
const session = fc.integer({ min: 1, max: 2 });
const seq = fc.integer({ min: 1, max: 24 });
/** Which rubbish it is: some of it is what a message was spoiled into. */
const text = fc.nat(3);
const event: fc.Arbitrary<Event> = fc.oneof(
  {
    weight: 2,
    arbitrary: fc
      .tuple(car, session, fc.nat(24), fc.nat(24), fc.nat(3))
      .map(([c, s, sent, acked, dropped]): Event => ({
        type: 'mark',
        car: c,
        session: s,
        sent,
        acked: Math.min(sent, acked),
        dropped,
      })),
  },
  {
    weight: 8,
    arbitrary: fc
      .tuple(car, session, seq, fc.nat(1))
      .map(([c, s, q, edge]): Event => ({ type: 'store', car: c, session: s, seq: q, edge })),
  },
  {
    weight: 1,
    arbitrary: fc
      .tuple(car, session, seq)
      .map(([c, s, q]): Event => ({ type: 'letter', car: c, session: s, seq: q })),
  },
  {
    weight: 1,
    arbitrary: fc
      .tuple(car, session, seq, fc.nat(6))
      .map(([c, s, from, more]): Event => ({ type: 'evict', car: c, session: s, from, to: from + more })),
  },
  {
    weight: 1,
    arbitrary: fc.tuple(car, text).map(([c, t]): Event => ({ type: 'rubbish', car: c, text: t })),
  },
  {
    weight: 4,
    arbitrary: fc
      .tuple(car, session, seq, fc.constantFrom('reorder', 'corrupt', 'oversize', 'wrong-schema'), text)
      .map(([c, s, q, kind, t]): Event => ({ type: 'spoil', car: c, session: s, seq: q, kind, text: t })),
  },
);

const vinOf = (index: number): string => `TESTCAR${index}`;

const rubbish = (kind: number): Buffer => Buffer.from(`rubbish ${kind}`);

function feed(ledger: Ledger, events: readonly Event[], qos: number): void {
  for (const one of events) {
    const vin = vinOf(one.car);
    switch (one.type) {
      case 'mark': {
        const { session: id, sent, acked, dropped } = one;
        ledger.mark({ shard: 's', qos, at: 0, marks: [{ vin, session: id, sent, acked, dropped }] });
        break;
      }
      case 'store':
        ledger.record({
          value: message(vin, one.session, one.seq),
          origin: originOf(`edge-${one.edge}`),
          appendedAt: 1_000_010,
        });
        break;
      case 'letter':
        ledger.deadLetter(letterOf(vin, message(vin, one.session, one.seq)), originOf());
        break;
      case 'evict':
        ledger.evict(
          evictionOf([{ vin, session: one.session, fromSeq: one.from, toSeq: one.to }]),
          originOf(),
        );
        break;
      case 'rubbish':
        ledger.deadLetter(letterOf(vin, rubbish(one.text)), originOf());
        break;
      case 'spoil': {
        const { session: id, seq: q, kind } = one;
        const spoiled = { vin, session: id, seq: q, kind, hash: hash('sha1', rubbish(one.text), 'base64') };
        ledger.spoil({ shard: 's', at: 0, messages: [spoiled] });
        break;
      }
    }
  }
}

/** Which single messages are where, by looking at every event again for every message. */
function bruteForce(events: readonly Event[], qos: number) {
  const delivery = {
    sent: 0,
    stored: 0,
    lost: 0,
    duplicated: 0,
    reordered: 0,
    unconfirmed: 0,
    evicted: 0,
    deadLettered: 0,
    dropped: 0,
  };
  const found: string[] = [];
  for (let c = 0; c <= 2; c++) {
    const ofCar = events.filter((one) => one.car === c);
    const texts = new Set(ofCar.flatMap((one) => (one.type === 'rubbish' ? [one.text] : [])));
    const spoils = ofCar.filter((one) => one.type === 'spoil');
    const refusable = spoils.filter(({ kind }) => kind === 'corrupt' || kind === 'wrong-schema');
    // Of two messages with the same bytes the first one told is it.
    const named = refusable.filter(
      (one, index) => refusable.findIndex((other) => other.text === one.text) === index,
    );
    const refused = named.filter((one) => texts.has(one.text));
    let unnamed = texts.size - refused.length;
    const missing: { kind: 'lost' | 'unconfirmed'; id: string }[] = [];
    for (let s = 1; s <= 2; s++) {
      const own = ofCar.filter((one) => one.type !== 'rubbish' && one.session === s);
      const marked = (kind: SpoiledMessage['kind'], q: number): boolean =>
        spoils.some((one) => one.kind === kind && one.session === s && one.seq === q);
      const marks = own.filter((one) => one.type === 'mark');
      const stores = own.flatMap((one) => (one.type === 'store' ? [one.seq] : []));
      const letters = [...own.filter((one) => one.type === 'letter'), ...refused]
        .filter((one) => one.session === s)
        .map((one) => one.seq);
      const evictions = own.filter((one) => one.type === 'evict');
      const ends = evictions.map((one) => one.to);
      const sent = Math.max(0, ...marks.map((mark) => mark.sent), ...stores, ...letters, ...ends);
      const acked = Math.max(0, ...marks.map((mark) => mark.acked));
      const anyMarks = events.some((one) => one.type === 'mark');
      delivery.dropped += Math.max(0, ...marks.map((mark) => mark.dropped));
      delivery.sent += sent;
      for (const [index, q] of stores.entries()) {
        const before = stores.slice(0, index);
        const id = `${c}/${s}/${q}`;
        if (before.includes(q)) {
          delivery.duplicated++;
          found.push(`duplicated ${id}`);
        } else if (before.some((earlier) => earlier > q) && !marked('reorder', q)) {
          delivery.reordered++;
          found.push(`reordered ${id}`);
        }
      }
      for (let q = 1; q <= sent; q++) {
        const id = `${c}/${s}/${q}`;
        if (stores.includes(q)) {
          delivery.stored++;
        } else if (letters.includes(q)) {
          delivery.deadLettered++;
          found.push(`deadLettered ${id}`);
        } else if (evictions.some((one) => one.from <= q && q <= one.to)) {
          delivery.evicted++;
          found.push(`evicted ${id}`);
        } else if (marked('oversize', q)) {
          delivery.unconfirmed++;
          found.push(`unconfirmed ${id}`);
        } else {
          const owed = qos === 0 && anyMarks ? true : q <= acked;
          missing.push({ kind: owed ? 'lost' : 'unconfirmed', id });
        }
      }
    }
    // Sessions are known in the order in which they were first heard of.
    const order = [...new Set(ofCar.flatMap((one) => (one.type === 'rubbish' ? [] : [one.session])))];
    const rank = ({ kind, id }: { kind: string; id: string }): number =>
      (kind === 'lost' ? 0 : 1000) + order.indexOf(Number(id.split('/')[1])) * 100 + Number(id.split('/')[2]);
    for (const { kind, id } of missing.sort((a, b) => rank(a) - rank(b))) {
      if (unnamed > 0) {
        unnamed--;
        delivery.deadLettered++;
        found.push(`presumedDeadLettered ${id}`);
      } else {
        delivery[kind]++;
        found.push(`${kind} ${id}`);
      }
    }
  }
  const spoiled: Record<string, number> = {};
  for (const one of events) {
    if (one.type === 'spoil') spoiled[one.kind] = (spoiled[one.kind] ?? 0) + 1;
  }
  return { delivery, spoiled, found: found.sort() };
}

function singles(problems: readonly Problem[]): string[] {
  return problems
    .flatMap(({ kind, vin, session: id, fromSeq, toSeq }) =>
      Array.from(
        { length: toSeq - fromSeq + 1 },
        (_, index) => `${kind} ${vin.slice(7)}/${id}/${fromSeq + index}`,
      ),
    )
    .sort();
}

test('any interleaving of marks, records, duplicates, swaps, evictions, dead letters and what was spoiled on purpose is counted as the model counts it', () => {
  fc.assert(
    fc.property(fc.array(event, { maxLength: 80 }), fc.constantFrom(0, 1), (events, qos) => {
      const ledger = new Ledger({ run });
      feed(ledger, events, qos);
      const { delivery, problems, problemsOmitted, spoiled } = ledger.result();
      const expected = bruteForce(events, qos);
      assert.deepEqual(delivery, expected.delivery);
      assert.deepEqual(spoiled, expected.spoiled);
      assert.deepEqual(singles(problems), expected.found);
      assert.equal(problemsOmitted, 0);
      assert.deepEqual([ledger.sent, ledger.stored], [delivery.sent, delivery.stored]);
      const { sent, stored, deadLettered, evicted, lost, unconfirmed } = delivery;
      assert.equal(sent, stored + deadLettered + evicted + lost + unconfirmed);
      assert.deepEqual(ledger.result().delivery, delivery, 'a second look changes nothing');
    }),
    { numRuns: 600 },
  );
});

test('when marks come, and what says what was spoiled, and in which order, makes no difference', () => {
  fc.assert(
    fc.property(fc.array(event, { maxLength: 60 }), fc.infiniteStream(fc.nat(1000)), (events, chance) => {
      // Each message has bytes of its own.
      const ofText = new Set<string>();
      const given = events.filter((one) => {
        if (one.type !== 'spoil') return true;
        const key = `${one.car}/${one.text}`;
        return !ofText.has(key) && ofText.add(key);
      });
      const told = given.filter((one) => one.type === 'mark' || one.type === 'spoil');
      const shuffled: Event[] = given.filter((one) => one.type !== 'mark' && one.type !== 'spoil');
      for (const one of told) shuffled.splice((chance.next().value ?? 0) % (shuffled.length + 1), 0, one);
      const [a, b] = [new Ledger({ run }), new Ledger({ run })];
      feed(a, given, 1);
      feed(b, shuffled, 1);
      assert.deepEqual(a.result().delivery, b.result().delivery);
    }),
    { numRuns: 200 },
  );
});

/** A fleet whose every message arrives once, in the order of its car, cars interleaved by chance. */
const fleet = fc.record({
  lengths: fc.array(fc.integer({ min: 3, max: 40 }), { minLength: 2, maxLength: 5 }),
  order: fc.infiniteStream(fc.nat(1000)),
  victim: fc.nat(1000),
  place: fc.nat(1000),
});

function arrivals(lengths: readonly number[], order: Iterator<number>): { car: number; seq: number }[] {
  const next = lengths.map(() => 1);
  const all: { car: number; seq: number }[] = [];
  for (let left = lengths.reduce((sum, length) => sum + length, 0); left > 0; left--) {
    const open = lengths.flatMap((length, index) => ((next[index] ?? 0) <= length ? [index] : []));
    const pick = open[(order.next().value ?? 0) % open.length] ?? 0;
    const seqNow = next[pick] ?? 0;
    next[pick] = seqNow + 1;
    all.push({ car: pick, seq: seqNow });
  }
  return all;
}

for (const planted of ['lost', 'duplicated', 'reordered'] as const) {
  test(`a single message that is ${planted} among many is found, with its car and seq`, () => {
    fc.assert(
      fc.property(fleet, ({ lengths, order, victim, place }) => {
        const events = arrivals(lengths, order);
        const vehicle = victim % lengths.length;
        const length = lengths[vehicle] ?? 0;
        const hit = 1 + (place % (length - 1));
        const at = events.findIndex((one) => one.car === vehicle && one.seq === hit);
        const following = events.findIndex((one) => one.car === vehicle && one.seq === hit + 1);
        if (planted === 'lost') events.splice(at, 1);
        if (planted === 'duplicated') events.splice(following, 0, { car: vehicle, seq: hit });
        if (planted === 'reordered') {
          events[at] = { car: vehicle, seq: hit + 1 };
          events[following] = { car: vehicle, seq: hit };
        }
        const ledger = new Ledger({ run });
        for (const [index, sent] of lengths.entries()) {
          const mark = { vin: vinOf(index), session: 1, sent, acked: sent, dropped: 0 };
          ledger.mark({ shard: 's', qos: 1, at: 0, marks: [mark] });
        }
        feed(
          ledger,
          events.map(({ car: c, seq: q }): Event => ({ type: 'store', session: 1, edge: 1, car: c, seq: q })),
          1,
        );
        const { problems, delivery } = ledger.result();
        const expected = {
          kind: planted,
          vin: vinOf(vehicle),
          session: 1,
          fromSeq: hit,
          toSeq: hit,
          edge: 'edge-1',
          at: null,
          lastAt: null,
          during: [],
        };
        assert.deepEqual(problems, [expected]);
        assert.equal(delivery[planted], 1);
      }),
      { numRuns: 200 },
    );
  });
}
