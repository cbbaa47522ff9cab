import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { test } from 'node:test';
import { fleetOf, simulatorConfig } from '#simulator/config.ts';
import { repository } from '#test/fleetbed.ts';
import { scenarioJsonSchema } from '#testbed/scenario/file.ts';
import { failuresOf } from '#testbed/scenario/fleet.ts';
import { loadScenario } from '#testbed/scenario/load.ts';
import { messageIntervalMs, type Scenario } from '#testbed/scenario/scenario.ts';
import { load } from './reading.ts';

const quickstart = path.join(repository, 'scenarios/quickstart.yaml');

test('quickstart is what the README says of it', async () => {
  const scenario = await loadScenario(quickstart, { set: [], kafkaGiven: false });
  assert.deepEqual(scenario.stages, [{ forMs: 120_000, cars: 500 }]);
  assert.equal(scenario.fleet.qos, 1);
  assert.equal(scenario.edges.count, 2);
  assert.equal(messageIntervalMs(scenario), 1000);
  assert.partialDeepStrictEqual(scenario.training, { history: { lastMs: null } });
  const [cut] = scenario.timeline;
  assert.deepEqual(cut?.action === 'cut' && cut.link, {
    from: 'edge-1',
    to: 'bridge',
    name: 'edge-1/bridge',
  });
  assert.deepEqual(
    scenario.timeline.map(({ action }) => action),
    ['cut', 'fail', 'fail', 'fail', 'cut', 'kill'],
  );
  const kill = scenario.timeline.at(-1);
  assert.partialDeepStrictEqual(kill, { targets: ['bridge'], restart: 'always' });
  const text = readFileSync(quickstart, 'utf8').split('\n');
  assert.match(text[(kill?.line ?? 0) - 1] ?? '', /kill: bridge/);
  assert.partialDeepStrictEqual(scenario.thresholds[0], { metric: 'delivery.lost', op: '==', value: 0 });
});

test('the scenarios of size send as many messages a second as they say, for as long', async () => {
  const shipped = async (name: string): Promise<[number, number, number]> => {
    const file = path.join(repository, `scenarios/${name}.yaml`);
    const scenario = await loadScenario(file, { set: [], kafkaGiven: false });
    const last = scenario.stages.at(-1);
    const cars = last?.cars ?? 0;
    return [cars, (cars * 1000) / messageIntervalMs(scenario), last?.forMs ?? 0];
  };
  assert.deepEqual(await shipped('ten-thousand'), [10_000, 1000, 60_000]);
  assert.deepEqual(await shipped('hundred-thousand'), [100_000, 10_000, 120_000]);
  assert.deepEqual(await shipped('soak'), [10_000, 1000, 1_800_000]);
});

test('what a scenario leaves out is what the simulator itself would take', async () => {
  const scenario = await load('name: small\ncars: 10\nduration: 1.5m\n');
  assert.deepEqual(scenario, {
    name: 'small',
    description: undefined,
    seed: 1,
    fleet: {
      profiles: { petrol: 0.5, turbo: 0.25, diesel: 0.15, hybrid: 0.1 },
      intervalMs: 1000,
      readingsPerMessage: 10,
      qos: 1,
      speedup: 1,
      sendEveryMs: 5,
      start: 'mixed',
      usage: 'continuous',
      simStartMs: Date.parse('2026-01-05T08:00:00Z'),
    },
    connect: { ratePerSecond: 1000, keepAliveMs: 60_000 },
    stages: [{ forMs: 90_000, cars: 10 }],
    edges: { count: 1, spread: 'even' },
    simulators: { count: 1 },
    bridges: { count: 1 },
    training: undefined,
    timeline: [],
    thresholds: [],
  });
});

test('units are converted', async () => {
  const scenario = await load(`
name: units
fleet: { interval: 500ms, speedup: 2.5, simStart: 2026-05-04T06:00:00+02:00, profiles: { turbo: 1 } }
connect: { rate: 300/m, keepAlive: 5m }
stages: [{ for: 2m, cars: 5 }, { for: 0.5h, cars: 50 }]
thresholds: { delivery.stored: '>=1e3', resources.byProcess.edge-1.rssPeakBytes: '< 500000000' }
`);
  assert.equal(scenario.fleet.intervalMs, 500);
  assert.equal(scenario.fleet.simStartMs, Date.parse('2026-05-04T04:00:00Z'));
  assert.deepEqual(scenario.connect, { ratePerSecond: 5, keepAliveMs: 300_000 });
  assert.equal(messageIntervalMs(scenario), 2000);
  assert.deepEqual(scenario.stages, [
    { forMs: 120_000, cars: 5 },
    { forMs: 1_800_000, cars: 50 },
  ]);
  assert.deepEqual(scenario.thresholds[0], {
    metric: 'delivery.stored',
    op: '>=',
    value: 1000,
    condition: '>=1e3',
  });
});

test('the timeline comes in the order of time, and a share of the edges is the same for the same seed', async () => {
  const text = `
name: shares
cars: 100
duration: 60s
edges: { count: 20 }
timeline:
  - { at: 30s, kill: edges/10%, restart: never }
  - { at: 10s, kill: simulator-1 }
`;
  const first = await load(text);
  assert.deepEqual(
    first.timeline.map(({ atMs }) => atMs),
    [10_000, 30_000],
  );
  const targetsOf = (scenario: Scenario): string[] =>
    scenario.timeline.flatMap((entry) =>
      entry.action === 'kill' && entry.target === 'edges/10%' ? entry.targets : [],
    );
  assert.equal(targetsOf(first).length, 2);
  assert.deepEqual(targetsOf(await load(text)), targetsOf(first));
  const seeds = await Promise.all(
    [2, 3, 4, 5].map(async (seed) => targetsOf(await load(text, { seed })).join()),
  );
  assert.ok(new Set(seeds).size > 1, 'another seed, another choice');
});

test('failures: a share is of the largest stage, and what is left out is what the simulator itself would take', async () => {
  const text = `
name: failing
stages: [{ for: 30s, cars: 100 }, { for: 30s, cars: 1000 }, { for: 30s, cars: 10 }]
fleet: { speedup: 10 }
timeline:
  - { at: 80s, fail: coolant-loss, cars: 2.5%, severity: 0.9, over: 20m }
  - { at: 10s, fail: sensor-stuck, cars: 3, sensor: massAirFlow }
  - { at: 40s, fail: coolant-loss, cars: 0.001% }
`;
  const scenario = await load(text);
  assert.deepEqual(scenario.timeline, [
    {
      ...{ action: 'fail', atMs: 10_000, failure: 'sensor-stuck', cars: 3, share: undefined, severity: 0.7 },
      ...{ overMs: 600_000, sensor: 'massAirFlow', line: 7 },
    },
    {
      ...{ action: 'fail', atMs: 40_000, failure: 'coolant-loss', cars: 1, share: 0.00001, severity: 0.7 },
      ...{ overMs: 600_000, sensor: 'coolantTemperature', line: 8 },
    },
    // It ends after the schedule.
    {
      ...{ action: 'fail', atMs: 80_000, failure: 'coolant-loss', cars: 25, share: 0.025, severity: 0.9 },
      ...{ overMs: 1_200_000, sensor: 'coolantTemperature', line: 6 },
    },
  ]);
  const scaled = await load(text, { cars: 4000 });
  assert.deepEqual(
    scaled.timeline.map((entry) => entry.action === 'fail' && entry.cars),
    [3, 1, 100],
  );
  const needed = {
    health: {},
    log: {},
    run: 'r1',
    cars: 1000,
    edges: ['edge:1883'],
    fleetSecret: 'long enough',
  };
  const fleet = fleetOf(simulatorConfig.parse({ ...needed, failures: failuresOf(scenario) }));
  assert.deepEqual(
    fleet.failures,
    scenario.timeline.map((entry) => {
      assert(entry.action === 'fail');
      const { failure, atMs, cars, severity, overMs, sensor } = entry;
      return { failure, atMs, cars, severity, overMs, sensor };
    }),
  );
});

test('trainings come in the order of time, with what they leave out', async () => {
  const head = 'name: trained\ncars: 4\nduration: 60s\n';
  const short = await load(`${head}training: { at: [40s, 20s] }\nrollout: { groups: [100%] }\n`);
  assert.deepEqual(short.training, {
    atMs: [20_000, 40_000],
    history: { lastMs: null },
    detector: 'virtual-sensors',
    falseAlarmsPerVehicleDay: 8,
  });
  const long = await load(
    `${head}training: { at: [20s], history: { since: 15s }, detector: autoencoder, falseAlarmsPerVehicleDay: 0.5 }\n`,
  );
  assert.deepEqual(long.training, {
    atMs: [20_000],
    history: { lastMs: 15_000 },
    detector: 'autoencoder',
    falseAlarmsPerVehicleDay: 0.5,
  });
});

test('--cars, --duration and --seed change the scenario, --set any field', async () => {
  const scenario = await loadScenario(quickstart, {
    cars: 1000,
    durationMs: 110_000,
    seed: 7,
    set: ['edges.count=3', 'timeline[5].restart=never', 'thresholds.delivery.stored=> 5', 'description='],
    kafkaGiven: false,
  });
  assert.deepEqual(scenario.stages, [{ forMs: 110_000, cars: 1000 }]);
  assert.equal(scenario.seed, 7);
  assert.equal(scenario.edges.count, 3);
  assert.equal(scenario.description, undefined);
  assert.partialDeepStrictEqual(scenario.timeline[5], { restart: 'never' });
  assert.partialDeepStrictEqual(
    scenario.thresholds.find(({ metric }) => metric === 'delivery.stored'),
    { op: '>', value: 5 },
  );
});

test('--set replaces whole parts, appends to lists, and makes groups that are missing', async () => {
  const scenario = await load('name: bare\ncars: 4\nduration: 20s\n', {
    set: ['fleet.qos=0', 'timeline=[{at: 5s, kill: bridge}]', 'timeline[1]={at: 9s, kill: bridge}'],
  });
  assert.equal(scenario.fleet.qos, 0);
  assert.equal(scenario.timeline.length, 2);
});

test('every scenario that ships is valid, and quickstart for 300 to 1,000 cars', async () => {
  for (const cars of [300, 500, 1000]) await loadScenario(quickstart, { cars, set: [], kafkaGiven: true });
});

test('the JSON Schema that ships is the one drawn from the code', () => {
  const shipped: unknown = JSON.parse(
    readFileSync(path.join(repository, 'scenarios/scenario.schema.json'), 'utf8'),
  );
  assert.deepEqual(
    shipped,
    scenarioJsonSchema(),
    'draw it again: see scenarioJsonSchema in testbed/scenario/file.ts',
  );
});
