import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import type { Summary } from '#testbed/verdict/summary.ts';
import { deliverySentences, problemSentence } from '#testbed/verdict/wording.ts';
import { badRun, sampleRun } from './sample-run.ts';

describe('a problem in words', () => {
  const [lost, duplicated, , unconfirmed] = badRun().summary.problems.map(problemSentence);

  test('says when, and during which faults', () => {
    assert.ok(
      lost?.endsWith('seq 17 to 1216 (edge-1) at 26.2 s to 47 s during cut edge-1/bridge and kill bridge'),
      lost,
    );
    assert.ok(duplicated?.endsWith('(edge-2) at 49.1 s during kill bridge'), duplicated);
  });

  test('says nothing of a time that is not known', () => {
    assert.ok(unconfirmed?.endsWith('seq 60 to 62'), unconfirmed);
  });
});

describe('what was spoiled on purpose in words', () => {
  const { summary } = sampleRun();

  test('is not spoken of when nothing was', () => {
    assert.deepEqual(
      deliverySentences(summary).filter((sentence) => /spoil/i.test(sentence)),
      [],
    );
  });

  test('is counted by kind', () => {
    const spoiled = { reorder: 1200, corrupt: 40, 'wrong-schema': 1 };
    assert.equal(
      deliverySentences({ ...summary, spoiled }).at(-1),
      'Spoiled on purpose: 1,200 out of order, 40 corrupt, 1 of another schema.',
    );
  });
});

describe('predictions and ground truth in words', () => {
  const { summary } = sampleRun();
  const whole = deliverySentences(summary);
  const said = (more: Partial<Summary>): string[] =>
    deliverySentences({ ...summary, ...more }).slice(whole.length);

  test('are not spoken of while they add up', () => {
    assert.deepEqual(said({ predictions: { received: 9, missing: 0, duplicated: 0, evicted: 3 } }), []);
    assert.deepEqual(said({ truth: { said: 4, stored: 4 } }), []);
  });

  test('are where they do not', () => {
    assert.deepEqual(said({ predictions: { received: 9, missing: 2, duplicated: 1, evicted: 0 } }), [
      "Of the edges' predictions, 2 are missing and 1 arrived more than once.",
    ]);
    assert.deepEqual(said({ truth: { said: 4, stored: 3 } }), [
      'The simulators said 4 truths; 3 are in Kafka.',
    ]);
  });
});
