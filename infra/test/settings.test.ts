import assert from 'node:assert/strict';
import { test } from 'node:test';
import { readdirSync, rmSync } from 'node:fs';
import path from 'node:path';
import fc from 'fast-check';
import { loadConfig } from '../../runtime/config.ts';
import { fleetbed, repository } from '../../test/fleetbed.ts';
import { secretKeys, SettingsError, settingKeys, settingsOf } from '../config/settings.ts';
import { stackOf } from '../config/stack.ts';
import { breaches } from '../policy/rules.ts';
import { parts, Pods, schemas } from './pods.ts';
import { fileSettings, kubernetesObjects, render, settingsFor, stackNames } from './stacks.ts';

const whole = settingsFor('load', 'strimzi');

test('a setting that is missing or wrong is told with its key and the reason, all of them at once', () => {
  const cases: [change: Record<string, string | undefined>, says: RegExp][] = [
    [{ 'fleetbed:car': '3' }, /fleetbed:car: no such setting; there are .*fleetbed:cars/],
    [{ 'gcp:region': 'moon-west1' }, /gcp:region: Invalid option: expected one of .*europe-west4/],
    [{ 'gcp:project': undefined }, /gcp:project: missing: pulumi config set gcp:project/],
    [
      { 'fleetbed:edgeSecret': undefined },
      /fleetbed:edgeSecret: missing .*: pulumi config set --secret fleetbed:edgeSecret/,
    ],
    [{ 'fleetbed:image': 'fleetbed:latest' }, /fleetbed:image: expected an image with its digest/],
    [{ 'fleetbed:messageInterval': '10' }, /fleetbed:messageInterval: expected a duration such as/],
    [{ 'fleetbed:edges': '3' }, /fleetbed:edges: 100000 cars and 10000 messages\/s need at least 7, got 3/],
    [{ 'fleetbed:bridges': '1', 'fleetbed:cars': '2000000' }, /fleetbed:bridges: .* need at least 2, got 1/],
    [{ 'fleetbed:kafkaImage': undefined }, /fleetbed:kafkaImage: needed where fleetbed:kafka is strimzi/],
    [{ 'fleetbed:kafka': 'managed' }, /fleetbed:kafkaImage: only where fleetbed:kafka is strimzi/],
    [{ 'fleetbed:brokers': '2' }, /fleetbed:brokers: /],
    [
      { 'fleetbed:brokers': '3', 'fleetbed:cars': '10000000' },
      /fleetbed:brokers: 10000000 cars and 1000000 messages\/s need at least \d+, got 3/,
    ],
    [{ 'fleetbed:messageInterval': '0s' }, /fleetbed:messageInterval: expected more than 0s/],
    [{ 'fleetbed:duration': '0s' }, /fleetbed:duration: expected more than 0s/],
    [
      { 'fleetbed:messageInterval': '1s', 'fleetbed:readingsPerMessage': '200' },
      /fleetbed:readingsPerMessage: 200 readings in 1000 ms are 5 ms apart: cars take 10 ms to 1 h/,
    ],
    [
      { 'fleetbed:cars': '10000000', 'fleetbed:messageInterval': '100ms' },
      /fleetbed:cars: .* need \d+ edges; one stack has at most 5000: [^]*fleetbed:cars: .* need \d+ nodes/,
    ],
    [{ 'fleetbed:edges': '5001' }, /fleetbed:edges: .*5000/],
    [{ 'fleetbed:trainEvery': 'nightly' }, /fleetbed:trainEvery: expected a schedule as of cron, such as/],
    [{ 'fleetbed:trainEvery': '0 25 * * *' }, /fleetbed:trainEvery: /],
    [{ 'fleetbed:protect': 'yes' }, /fleetbed:protect: expected true or false/],
    [{ 'fleetbed:signingKey': 'key' }, /fleetbed:signingKey: expected an Ed25519 private key/],
  ];
  for (const [change, says] of cases) assert.throws(() => settingsOf(given(change), 'load'), says);
  const both = given({ 'gcp:region': 'moon-west1', 'fleetbed:cars': '0' });
  assert.throws(() => settingsOf(both, 'load'), /gcp:region: [^]*fleetbed:cars: /);
});

test('a secret that is wrong is not shown', () => {
  for (const key of secretKeys) {
    const value = 'hunter2';
    assert.throws(
      () => settingsOf(given({ [key]: value }), 'load'),
      (error: Error) => error.message.includes(key) && !error.message.includes(value),
    );
  }
});

test('whatever is given, it is a configuration or a refusal in words', () => {
  const values = fc.oneof(
    fc.string(),
    fc.integer().map(String),
    fc.constantFrom('true', '10s', 'managed', ''),
  );
  fc.assert(
    fc.property(fc.dictionary(fc.constantFrom(...settingKeys), values), (changes) => {
      try {
        settingsOf({ ...whole, ...changes }, 'load');
      } catch (error) {
        assert.ok(error instanceof SettingsError, String(error));
        assert.match(error.message, /^stack load is not configured right:\n {2}(gcp|fleetbed):\w+: \S/);
      }
    }),
  );
});

test('what a user fixes is what is built, when it carries the load', () => {
  const counts = fc.record({
    cars: fc.integer({ min: 1, max: 10_000_000 }),
    edges: fc.integer({ min: 1, max: 5000 }),
    bridges: fc.integer({ min: 1, max: 1000 }),
    simulators: fc.integer({ min: 1, max: 10_000 }),
    brokers: fc.integer({ min: 3, max: 300 }),
  });
  fc.assert(
    fc.property(counts, (wanted) => {
      const asked = Object.entries(wanted).map(([key, value]) => [`fleetbed:${key}`, String(value)]);
      let stack;
      try {
        stack = stackOf(given(Object.fromEntries(asked)), 'load');
      } catch (error) {
        assert.match(String(error), /need (at least \d+, got \d+|\d+ nodes)/);
        return;
      }
      const { size } = stack;
      assert.deepEqual(
        [size.edges.count, size.bridges.count, size.simulators.count, size.kafka.brokers],
        [wanted.edges, wanted.bridges, wanted.simulators, wanted.brokers],
      );
      assert.ok(size.edges.cars <= 16_000 && size.simulators.cars <= 16_000);
    }),
  );
});

test("a stack whose name is too long for a service account's, or is no part of one, is refused by name", () => {
  for (const name of ['a-longer-name', 'Load', 'my_stack', '1st', 'end-'])
    assert.throws(
      () => stackOf(whole, name),
      /^SettingsError: stack \S+ is not configured right:\n {2}its name/,
    );
  for (const name of ['load', 'a', 'team-2', 'elevenchars']) assert.equal(stackOf(whole, name).name, name);
});

test('whatever is accepted can be built: every object comes out, and every part takes the settings of its pod', async () => {
  const some = fc.record({
    'fleetbed:run': fc.stringMatching(/^[a-z][a-z0-9-]{0,30}$/),
    'fleetbed:cars': fc.integer({ min: 1, max: 10_000_000 }).map(String),
    'fleetbed:messageInterval': fc.constantFrom('500ms', '1.5s', '10s', '7m', '1h'),
    'fleetbed:readingsPerMessage': fc.integer({ min: 1, max: 600 }).map(String),
    'fleetbed:duration': fc.constantFrom('1ms', '90s', '3d'),
    'fleetbed:seed': fc.integer({ min: 0, max: 2 ** 31 }).map(String),
    'fleetbed:kafka': fc.constantFrom('strimzi' as const, 'managed' as const),
    'fleetbed:spot': fc.constantFrom('true', 'false'),
    'fleetbed:simulate': fc.constantFrom('true', 'false'),
    'gcp:region': fc.constantFrom('us-central1', 'europe-west1'),
  });
  let built = 0;
  await fc.assert(
    fc.asyncProperty(some, async (settings) => {
      const all = settingsFor('load', settings['fleetbed:kafka'], settings);
      try {
        settingsOf(all, 'load');
      } catch (error) {
        assert.ok(error instanceof SettingsError);
        return;
      }
      const { resources } = await render('load', all);
      assert.deepEqual(breaches(resources), []);
      const pods = new Pods(kubernetesObjects(resources));
      try {
        for (const part of parts) {
          const env = pods.environment(part);
          const config = loadConfig(schemas[part], { argv: [], env, component: part });
          assert.equal(config.run, settings['fleetbed:run']);
        }
      } finally {
        rmSync(pods.folder, { recursive: true });
      }
      built++;
    }),
    { numRuns: 15 },
  );
  assert.ok(built > 0);
});

test('what fleetbed plan prints for a scenario are settings of a stack, of the size that it says', async () => {
  const scenarios = readdirSync(path.join(repository, 'scenarios')).filter((file) => file.endsWith('.yaml'));
  assert.ok(scenarios.length >= 5);
  for (const file of scenarios) {
    const kafka = file.length % 2 === 0 ? 'strimzi' : 'managed';
    const asked = ['plan', path.join(repository, 'scenarios', file), '--on', 'gke', '--kafka', kafka];
    const [{ stdout, stderr, code }, json] = await Promise.all([
      fleetbed(asked),
      fleetbed([...asked, '--json']),
    ]);
    assert.equal(code, 0, stderr);
    const set = [...stdout.matchAll(/pulumi config set (\S+) (\S+)/g)].map(([, key, value]) => [key, value]);
    assert.ok(set.some(([key]) => key === 'fleetbed:duration'));
    const stack = stackOf(settingsFor('load', kafka, Object.fromEntries(set)), 'load');
    const { size, durationMs } = JSON.parse(json.stdout) as { size: object; durationMs: number };
    assert.deepEqual(JSON.parse(JSON.stringify(stack.size)), size);
    assert.equal(stack.settings['fleetbed:duration'], durationMs);
  }
});

test('the stacks that ship hold no secret and no account, and want nothing but these', () => {
  for (const stack of stackNames) {
    const missing = settingKeys.filter((key) => !(key in fileSettings(stack)));
    assert.throws(
      () => settingsOf(fileSettings(stack), stack),
      (error: Error) => {
        const named = error.message
          .split('\n')
          .slice(1)
          .map((line) => line.trim().split(': ')[0] ?? '');
        return (
          named.every((key) => (missing as string[]).includes(key)) &&
          secretKeys.every((key) => named.includes(key))
        );
      },
    );
  }
});

function given(change: Record<string, string | undefined>): Record<string, string> {
  const all = Object.entries({ ...whole, ...change });
  return Object.fromEntries(all.filter((entry): entry is [string, string] => entry[1] !== undefined));
}
