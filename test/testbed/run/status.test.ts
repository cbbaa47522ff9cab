import assert from 'node:assert/strict';
import { test } from 'node:test';
import { sampleRun } from '#test/testbed/verdict/sample-run.ts';
import { statusLine } from '#testbed/run/status.ts';

test('the ledger is told of when it has fallen behind, and not for a fetch that is under way', () => {
  const [sample] = sampleRun().samples;
  assert.ok(sample);
  const usual = statusLine({ ...sample, ledgerLagRecords: 12_345, ledgerLagMs: 400 }, 60, []);
  assert.doesNotMatch(usual, /ledger/);
  const behind = statusLine({ ...sample, ledgerLagRecords: 12_345, ledgerLagMs: 9000 }, 60, []);
  assert.match(behind, / · ledger 12,345 records behind/);
});
