import assert from 'node:assert/strict';
import { test } from 'node:test';
import { UserError } from '#runtime/errors.ts';
import { readArguments } from '#testbed/cli/arguments.ts';
import { overrideOptions, overridesFrom } from '#testbed/cli/overrides.ts';

const accepted = {
  command: 'walk',
  options: { ...overrideOptions, kafka: 'flag' },
  positionals: { most: 1, what: 'one scenario' },
} as const;

function refused(argv: string[]): string {
  try {
    overridesFrom(readArguments(argv, accepted));
  } catch (error) {
    assert.ok(error instanceof UserError);
    assert.equal(error.exitCode, 104);
    return error.message;
  }
  throw new Error('it was taken');
}

test('options come before, behind and between words, with = or without', () => {
  const given = readArguments(['--cars', '5', 'a.yaml', '--set=x=1', '--set', 'y=a=b', '--kafka'], accepted);
  assert.deepEqual(given.positionals, ['a.yaml']);
  assert.equal(given.value('cars'), '5');
  assert.deepEqual(given.values('set'), ['x=1', 'y=a=b']);
  assert.ok(given.has('kafka'));
  assert.deepEqual(overridesFrom(given), { cars: 5, set: ['x=1', 'y=a=b'] });
  assert.deepEqual(readArguments(['--', '--cars'], accepted).positionals, ['--cars']);
});

test('what is wrong is told with the nearest right option', () => {
  assert.match(refused(['--casr', '3']), /^fleetbed walk: there is no option --casr; did you mean --cars\?/);
  assert.match(refused(['-x']), /there is no option -x/);
  assert.match(refused(['--__proto__']), /there is no option --__proto__/);
  assert.match(refused(['--cars']), /--cars needs a value/);
  assert.match(refused(['--cars', '--kafka']), /--cars needs a value/);
  assert.match(refused(['--cars', '1', '--cars', '2']), /--cars is given twice/);
  assert.match(refused(['--kafka=yes']), /--kafka takes no value/);
  assert.match(refused(['a.yaml', 'b.yaml']), /expected one scenario, got a.yaml b.yaml/);
});

test('an option that may have a value takes the next word only if it looks like one', () => {
  const optional = { ...accepted, options: { kafka: /^\S+:\d+$/ } };
  const kafkaOf = (...argv: string[]) => {
    const given = readArguments(argv, optional);
    return [given.has('kafka'), given.value('kafka'), given.positionals];
  };
  assert.deepEqual(kafkaOf('a.yaml'), [false, undefined, ['a.yaml']]);
  assert.deepEqual(kafkaOf('--kafka', 'a.yaml'), [true, undefined, ['a.yaml']]);
  assert.deepEqual(kafkaOf('--kafka'), [true, undefined, []]);
  assert.deepEqual(kafkaOf('--kafka', 'b:9092', 'a.yaml'), [true, 'b:9092', ['a.yaml']]);
  assert.deepEqual(kafkaOf('--kafka=anything'), [true, 'anything', []]);
  const twice = ['--kafka', 'b:1', '--kafka', 'b:2'];
  assert.throws(() => readArguments(twice, optional), /--kafka is given twice/);
});

test('values are checked', () => {
  assert.match(refused(['--cars', '0']), /^--cars: expected a whole number from 1 to 1000000, got 0$/);
  assert.match(refused(['--cars', '1e3']), /--cars: expected a whole number/);
  assert.match(refused(['--seed', '-1']), /--seed: expected a whole number/);
  assert.match(
    refused(['--duration', '90']),
    /^--duration: expected a duration .*got 90 \(did you mean 90s\?\)$/,
  );
  assert.match(refused(['--duration', '0s']), /--duration: expected more than no time/);
});
