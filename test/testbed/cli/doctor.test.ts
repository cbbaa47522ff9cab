import assert from 'node:assert/strict';
import { test } from 'node:test';
import { fleetbed, scratch } from '#test/fleetbed.ts';
import { diskFindings, spaceFinding, speedFinding } from '#testbed/cli/doctor/disk.ts';
import { clockFinding, watchClock, type ClockFacts } from '#testbed/cli/doctor/clock.ts';
import { connectRateFinding, measureConnectRate, sureRate } from '#testbed/cli/doctor/connect-rate.ts';
import {
  descriptorFacts,
  descriptorsFinding,
  type DescriptorFacts,
} from '#testbed/cli/doctor/descriptors.ts';
import { measureSlowness } from '#testbed/cli/doctor/core-speed.ts';
import { coresFinding, memoryFinding, nodeFinding, schedulingFinding } from '#testbed/cli/doctor/machine.ts';
import { conntrackFinding, localPortsFinding, timeWaitFinding } from '#testbed/cli/doctor/network.ts';
import { pickPort } from '#testbed/run/ports.ts';
import { simulatorsFor, sizingOf, type Load } from '#testbed/sizing.ts';

const quickstart = sizingOf({
  cars: 500,
  simulators: 1,
  edges: 2,
  bridges: 1,
  readingsPerMessage: 10,
  messageIntervalMs: 1000,
  durationMs: 50_000,
});
const of100k: Load = {
  cars: 100_000,
  simulators: 6,
  edges: 6,
  bridges: 2,
  readingsPerMessage: 10,
  messageIntervalMs: 10_000,
  durationMs: 600_000,
};
const large = sizingOf(of100k);
const acknowledged = sizingOf({ ...of100k, sendEveryMs: 100, qos: 1 });
const onePort = sizingOf({ ...of100k, carsMeetProxies: true });
const gib = 1024 ** 3;
const mb = 1e6;
const limit = (hard: number): DescriptorFacts => ({ soft: 1024, hard, open: 2000, most: 1_000_000 });
const clock: ClockFacts = { source: 'tsc', costNs: 40, movedMs: 0.3, synchronised: true };

test('what blocks a run and what only makes it worse are told apart', () => {
  assert.equal(nodeFinding('20.19.0').state, 'blocks');
  assert.equal(nodeFinding('24.1.0').state, 'ok');
  assert.equal(coresFinding(2, quickstart, 1).state, 'ok');
  assert.equal(coresFinding(1, large, 1).state, 'warns');
  assert.equal(schedulingFinding(true)?.state, 'ok');
  assert.equal(schedulingFinding(false)?.state, 'warns');
  assert.equal(schedulingFinding(undefined), undefined);
  assert.equal(memoryFinding(24 * gib, large).state, 'ok');
  assert.equal(memoryFinding(1 * gib, large).state, 'warns');
  assert.equal(descriptorsFinding(large, limit(20_000)).state, 'ok');
  assert.equal(descriptorsFinding(large, limit(1024)).state, 'blocks');
  assert.equal(descriptorsFinding(large, limit(Number.POSITIVE_INFINITY)).state, 'ok');
  assert.equal(
    descriptorsFinding(large, { ...limit(20_000), open: 900_000, most: 1_000_000 }).state,
    'blocks',
  );
  // A limit that can be met with more processes than usual.
  const simulators = simulatorsFor(100_000, { carsPerProcess: 3800 });
  assert.equal(
    descriptorsFinding(sizingOf({ ...of100k, simulators, edges: 30 }), limit(4096)).state,
    'warns',
  );
  assert.equal(localPortsFinding(large, { low: 32_768, high: 60_999 })?.state, 'ok');
  assert.equal(localPortsFinding(onePort, { low: 20_000, high: 60_999 })?.state, 'ok');
  assert.equal(localPortsFinding(onePort, { low: 32_768, high: 60_999 })?.state, 'warns');
  assert.equal(localPortsFinding(onePort, { low: 50_000, high: 60_999 })?.state, 'blocks');
  const wide = { low: 1024, high: 65_535 };
  assert.equal(timeWaitFinding(onePort, { sockets: 5, reuse: 2 })?.state, 'ok');
  assert.equal(
    timeWaitFinding(onePort, { sockets: 5, reuse: 0 }, { low: 32_768, high: 60_999 })?.state,
    'warns',
  );
  assert.equal(timeWaitFinding(onePort, { sockets: 5, reuse: 0 }, wide)?.state, 'ok');
  assert.equal(conntrackFinding(large, undefined).state, 'ok');
  assert.equal(conntrackFinding(large, { entries: 300, most: 262_144 }).state, 'ok');
  assert.equal(conntrackFinding(large, { entries: 300, most: 65_536 }).state, 'warns');
  assert.equal(speedFinding(500 * mb, large).state, 'ok');
  assert.equal(speedFinding(5 * mb, large).state, 'warns');
  assert.equal(connectRateFinding(3000, 3000, 100_000).state, 'ok');
  assert.equal(connectRateFinding(2000, 5000, 100_000).state, 'warns');
  assert.equal(clockFinding(clock, true).state, 'ok');
  assert.equal(clockFinding({ ...clock, synchronised: false }, false).state, 'ok');
  assert.equal(clockFinding({ ...clock, synchronised: false }, true).state, 'warns');
  assert.equal(clockFinding({ ...clock, movedMs: 400 }, false).state, 'warns');
  assert.equal(clockFinding({ ...clock, source: 'hpet' }, false).state, 'warns');
  assert.equal(spaceFinding(gib, quickstart, '/tmp').state, 'ok');
  assert.equal(spaceFinding(gib, large, '/tmp').state, 'blocks');
});

test('everything that is not well says what it means and what helps', () => {
  const findings = [
    nodeFinding('20.19.0'),
    coresFinding(1, large, 1),
    schedulingFinding(false),
    memoryFinding(gib, large),
    descriptorsFinding(large, limit(1024)),
    descriptorsFinding(large, { ...limit(20_000), open: 900_000, most: 1_000_000 }),
    localPortsFinding(onePort, { low: 50_000, high: 60_999 }),
    timeWaitFinding(onePort, { sockets: 5, reuse: 0 }, { low: 32_768, high: 60_999 }),
    conntrackFinding(large, { entries: 300, most: 65_536 }),
    speedFinding(5 * mb, large),
    connectRateFinding(2000, 5000, 100_000),
    clockFinding({ ...clock, synchronised: false }, true),
    clockFinding({ ...clock, movedMs: 400 }, false),
    clockFinding({ ...clock, source: 'hpet' }, false),
    spaceFinding(gib, large, '/tmp'),
  ];
  for (const finding of findings) assert.ok(finding?.consequence && finding.fix, finding?.subject);
  assert.match(coresFinding(1, large, 1).fix ?? '', /--cars \d+$/);
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
    ['Disk', 'Disk speed', 'Disk sync'],
  );
  assert.match(findings[1]?.found ?? '', /^\d.* written, for about/);
  assert.match(findings[2]?.found ?? '', /^\d+\.\d ms, at worst \d+ ms/);
});

test('without Java doctor says what to install and ends with 106; a Kafka of the user’s own needs none', async () => {
  await using folder = await scratch();
  const env = { PATH: folder.dir, JAVA_HOME: '', XDG_CACHE_HOME: folder.dir };
  const without = await fleetbed(['doctor'], { env });
  assert.equal(without.code, 106, without.stdout + without.stderr);
  assert.match(without.stdout, /✗ Java .*\n.*\n\s+-> apt-get install openjdk-17-jre-headless/);
  assert.match(without.stdout, /✗ Kafka .*\n.*\n\s+-> apt-get install maven/);
  // The plan that a run would use.
  assert.match(without.stdout, /^ {2}simulator +1 +500 /m);
  assert.match(without.stdout, /^ {2}together +\d+ /m);
  assert.match(without.stdout, /✓ Connect rate +up to [\d,]+\/s here|! Connect rate/);
  assert.match(without.stdout, /It cannot start like this/);
  const given = await fleetbed(['doctor', '--kafka'], { env });
  assert.equal(given.code, 0, given.stdout + given.stderr);
  assert.doesNotMatch(given.stdout, /Java/);
});

test('a Kafka of the user’s own that does not answer blocks a run, and its address is told', async () => {
  const address = `127.0.0.1:${await pickPort()}`;
  const { code, stdout } = await fleetbed(['doctor', '--kafka', address]);
  assert.equal(code, 106, stdout);
  assert.match(stdout, new RegExp(`✗ Kafka .*${address}`));
});

test('how many cars connect in a second is measured with real cars and a real broker', async () => {
  const rate = await measureConnectRate();
  assert.ok(rate > 20 && rate < 1_000_000, `${rate}/s`);
});

test('how fast the cores are is measured, and what they carry hangs on it', async () => {
  const slowness = await measureSlowness(2);
  assert.ok(slowness > 0.05 && slowness < 100, `${slowness}`);
  const at = (speed: number) => coresFinding(2, acknowledged, speed);
  assert.equal(at(1).state, 'warns', 'two cores have no room for it');
  assert.equal(coresFinding(3, acknowledged, 1).state, 'ok');
  // Neither chance nor a fast moment.
  for (const speed of [0.6, 1.05]) assert.equal(at(speed).found, at(1).found);
  assert.match(
    at(1.5).found,
    /^2 that take 1\.5 times as long as usual, and 10,000 messages\/s need about 2\.\d$/,
  );
  const cars = (speed: number) => Number(at(speed).fix?.replace(/\D/g, ''));
  assert.ok(cars(2) < cars(1.5), 'slower cores carry fewer cars');
});

test('the rate that doctor prints is below what was measured, and grows with the pairs that work at once', () => {
  assert.equal(sureRate(4000, 2, quickstart), 2800);
  assert.equal(sureRate(4000, 2, large), 2800);
  assert.equal(sureRate(4000, 8, large), 11_200);
  // More than six pairs are not there.
  assert.equal(sureRate(4000, 64, large), 16_800);
  assert.equal(sureRate(4000, 64, quickstart), 2800);
  assert.equal(sureRate(0.1, 1, quickstart), 1);
});

test('what this machine says of descriptors and its clock can be read', async () => {
  const { soft, hard, open, most } = descriptorFacts();
  assert.ok(soft > 0 && hard >= soft && open >= 0 && most > 0);
  const facts = await watchClock()();
  assert.ok(facts.costNs > 0 && facts.movedMs < 10_000);
});
