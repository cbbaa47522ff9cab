import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { test } from 'node:test';
import { renderJunit } from '#testbed/verdict/junit.ts';
import { skipWithout } from '#test/skip-without.ts';
import { badRun, sampleRun } from './sample-run.ts';

/** Names of the test cases, each with its failure's message. */
function cases(xml: string): [name: string, failure: string | undefined][] {
  const found = xml.matchAll(/<testcase name="([^"]*)"[^>]*?(?:\/>|>\s*<failure message="([^"]*)"\/>)/g);
  return [...found].map(([, name = '', failure]) => [name, failure]);
}

test('one case a threshold, and two that make a run count at all; none fails in a run that passed', () => {
  const xml = renderJunit(sampleRun().summary);
  assert.match(xml, /<testsuites name="fleetbed" tests="7" failures="0" errors="0" time="62\.400">/);
  assert.ok(cases(xml).every(([, failure]) => failure === undefined));
  assert.equal(cases(xml).length, 7);
});

test('a failed threshold says what was measured and what was expected', () => {
  const xml = renderJunit(badRun().summary);
  assert.match(xml, /failures="3"/);
  assert.deepEqual(
    cases(xml).find(([name]) => name === 'delivery.lost == 0'),
    ['delivery.lost == 0', 'delivery.lost is 1,200, expected == 0'],
  );
});

test('a part that died, a starved generator and a user who stopped are failures of their own', () => {
  const { summary } = sampleRun();
  const run = { ...summary.run, exitCode: 105, failure: 'edge-1 died', invalidReasons: ['late', 'starved'] };
  const failures = cases(renderJunit({ ...summary, run })).filter(([, failure]) => failure !== undefined);
  assert.deepEqual(failures, [
    ['every part started and stayed up', 'edge-1 died'],
    ['the generator kept its schedule', 'late; starved'],
    ['the scenario ran to its end', 'by the user after 1 min 02 s'],
  ]);
});

test('names that are no XML stay text', () => {
  const { summary } = badRun();
  const run = { ...summary.run, scenario: '<&">\u0000\u001b\ud800', failure: 'line 1\nline "2"' };
  const xml = renderJunit({ ...summary, run });
  assert.match(xml, /name="&lt;&amp;&quot;&gt;"/);
  assert.match(xml, /PKD&lt;b&gt;09/);
});

test('xmllint reads it', { skip: skipWithout('xmllint') }, () => {
  const { summary } = badRun();
  const run = { ...summary.run, scenario: '<&">\u0000\u001b\ud800', failure: 'line 1\nline "2"' };
  execFileSync('xmllint', ['--noout', '-'], { input: renderJunit({ ...summary, run }) });
});
