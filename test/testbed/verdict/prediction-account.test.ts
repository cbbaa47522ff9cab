import assert from 'node:assert/strict';
import { test } from 'node:test';
import * as fc from 'fast-check';
import { predictionCodec } from '#contract/records.ts';
import { PredictionAccount } from '#testbed/verdict/prediction-account.ts';
import { raised } from './detection/alarm-records.ts';

function prediction(predictionSeq: number, scoredBy: 'edge' | 'cloud' = 'edge'): Buffer {
  return predictionCodec.encode(raised('TESTCAR0', 0, { predictionSeq, scoredBy }));
}

test('each edge’s numbers are counted apart, in any order: missing, twice, evicted', () => {
  fc.assert(
    fc.property(
      fc.array(fc.tuple(fc.nat(1), fc.integer({ min: 1, max: 30 })), { maxLength: 80 }),
      fc.nat(9),
      (taken, evicted) => {
        const account = new PredictionAccount();
        for (const [edge, number] of taken) account.take(prediction(number), `edge-${edge}`);
        account.evict('edge-0', evicted);
        const of = [0, 1].map((edge) => taken.filter(([by]) => by === edge).map(([, number]) => number));
        const distinct = of.map((numbers) => new Set(numbers));
        const gaps = distinct.map((numbers) => Math.max(0, ...numbers) - numbers.size);
        const received = distinct.reduce((sum, numbers) => sum + numbers.size, 0);
        assert.deepEqual(account.totals(), {
          received,
          missing: Math.max(0, (gaps[0] ?? 0) - evicted) + (gaps[1] ?? 0),
          duplicated: taken.length - received,
          evicted,
        });
      },
    ),
    { numRuns: 200 },
  );
});

test('what is no prediction of an edge passes by', () => {
  const account = new PredictionAccount();
  account.take(Buffer.from('no prediction'), 'edge-1');
  account.take(prediction(7, 'cloud'), 'edge-1');
  assert.deepEqual(account.totals(), { received: 0, missing: 0, duplicated: 0, evicted: 0 });
});
