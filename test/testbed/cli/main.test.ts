import assert from 'node:assert/strict';
import { readdirSync } from 'node:fs';
import path from 'node:path';
import { test } from 'node:test';
import { fleetbed, repository, scratch } from '#test/fleetbed.ts';
import { commandNames, commands } from '#testbed/cli/commands.ts';

test('alone it lists every command, and so do help and --help', async () => {
  const alone = await fleetbed([]);
  assert.equal(alone.code, 0);
  for (const name of commandNames) assert.match(alone.stdout, new RegExp(`^  ${name} `, 'm'));
  assert.equal((await fleetbed(['--help'])).stdout, alone.stdout);
  assert.equal((await fleetbed(['help'])).stdout, alone.stdout);
});

test('a wrong command is told with the nearest right one', async () => {
  const { code, stderr } = await fleetbed(['valdiate']);
  assert.equal(code, 104);
  assert.match(stderr, /^fleetbed has no command "valdiate": did you mean validate\?/);
  assert.equal((await fleetbed(['__proto__'])).code, 104);
});

test('every command says what it is and what it takes', async () => {
  for (const name of commandNames) {
    const command = await commands[name].load();
    assert.equal(command.name, name);
    assert.match(command.help, new RegExp(`Usage: fleetbed ${name}`), name);
    assert.ok(command.help.endsWith('\n'), `${name} --help ends its line`);
    const tooLong = command.help.split('\n').filter((line) => line.length > 160);
    assert.deepEqual(tooLong, [], name);
  }
  const byHelp = await fleetbed(['help', 'validate']);
  assert.equal(byHelp.stdout, (await fleetbed(['validate', '--help'])).stdout);
  assert.match(byHelp.stdout, /^Usage: fleetbed validate/);
});

test('version names fleetbed, Node and Kafka', async () => {
  const { code, stdout } = await fleetbed(['version']);
  assert.equal(code, 0);
  assert.match(stdout, /^fleetbed \d+\.\d+\.\d+\nnode     24\.\d+\.\d+\nkafka    4\.\d+\.\d+\n$/);
  assert.equal((await fleetbed(['--version'])).stdout, stdout);
});

test('validate passes every scenario that ships, and tells all that is wrong with another', async () => {
  const shipped = readdirSync(path.join(repository, 'scenarios')).filter((name) => name.endsWith('.yaml'));
  const good = await fleetbed(['validate', 'scenarios']);
  assert.equal(good.code, 0, good.stderr);
  assert.equal(good.stdout.trim().split('\n').length, shipped.length);

  await using folder = await scratch();
  const file = await folder.file(
    'bad.yaml',
    'name: bad\nstages: [{ for: 30, cars: 10 }]\nedgs: { count: 2 }\n',
  );
  const bad = await fleetbed(['validate', file, 'scenarios/quickstart.yaml']);
  assert.equal(bad.code, 104);
  assert.equal(
    bad.stderr,
    `${file}:2:17: stages[0].for: expected a duration such as 250ms, 30s or 2m, got 30 (did you mean 30s?)\n` +
      `${file}:3:1: edgs: expected one of name, description, seed, fleet, connect, stages, cars, duration, edges, training, rollout, thresholds or timeline, got edgs (did you mean edges?)\n`,
  );
  assert.match(bad.stdout, /quickstart is valid/);

  const missing = await fleetbed(['validate', 'no/such.yaml']);
  assert.equal(missing.code, 104);
  assert.equal(missing.stderr, 'no/such.yaml does not exist\n');
  assert.equal((await fleetbed(['validate'])).code, 104);
});

test('ls names what there is, also what is broken', async () => {
  const shipped = await fleetbed(['ls']);
  assert.equal(shipped.code, 0);
  assert.match(
    shipped.stdout,
    /scenarios\/quickstart.yaml\n {2}500 cars · 2m · a model is learned · cut edge-1\/bridge · coolant-loss · .*kill bridge\n {2}a model is/,
  );

  await using folder = await scratch();
  await folder.file('a.yaml', 'name: other\ncars: 1200\nduration: 2m\n');
  await folder.file('b.yml', 'name: [\n');
  const { stdout, code } = await fleetbed(['ls', folder.dir]);
  assert.equal(code, 0);
  assert.match(stdout, /a.yaml\n {2}other · 1,200 cars · 2m\n/);
  assert.match(stdout, /b.yml\n {2}is no valid scenario: .*fleetbed validate/);
});

test('a part whose settings are wrong ends with words and 104', async () => {
  const { code, stderr } = await fleetbed(['bridge', '--lisetn', '127.0.0.1:1']);
  assert.equal(code, 104);
  assert.match(stderr, /--lisetn: no such setting/);
  assert.doesNotMatch(stderr, /\n {4}at /);
});
