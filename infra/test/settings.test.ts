import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { secretKeys, SettingsError, settingKeys, settingsOf } from '../config/settings.ts';
import { stackOf } from '../config/stack.ts';
import { fileSettings, settingsFor, stackNames } from './stacks.ts';

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
    [{ 'fleetbed:bridges': '1', 'fleetbed:cars': '1000000' }, /fleetbed:bridges: .* need at least 6, got 1/],
    [{ 'fleetbed:kafkaImage': undefined }, /fleetbed:kafkaImage: needed where fleetbed:kafka is strimzi/],
    [{ 'fleetbed:kafka': 'managed' }, /fleetbed:kafkaImage: only where fleetbed:kafka is strimzi/],
    [{ 'fleetbed:brokers': '2' }, /fleetbed:brokers: /],
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
    edges: fc.integer({ min: 1, max: 10_000 }),
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
        assert.match(String(error), /need at least \d+, got \d+/);
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
