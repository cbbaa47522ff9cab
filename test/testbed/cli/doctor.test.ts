import assert from 'node:assert/strict';
import { test } from 'node:test';
import { fleetbed, scratch } from '#test/fleetbed.ts';
import { diskFindings, spaceFinding } from '#testbed/cli/doctor/disk.ts';
import {
  coresFinding,
  descriptorsFindingOf,
  localPortsFinding,
  memoryFinding,
  nodeFinding,
} from '#testbed/cli/doctor/machine.ts';
import { sizingOf } from '#testbed/sizing.ts';

const quickstart = sizingOf({
  cars: 500,
  simulators: 1,
  edges: 2,
  bridges: 1,
  readingsPerMessage: 10,
  messageIntervalMs: 1000,
  durationMs: 50_000,
});
const large = sizingOf({
  cars: 100_000,
  simulators: 6,
  edges: 6,
  bridges: 2,
  readingsPerMessage: 10,
  messageIntervalMs: 10_000,
  durationMs: 600_000,
});
const gib = 1024 ** 3;

test('what blocks a run and what only makes it worse are told apart', () => {
  assert.equal(nodeFinding('20.19.0').state, 'blocks');
  assert.equal(nodeFinding('24.1.0').state, 'ok');
  assert.equal(coresFinding(2, quickstart).state, 'ok');
  assert.equal(coresFinding(2, large).state, 'warns');
  assert.equal(memoryFinding(24 * gib, large).state, 'ok');
  assert.equal(memoryFinding(1 * gib, large).state, 'warns');
  assert.equal(descriptorsFindingOf(20_000, large).state, 'ok');
  assert.equal(descriptorsFindingOf(1024, large).state, 'blocks');
  assert.equal(descriptorsFindingOf(Number.POSITIVE_INFINITY, large).state, 'ok');
  assert.equal(localPortsFinding(large, { low: 32_768, high: 60_999 })?.state, 'ok');
  assert.equal(localPortsFinding(large, { low: 50_000, high: 60_999 })?.state, 'blocks');
  assert.equal(spaceFinding(gib, quickstart, '/tmp').state, 'ok');
  assert.equal(spaceFinding(gib, large, '/tmp').state, 'blocks');
});

test('everything that is not well says what it means and what helps', () => {
  const findings = [
    nodeFinding('20.19.0'),
    coresFinding(2, large),
    memoryFinding(gib, large),
    descriptorsFindingOf(1024, large),
    localPortsFinding(large, { low: 50_000, high: 60_999 }),
    spaceFinding(gib, large, '/tmp'),
  ];
  for (const finding of findings) assert.ok(finding?.consequence && finding.fix, finding?.subject);
  assert.match(coresFinding(2, large).fix ?? '', /--cars \d+$/);
});

test('a temp folder that is not there blocks a run', async () => {
  const [finding] = await diskFindings(quickstart, '/no/such/folder');
  assert.equal(finding?.state, 'blocks');
  assert.match(finding.found, /does not exist/);
});

test('a real disk is measured, and nothing is left on it', async () => {
  await using folder = await scratch();
  const findings = await diskFindings(quickstart, folder.dir);
  assert.deepEqual(
    findings.map(({ subject }) => subject),
    ['Disk', 'Disk sync'],
  );
  assert.match(findings[1]?.found ?? '', /^\d+\.\d ms, at worst \d+ ms/);
});

test('without Java doctor says what to install and ends with 106; a Kafka of the user’s own needs none', async () => {
  await using folder = await scratch();
  const env = { PATH: folder.dir, JAVA_HOME: '', XDG_CACHE_HOME: folder.dir };
  const without = await fleetbed(['doctor'], { env });
  assert.equal(without.code, 106, without.stdout + without.stderr);
  assert.match(without.stdout, /✗ Java .*\n.*\n\s+-> apt-get install openjdk-17-jre-headless/);
  assert.match(without.stdout, /✗ Kafka .*\n.*\n\s+-> apt-get install maven/);
  assert.match(without.stdout, /It cannot start like this/);
  const given = await fleetbed(['doctor', '--kafka'], { env });
  assert.equal(given.code, 0, given.stdout + given.stderr);
  assert.doesNotMatch(given.stdout, /Java/);
});
