import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import test, { after } from 'node:test';
import * as fc from 'fast-check';
import { z } from 'zod';
import {
  byteSize,
  configHelp,
  duration,
  hostPort,
  hostPorts,
  loadConfig,
  port,
  secret,
} from '#runtime/config.ts';
import { UserError } from '#runtime/errors.ts';

const schema = z.object({
  run: z.string(),
  listen: z.object({ host: z.string().default('127.0.0.1'), port: port.describe('Port for cars.') }),
  outbox: z.object({
    maxBytes: byteSize.default(64 * 1024 ** 2).describe('Most bytes on disk.'),
    linger: duration.default(20),
  }),
  edges: z.array(hostPort).default([]),
  qos: z.union([z.literal(0), z.literal(1)]).default(1),
  level: z.enum(['info', 'warn']).default('info'),
  keepOpen: z.boolean().default(true),
  stages: z.array(z.object({ for: duration, cars: z.int() })).default([]),
  profiles: z.record(z.string(), z.number()).default({ petrol: 1 }),
  fleetSecret: secret.optional().describe('Secret of the fleet.'),
  tls: z.object({ cert: z.string(), key: z.string() }).optional(),
});
const required = ['--run', 'r1', '--listen-port', '1883'];
const folder = mkdtempSync(join(tmpdir(), 'fleetbed-config-'));
after(() => rmSync(folder, { recursive: true }));

function load(argv: string[], env: NodeJS.ProcessEnv = {}): z.output<typeof schema> {
  return loadConfig(schema, { argv, env, component: 'edge' });
}

function file(text: string): string {
  const name = join(folder, 'edge.yaml');
  writeFileSync(name, text);
  return name;
}

/** The lines of what it complains of. */
function complaints(argv: string[], env: NodeJS.ProcessEnv = {}): string[] {
  try {
    load(argv, env);
  } catch (error) {
    assert.ok(error instanceof UserError);
    assert.equal(error.exitCode, 104);
    const [head, ...lines] = error.message.split('\n');
    assert.equal(head, 'invalid configuration of edge:');
    return lines.map((line) => line.trim().replace(`${folder}/`, ''));
  }
  return assert.fail('it was accepted');
}

test('flags win over the environment, that over the file, that over defaults', () => {
  const config = file(
    'run: from-file\nlisten: {host: from-file, port: 1}\noutbox: {linger: 1s}\nlevel: warn\n',
  );
  const env = { FLEETBED_RUN: 'from-env', FLEETBED_LISTEN_HOST: 'from-env', FLEETBED_CONFIG: config };
  const loaded = load(['--run', 'from-flag'], env);
  assert.equal(loaded.run, 'from-flag');
  assert.deepEqual(loaded.listen, { host: 'from-env', port: 1 });
  assert.equal(loaded.outbox.linger, 1000);
  assert.equal(loaded.outbox.maxBytes, 64 * 1024 ** 2);
});

test('every kind of setting can be given as text', () => {
  const loaded = load([
    ...required,
    '--edges=localhost:1883,[::1]:1884',
    '--qos=0',
    '--no-keep-open',
    '--stages',
    '[{"for": "2m", "cars": 5}]',
    '--profiles',
    '{"turbo": 0.4}',
    '--outbox-max-bytes',
    '1.5KiB',
    '--tls-cert',
    'c',
    '--tls-key',
    'k',
  ]);
  assert.deepEqual(loaded.edges, [
    { host: 'localhost', port: 1883 },
    { host: '::1', port: 1884 },
  ]);
  assert.equal(loaded.qos, 0);
  assert.equal(loaded.keepOpen, false);
  assert.deepEqual(loaded.stages, [{ for: 120_000, cars: 5 }]);
  assert.deepEqual(loaded.profiles, { turbo: 0.4 });
  assert.equal(loaded.outbox.maxBytes, 1536);
  assert.deepEqual(loaded.tls, { cert: 'c', key: 'k' });
});

test('a switch is said alone, with =, or with a word of its own', () => {
  for (const [words, expected] of [
    [['--keep-open'], true],
    [['--keep-open=false'], false],
    [['--keep-open', 'false'], false],
    [['--no-keep-open'], false],
    [['--keep-open', '--qos', '0'], true],
  ] as const) {
    assert.equal(load([...required, ...words]).keepOpen, expected, words.join(' '));
  }
  assert.equal(load(required, { FLEETBED_KEEP_OPEN: 'no' }).keepOpen, false);
});

test('an optional group that nobody gave is not there; given by half, the rest is missed', () => {
  assert.equal(load(required).tls, undefined);
  assert.deepEqual(complaints([...required, '--tls-cert', 'c']), [
    'tls.key is missing: give --tls-key, FLEETBED_TLS_KEY or tls.key in the --config file',
  ]);
});

test('all mistakes are told at once, each with where it was made and the nearest right word', () => {
  const config = file(
    [
      'run: r1',
      'outbox:',
      '  linger: 5 parsecs',
      '  maxBites: 3',
      'stages:',
      '  - {for: 3s, cars: 4}',
      '  - {for: 3s, cars: 4.5}',
      'listen: 1883',
    ].join('\n'),
  );
  assert.deepEqual(
    complaints(['--config', config, '--lisen-host', 'x', '--level', 'inf', 'stray'], {
      FLEETBED_QOS: '2',
    }).toSorted(),
    [
      'unexpected argument "stray": settings are given as --name value',
      '--lisen-host: no such setting; did you mean --listen-host?',
      '--level: expected one of info, warn, got "inf"; did you mean info?',
      'FLEETBED_QOS: expected 0 or 1, got 2',
      'edge.yaml:3: outbox.linger: expected a duration such as 250ms, 10s or 2m, got "5 parsecs"',
      'edge.yaml:4: outbox.maxBites: no such setting; did you mean maxBytes?',
      'edge.yaml:7: stages.1.cars: expected a whole number, got 4.5',
      'edge.yaml:8: listen: expected a group of settings, got 1883',
    ].toSorted(),
  );
});

test('a list in a flag names the item that is wrong', () => {
  assert.deepEqual(complaints([...required, '--edges', 'a:1,b']), [
    '--edges (1): expected host:port, such as localhost:9092, got "b"',
  ]);
});

test('a flag without its value is said; a negative number is a value', () => {
  assert.deepEqual(complaints([...required, '--level', '--qos', '1']), ['--level: a value is missing']);
  assert.deepEqual(complaints([...required, '--qos', '-1']), ['--qos: expected 0 or 1, got -1']);
});

test('a file that is missing, broken or no group is said', () => {
  assert.deepEqual(complaints([...required, '--config', '/nowhere.yaml']), [
    '--config: /nowhere.yaml does not exist',
  ]);
  assert.match(complaints([...required, '--config', file('a: b: c\n')])[0] ?? '', /^edge\.yaml:1: /);
  assert.deepEqual(complaints([...required, '--config', file('- a\n')]), [
    'edge.yaml:1: expected a group of settings',
  ]);
  assert.equal(load([...required, '--config', file('# nothing but a comment\n')]).run, 'r1');
});

test('names of the environment that are not ours are left alone', () => {
  assert.equal(load(required, { FLEETBED_SERVICE_HOST: '10.0.0.1', FLEETBED_OTHER: 'x' }).run, 'r1');
});

test('a secret is shown nowhere: not in complaints, not in help', () => {
  const given = [
    complaints([...required, '--fleet-secret', 'hunter2']),
    complaints(required, { FLEETBED_FLEET_SECRET: 'hunter2' }),
    complaints([...required, '--config', file('fleetSecret: hunter2\n')]),
    complaints([...required, '--config', file('fleetSecret: {hunter2: [hunter2]}\n')]),
    complaints([...required, '--config', file('fleetSecret: "hunter2\nrun: r1\n')]),
    complaints([...required, '--config', file('run: a: fleetSecret: hunter2\n')]),
  ];
  for (const lines of given) assert.doesNotMatch(lines.join('\n'), /hunter2/);
  const withDefault = z.object({ fleetSecret: secret.default('hunter2-hunter2').describe('S.') });
  assert.doesNotMatch(configHelp(withDefault, { usage: 'u', summary: 's' }), /hunter2/);
});

test('help shows flag, variable, default and description of every setting', () => {
  const help = configHelp(schema, { usage: 'fleetbed edge [settings]', summary: 'Takes cars.' });
  for (const text of [
    'Takes cars.',
    'Usage: fleetbed edge [settings]',
    '--outbox-max-bytes SIZE\n      Most bytes on disk.\n      FLEETBED_OUTBOX_MAX_BYTES · default 64MiB\n',
    '--outbox-linger DURATION\n      FLEETBED_OUTBOX_LINGER · default 20ms\n',
    '--listen-port PORT\n      Port for cars.\n      FLEETBED_LISTEN_PORT · required\n',
    '--keep-open, --no-keep-open\n',
    '--qos 0|1\n',
    '--edges HOST:PORT,…\n',
    '--stages JSON\n',
    '--fleet-secret SECRET\n      Secret of the fleet.\n      FLEETBED_FLEET_SECRET\n',
    '--listen-host is listen: {host: …}',
  ]) {
    assert.ok(help.includes(text), `${text}\nis not in\n${help}`);
  }
});

test('two settings that would share a flag are found', () => {
  const twice = z.object({ aB: z.string(), a: z.object({ b: z.string() }) });
  assert.throws(() => configHelp(twice, { usage: '', summary: '' }), /share one flag/);
});

test('durations and sizes', () => {
  const durations = {
    '250ms': 250,
    '10s': 10_000,
    '2m': 120_000,
    '1.5h': 5_400_000,
    '7d': 604_800_000,
    '3': 3,
  };
  for (const [text, ms] of Object.entries(durations)) assert.equal(duration.parse(text), ms, text);
  assert.equal(duration.parse(40), 40);
  const sizes = { '64MiB': 67_108_864, '1GiB': 1_073_741_824, '500KB': 500_000, '12': 12, '12B': 12 };
  for (const [text, bytes] of Object.entries(sizes)) assert.equal(byteSize.parse(text), bytes, text);
  for (const text of ['', 's', '-1s', '1e3s', '10 sec', 'NaN', '1s2', true, null, -5, 1e300]) {
    assert.equal(duration.safeParse(text).success, false, String(text));
  }
  for (const text of ['', 'KB', '-1KB', '1kb', '1Mi', '9e99GiB']) {
    assert.equal(byteSize.safeParse(text).success, false, text);
  }
});

test('host and port', () => {
  for (const text of ['localhost', ':1', 'a:0', 'a:70000', 'a:b', '::1:80', '[::1]', 'a b:1', 'http://a:1']) {
    assert.equal(hostPort.safeParse(text).success, false, text);
    assert.equal(hostPorts.safeParse(text).success, false, text);
  }
  for (const text of ['a:1+', 'a:1+0', 'a:1+70000', 'a:1+b', 'a:1+ 2', 'a:1+2+', '+1']) {
    assert.equal(hostPorts.safeParse(text).success, false, text);
  }
  assert.deepEqual(hostPorts.parse('[::1]:1883'), { host: '::1', ports: [1883] });
  assert.deepEqual(hostPorts.parse('edge:1883+1884+1'), { host: 'edge', ports: [1883, 1884, 1] });
});

test('any command line and any file end in a configuration or in words', () => {
  const word = fc.oneof(
    fc.string(),
    fc.constantFrom(
      '--run',
      '--tls-cert',
      '--stages',
      '--profiles',
      '--no-keep-open',
      '--outbox',
      '--',
      '__proto__',
    ),
  );
  const content = fc.oneof(
    fc.string(),
    fc.json(),
    fc.constantFrom('__proto__: {x: 1}', 'tls:', 'a: &a [*a]', '? {a: b}\n: c'),
  );
  fc.assert(
    fc.property(fc.array(word, { maxLength: 6 }), content, (argv, text) => {
      try {
        load(['--config', file(text), ...argv]);
      } catch (error) {
        assert.ok(error instanceof UserError, String(error));
      }
      assert.equal(Reflect.get({}, 'x'), undefined, 'no prototype was touched');
    }),
    { numRuns: 400 },
  );
});
