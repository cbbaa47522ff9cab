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
      `${file}:3:1: edgs: expected one of name, description, seed, fleet, connect, stages, cars, duration, edges, bridges, training, rollout, thresholds or timeline, got edgs (did you mean edges?)\n`,
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

test('run --dry-run says in words what will be broken, and ls in short', async () => {
  await using folder = await scratch();
  const entries = [
    'at: 1s, for: 2s, cut: edge-1/bridge',
    'at: 2s, for: 5s, pause: edge-1',
    'at: 3s, for: 5s, slow: cars/edge-1, latency: 200ms, jitter: 50ms',
    'at: 4s, for: 5s, bandwidth: bridge/kafka, rate: 1.5MB/s',
    'at: 5s, reset: edge-2/bridge',
    'at: 6s, for: 5s, flap: edge-1/bridge, down: 500ms, up: 2s',
    'at: 7s, restart: bridge',
    'at: 8s, storm: edges/2',
    'at: 9s, kill: edges/100%',
    'at: 10s, fail: coolant-loss, cars: 1',
  ].map((entry) => `  - { ${entry} }\n`);
  const head = 'name: faults\ncars: 10\nduration: 20s\nedges: { count: 2 }\ntimeline:\n';
  const file = await folder.file('faults.yaml', head + entries.join(''));
  const { stdout, code } = await fleetbed(['run', file, '--dry-run']);
  assert.equal(code, 0);
  const happens = stdout.split('\n').filter((line) => line.startsWith('  at '));
  assert.deepEqual(happens, [
    '  at 1 s the link edge-1/bridge is cut for 2 s',
    '  at 2 s edge-1 is paused for 5 s',
    '  at 3 s the link cars/edge-1 is slow (200 ± 50 ms each way) for 5 s',
    '  at 4 s the link bridge/kafka carries 1,500 KB/s for 5 s',
    '  at 5 s the link edge-2/bridge is reset',
    '  at 6 s the link edge-1/bridge flaps (0.5 s down, 2 s up) for 5 s',
    '  at 7 s bridge is restarted in order',
    '  at 8 s all cars of edge-1, edge-2 lose their connection and come back',
    '  at 9 s edge-1, edge-2 are killed',
    '  at 10 s 1 car gets coolant-loss',
  ]);
  const listed = await fleetbed(['ls', folder.dir]);
  assert.match(
    listed.stdout,
    /cut edge-1\/bridge · pause edge-1 · .* · restart bridge · storm edges\/2 · kill edges\/100% · coolant-loss\n/,
  );
});

test('a part whose settings are wrong ends with words and 104', async () => {
  const { code, stderr } = await fleetbed(['bridge', '--lisetn', '127.0.0.1:1']);
  assert.equal(code, 104);
  assert.match(stderr, /--lisetn: no such setting/);
  assert.doesNotMatch(stderr, /\n {4}at /);
});
