import assert from 'node:assert/strict';
import { test } from 'node:test';
import * as fc from 'fast-check';
import { Ledger } from '#testbed/verdict/ledger.ts';
import { evictionOf, message, originOf, run } from './car-messages.ts';

/** Fleets in which any number of messages went wrong, each in a way that is known: the ledger names exactly those. */
const startedAt = 1_790_000_000_000;
const stepMs = 1300;
const dueAt = (seq: number): number => startedAt + seq * stepMs;

const fate = fc.oneof(
  { weight: 8, arbitrary: fc.constant('stored' as const) },
  { weight: 1, arbitrary: fc.constantFrom('lost', 'duplicated', 'reordered', 'evicted') },
);
const fleet = fc.array(fc.array(fate, { minLength: 1, maxLength: 60 }), { minLength: 1, maxLength: 6 });

test('any number of planted losses, duplicates, swaps and evictions are named, and nothing else is', () => {
  fc.assert(
    fc.property(fleet, fc.boolean(), (cars, evictionsFirst) => {
      const ledger = new Ledger({ run });
      const planted: string[] = [];
      for (const [index, fates] of cars.entries()) {
        const vin = `TESTCAR${index}`;
        const { arrivals, evicted } = plant(fates, (kind, seq) => planted.push(`${kind} ${vin}/${seq}`));
        const say = (): void => {
          const ranges = evicted.map((seq) => ({ vin, session: 1, fromSeq: seq, toSeq: seq }));
          ledger.evict(evictionOf(ranges), originOf());
        };
        if (evictionsFirst) say();
        for (const seq of arrivals) {
          const value = message(vin, 1, seq, dueAt(seq));
          ledger.record({ value, origin: originOf(), appendedAt: dueAt(seq) + 20 });
        }
        if (!evictionsFirst) say();
        const mark = { vin, session: 1, sent: fates.length, acked: fates.length, dropped: 0 };
        ledger.mark({ shard: 's', qos: 1, at: dueAt(fates.length), marks: [mark] });
      }
      const { problems, delivery } = ledger.result(startedAt);
      const named = problems.flatMap(({ kind, vin, fromSeq, toSeq }) =>
        Array.from({ length: toSeq - fromSeq + 1 }, (_, i) => `${kind} ${vin}/${fromSeq + i}`),
      );
      assert.deepEqual(named.toSorted(), planted.toSorted());
      const { sent, stored, deadLettered, evicted, lost, unconfirmed } = delivery;
      assert.equal(sent, stored + deadLettered + evicted + lost + unconfirmed);
    }),
    { numRuns: 400 },
  );
});

test('a missing message’s time is when it was due, as its neighbours tell', () => {
  fc.assert(
    fc.property(fc.array(fate, { minLength: 6, maxLength: 60 }), (fates) => {
      const whole = ['stored' as const, ...fates, 'stored' as const];
      const ledger = new Ledger({ run });
      const { arrivals, evicted } = plant(whole, () => {});
      for (const seq of arrivals) {
        const value = message('TESTCAR0', 1, seq, dueAt(seq));
        ledger.record({ value, origin: originOf(), appendedAt: dueAt(seq) + 20 });
      }
      const ranges = evicted.map((seq) => ({ vin: 'TESTCAR0', session: 1, fromSeq: seq, toSeq: seq }));
      ledger.evict(evictionOf(ranges), originOf());
      const missing = ledger
        .result(startedAt)
        .problems.filter(({ kind }) => kind === 'evicted' || kind === 'unconfirmed');
      for (const { fromSeq, toSeq, at, lastAt } of missing) {
        const expected = [fromSeq, toSeq].map((seq) => Math.round((seq * stepMs) / 100) / 10);
        assert.deepEqual([at, lastAt], expected);
      }
    }),
    { numRuns: 200 },
  );
});

type Fate = 'stored' | 'lost' | 'duplicated' | 'reordered' | 'evicted';

/** What arrives of a session in which message i + 1 meets fate i, and in which order. */
function plant(
  fates: readonly Fate[],
  say: (kind: Fate, seq: number) => void,
): { arrivals: number[]; evicted: number[] } {
  const arrivals: number[] = [];
  const evicted: number[] = [];
  for (let seq = 1; seq <= fates.length; seq++) {
    const kind = fates[seq - 1] ?? 'stored';
    const isLast = seq === fates.length;
    if (kind === 'reordered' && !isLast) {
      arrivals.push(seq + 1, seq);
      say(kind, seq);
      // Its successor came before it: whatever fate that one had is not met.
      seq++;
    } else if (kind === 'lost' || kind === 'evicted') {
      if (kind === 'evicted') evicted.push(seq);
      say(kind, seq);
    } else {
      arrivals.push(seq);
      if (kind === 'duplicated') {
        arrivals.push(seq);
        say(kind, seq);
      }
    }
  }
  return { arrivals, evicted };
}
