import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { test } from 'node:test';
import { descriptorLimits, localPortRange, machineLimits, usableCores } from '#testbed/run/machine-limits.ts';
import { fleetbed, repository } from '#test/fleetbed.ts';

/** Runs a line of shell with limits of its own, as a user's shell has them. */
function inShell(line: string): string {
  return execFileSync('sh', ['-c', line], { encoding: 'utf8', cwd: repository });
}

test('a limit is read as the kernel writes it, and none is no limit', () => {
  const words =
    'Limit  Soft Limit  Hard Limit  Units\nMax open files            1024                 524288               files\n';
  assert.deepEqual(descriptorLimits(words), { soft: 1024, hard: 524_288 });
  const unlimited = words.replace('524288', 'unlimited');
  assert.equal(descriptorLimits(unlimited).hard, Number.POSITIVE_INFINITY);
  assert.equal(descriptorLimits('').hard, Number.POSITIVE_INFINITY);
});

test('a container’s share of the cores counts, not the cores of its machine', () => {
  const all = usableCores('');
  assert.ok(all >= 1);
  assert.equal(usableCores('max 100000\n'), all);
  assert.equal(usableCores('50000 100000\n'), 0.5);
  assert.equal(usableCores('100000000 100000\n'), all);
});

test('this machine’s limits leave room for what is no car', () => {
  const { hard } = descriptorLimits();
  const limits = machineLimits();
  assert.ok(limits.carsPerProcess >= 1 && limits.carsPerProcess < hard);
  const range = localPortRange();
  if (range) assert.ok(limits.connectionsPerDestination <= range.high - range.low + 1);
});

test('a process, and what it starts, raises its soft limit to the hard one by itself', () => {
  const inner = `console.log(require('node:fs').readFileSync('/proc/self/limits', 'utf8'))`;
  const outer = `process.stdout.write(require('node:child_process').execFileSync(process.execPath, ['-e', process.env.INNER]))`;
  const line = `ulimit -Sn 256 && INNER="${inner.replaceAll('"', '\\"')}" exec "${process.execPath}" -e "${outer}"`;
  assert.deepEqual(descriptorLimits(inShell(line)), descriptorLimits());
});

test('where a process may open fewer files, run plans more processes for the same cars', () => {
  const run = `exec "${process.execPath}" testbed/cli/main.ts run scenarios/quickstart.yaml --cars 9000 --set edges.count=auto --dry-run`;
  const said = inShell(`ulimit -n 2300 && ${run}`);
  assert.match(said, /5 simulators, 5 edge agents/);
  assert.match(said, /^ {2}simulator +5 +1,800 /m);
  assert.match(said, /^ {2}edge +5 +1,800 /m);
});

test('run and doctor print the same plan', { timeout: 120_000 }, async () => {
  const args = [
    'scenarios/quickstart.yaml',
    '--cars',
    '20000',
    '--set',
    'edges.spread=[3, 1, 1]',
    '--set',
    'edges.count=auto',
  ];
  const run = await fleetbed(['run', ...args, '--dry-run']);
  const doctor = await fleetbed(['doctor', ...args]);
  assert.equal(run.code, 0, run.stderr);
  const plan = /^ {2}process .*\n(?: {2}.*\n)* {2}ports: .*\n/m.exec(run.stdout)?.[0];
  assert.match(plan ?? '', /^ {2}edge +3 +12,01\d/m);
  assert.ok(doctor.stdout.includes(plan ?? '-'), doctor.stdout);
});
