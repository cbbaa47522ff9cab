import assert from 'node:assert/strict';
import { test } from 'node:test';
import { configHelp, loadConfig } from '#runtime/config.ts';
import { UserError } from '#runtime/errors.ts';
import { fleetOf, simulatorConfig } from '#simulator/config.ts';

const needed = [
  '--run',
  'r1',
  '--cars',
  '10',
  '--edges',
  '127.0.0.1:1883,127.0.0.1:1884',
  '--fleet-secret',
  'long enough',
];
const load = (...flags: string[]) =>
  loadConfig(simulatorConfig, { argv: [...needed, ...flags], env: {}, component: 'simulate' });

test('run, cars, edges and the secret are enough', () => {
  const config = load();
  assert.deepEqual(fleetOf(config).stages, [{ forMs: 60_000, cars: 10 }]);
  assert.deepEqual(config.edges[1], { host: '127.0.0.1', ports: [1884] });
  assert.equal(fleetOf(config).intervalMs, 1000);
});

test('the fleet comes from flags as from a file', () => {
  const fleet = fleetOf(
    load(
      ...['--fleet-interval', '250ms', '--fleet-profiles', '{"diesel":1}', '--fleet-speedup', '20'],
      ...[
        '--fleet-sim-start',
        '2026-07-01T12:00:00Z',
        '--stages',
        '[{"for":"10s","cars":5},{"for":"1m","cars":10}]',
      ],
    ),
  );
  assert.equal(fleet.intervalMs, 250);
  assert.equal(fleet.speedup, 20);
  assert.deepEqual(fleet.profiles, { diesel: 1 });
  assert.equal(fleet.simStartMs, Date.UTC(2026, 6, 1, 12));
  assert.deepEqual(fleet.stages, [
    { forMs: 10_000, cars: 5 },
    { forMs: 60_000, cars: 10 },
  ]);
});

test('failures say what they need, and the rest has its default', () => {
  const flags =
    '[{"failure":"coolant-loss","at":"50s","cars":2},{"failure":"sensor-stuck","at":"1s","cars":1,"sensor":"lambda","severity":1,"over":"1m"}]';
  assert.deepEqual(fleetOf(load('--failures', flags)).failures, [
    {
      failure: 'coolant-loss',
      atMs: 50_000,
      cars: 2,
      severity: 0.7,
      overMs: 600_000,
      sensor: 'coolantTemperature',
    },
    { failure: 'sensor-stuck', atMs: 1000, cars: 1, severity: 1, overMs: 60_000, sensor: 'lambda' },
  ]);
  assert.deepEqual(fleetOf(load()).failures, []);
});

test('spoils say what they need, and the rest has its default', () => {
  const flags =
    '[{"kind":"corrupt","at":"5s","for":"1m","cars":2},{"kind":"skew","at":0,"for":1000,"cars":1,"every":1,"by":-300000}]';
  assert.deepEqual(fleetOf(load('--spoils', flags)).spoils, [
    { kind: 'corrupt', atMs: 5000, forMs: 60_000, cars: 2, every: 10, byMs: 0 },
    { kind: 'skew', atMs: 0, forMs: 1000, cars: 1, every: 1, byMs: -300_000 },
  ]);
  assert.deepEqual(fleetOf(load()).spoils, []);
});

for (const [flags, expected] of [
  [['--spoils', '[{"kind":"corupt","at":"1s","for":"1s","cars":1}]'], /spoils/],
  [['--spoils', '[{"kind":"corrupt","at":"1s","for":"0s","cars":1}]'], /more than 0s/],
  [['--spoils', '[{"kind":"corrupt","at":"1s","for":"1s","cars":1,"every":0}]'], /every/],
  [
    ['--spoils', '[{"kind":"skew","at":"1s","for":"1s","cars":1}]'],
    /expected how many ms the clocks are ahead/,
  ],
  [['--spoils', '[{"kind":"skew","at":"1s","for":"1s","cars":1,"by":0.5}]'], /by/],
  [['--failures', '[{"failure":"coolant-lost","at":"1s","cars":1}]'], /did you mean coolant-loss/],
  [['--failures', '[{"failure":"coolant-loss","at":"1s","cars":0}]'], /cars/],
  [['--failures', '[{"failure":"coolant-loss","at":"1s","cars":1,"severity":0}]'], /severity/],
  [['--failures', '[{"failure":"coolant-loss","at":"1s","cars":1,"over":"0s"}]'], /more than 0s/],
  [
    ['--fleet-profiles', '{"petrol":1}', '--failures', '[{"failure":"boost-leak","at":"1s","cars":1}]'],
    /expected a failure that a car of the fleet can have: petrol cars lack a charger/,
  ],
  [['--fleet-profiles', '{"petrl":1}'], /no such profile.*did you mean petrol/],
  [['--process-index', '2', '--process-count', '2'], /less than process.count/],
  [['--stages', '[{"for":"10s","cars":11}]'], /at most cars \(10\)/],
  [['--fleet-sim-start', 'yesterday'], /expected a date/],
  [['--fleet-qos', '2'], /--fleet-qos/],
  [['--in-flight-limit', '33'], /--in-flight-limit/],
] as const) {
  test(`${flags.join(' ')} is refused in words`, () => {
    assert.throws(
      () => load(...flags),
      (error) => error instanceof UserError && error.kind === 'config' && expected.test(error.message),
    );
  });
}

test('help names every setting', () => {
  const help = configHelp(simulatorConfig, { usage: 'fleetbed simulate', summary: '' });
  for (const flag of [
    '--pending-limit',
    '--fleet-readings-per-message',
    '--connect-rate',
    '--tls-ca',
    '--spoils',
  ])
    assert.match(help, new RegExp(flag));
});
