import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { problemsInContext } from '#testbed/verdict/problem-context.ts';
import type { Problem } from '#testbed/verdict/summary.ts';

const which = { vin: 'TESTCAR0', session: 1, fromSeq: 1, toSeq: 2, edge: 'edge-1', during: [] };

function during(at: number | null, lastAt: number | null, faults: Parameters<typeof problemsInContext>[1]) {
  const problem: Problem = { ...which, kind: 'lost', at, lastAt };
  return problemsInContext([problem], faults)[0]?.during;
}

const cut = { at: 20, endedAt: 30, kind: 'cut', target: 'edge-1/bridge' };

describe('the faults during a problem', () => {
  test('lasted then, or had ended less than ten seconds before', () => {
    for (const [at, expected] of [
      [18.9, []],
      [19.1, ['cut edge-1/bridge']],
      [25, ['cut edge-1/bridge']],
      [39.9, ['cut edge-1/bridge']],
      [40, []],
    ] as const) {
      assert.deepEqual(during(at, at, [cut]), expected, `${at} s`);
    }
  });

  test('those that struck between its first and its last message count; equal words stand once', () => {
    const kill = { at: 50, endedAt: 52, kind: 'kill', target: 'bridge' };
    const later = { ...kill, at: 70, endedAt: 72 };
    const again = { ...kill, at: 55, endedAt: 56 };
    assert.deepEqual(during(45, 60, [kill, again, later]), ['kill bridge']);
    assert.deepEqual(during(35, 60, [cut, kill]), ['cut edge-1/bridge', 'kill bridge']);
  });

  test('a fault that was never undone lasts to the end; a car’s failure is none', () => {
    assert.deepEqual(during(500, 500, [{ ...cut, endedAt: null }]), ['cut edge-1/bridge']);
    assert.deepEqual(during(25, 25, [{ at: 1, endedAt: null, kind: 'fail', target: 'coolant-loss' }]), []);
  });

  test('without a time there is no context', () => {
    assert.deepEqual(during(null, null, [{ ...cut, endedAt: null }]), []);
  });
});
