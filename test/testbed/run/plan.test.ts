import assert from 'node:assert/strict';
import { test } from 'node:test';
import { password } from '#contract/identity.ts';
import { planRun, type ProcessPlan, type RunPlan } from '#testbed/run/plan.ts';
import { processNames } from '#testbed/scenario/processes.ts';
import type { Scenario } from '#testbed/scenario/scenario.ts';
import { usualLimits } from '#testbed/sizing.ts';

const scenario: Scenario = {
  name: 'small',
  description: undefined,
  seed: 7,
  fleet: {
    profiles: { petrol: 1 },
    intervalMs: 1000,
    readingsPerMessage: 10,
    qos: 1,
    speedup: 10,
    sendEveryMs: 20,
    start: 'mixed',
    usage: 'continuous',
    simStartMs: 0,
  },
  connect: { ratePerSecond: 1000, keepAliveMs: 300_000 },
  stages: [
    { forMs: 1000, cars: 100 },
    { forMs: 1000, cars: 40_000 },
  ],
  edges: { count: 3 },
  bridges: { count: 1 },
  training: undefined,
  timeline: [],
  thresholds: [],
};

async function plan(timeline: Scenario['timeline'] = [], more: Partial<Scenario> = {}): Promise<RunPlan> {
  let port = 10_000;
  return planRun({
    run: 'r1',
    scenario: { ...scenario, timeline, ...more },
    workDir: '/work',
    kafka: { brokers: ['127.0.0.1:9092'] },
    brokersOf: (bridge) => [`${bridge}:9093`],
    pickPort: () => Promise.resolve(port++),
    limits: usualLimits,
    keys: undefined,
  });
}

/** Where each edge looks for bridges, in its order. */
function uplinksOf({ edges }: RunPlan): string[][] {
  return edges.map((edge) => (edge.config['uplink'] as { bridges: string[] }).bridges);
}

function portsOf(part: ProcessPlan): number[] {
  const { port, morePorts = [] } = part.config['listen'] as { port: number; morePorts?: number[] };
  return [port, ...morePorts];
}

function addressOf(part: ProcessPlan): string {
  return `127.0.0.1:${portsOf(part)[0]}`;
}

test('no simulator holds more cars than a process has descriptors for', () => {
  const names = processNames(scenario);
  assert.deepEqual(names.simulators, ['simulator-1', 'simulator-2', 'simulator-3']);
  assert.deepEqual(names.edges, ['edge-1', 'edge-2', 'edge-3']);
});

test('links are direct unless the timeline cuts them', async () => {
  const direct = await plan();
  assert.deepEqual(direct.proxies, []);

  const link = { from: 'edge-2', to: 'bridge', name: 'edge-2/bridge' };
  const cut = await plan([{ action: 'cut', atMs: 0, forMs: 1, link, line: 1 }]);
  assert.deepEqual(
    cut.proxies.map((proxy) => proxy.link.name),
    ['edge-2/bridge'],
  );
  const bridges = cut.edges.map((edge) => (edge.config['uplink'] as { bridges: string[] }).bridges[0]);
  const bridgeAt = bridges[0];
  assert.equal(bridges[2], bridgeAt);
  assert.equal(bridges[1], `127.0.0.1:${cut.proxies[0]?.listen.port}`);
  assert.equal(`127.0.0.1:${cut.proxies[0]?.target.port}`, bridgeAt);
});

test('every word that names a link puts a proxy on it, one for all of them', async () => {
  const link = { from: 'edge-2', to: 'bridge', name: 'edge-2/bridge' };
  const cars = { from: 'cars', to: 'edge-3', name: 'cars/edge-3' };
  const place = { atMs: 0, line: 1 };
  const entries: Scenario['timeline'] = [
    { action: 'slow', ...place, forMs: 1, link, latencyMs: 1, jitterMs: 0 },
    { action: 'bandwidth', ...place, forMs: 1, link, bytesPerSecond: 1 },
    { action: 'reset', ...place, link },
    { action: 'flap', ...place, forMs: 1, link, downMs: 1, upMs: 1 },
    { action: 'storm', ...place, links: [link], target: 'edges/random' },
  ];
  for (const entry of entries) {
    const { proxies } = await plan([entry]);
    assert.deepEqual(
      proxies.map((proxy) => proxy.link),
      [link],
      entry.action,
    );
  }
  const all = await plan([...entries, { action: 'storm', ...place, links: [cars, link], target: 'edges/2' }]);
  assert.deepEqual(
    all.proxies.map((proxy) => proxy.link.name),
    ['edge-2/bridge', 'cars/edge-3'],
  );
  const pause = await plan([{ action: 'pause', ...place, forMs: 1, targets: ['edge-2'], target: 'edge-2' }]);
  assert.deepEqual(pause.proxies, []);
});

test('one bridge is called bridge, and nobody takes its edges', async () => {
  const { bridges } = await plan();
  assert.deepEqual(
    bridges.map(({ name }) => name),
    ['bridge'],
  );
  assert.equal(bridges[0]?.config['handOverAfter'], undefined);
});

test('edges know all bridges and spread over them; each bridge has its own way to Kafka', async () => {
  const planned = await plan([], { bridges: { count: 2 } });
  const { bridges } = planned;
  assert.deepEqual(
    bridges.map(({ name, config }) => [
      name,
      config['name'],
      (config['kafka'] as { brokers: string[] }).brokers,
    ]),
    [
      ['bridge-1', 'bridge-1', ['bridge-1:9093']],
      ['bridge-2', 'bridge-2', ['bridge-2:9093']],
    ],
  );
  assert.equal(bridges[0]?.config['edgeSecret'], bridges[1]?.config['edgeSecret']);
  const [first, second] = bridges.map(addressOf);
  assert.deepEqual(uplinksOf(planned), [
    [first, second],
    [second, first],
    [first, second],
  ]);
  for (const { config } of bridges) assert.equal(config['handOverAfter'], 5000);
});

test('the link to all bridges has a proxy for each, the link to one has one', async () => {
  const [one, two] = [1, 2].map((n) => ({ from: 'edge-2', to: `bridge-${n}`, name: `edge-2/bridge-${n}` }));
  assert.ok(one && two);
  const all = { from: 'edge-2', to: 'bridge', name: 'edge-2/bridge', of: [one, two] };
  const several = { bridges: { count: 2 } };
  const reset = { action: 'reset', atMs: 0, line: 1 } as const;

  const both = await plan([{ ...reset, link: all }], several);
  assert.deepEqual(
    both.proxies.map(({ link }) => link),
    [one, two],
  );
  assert.deepEqual(
    both.proxies.map(({ target }) => `127.0.0.1:${target.port}`),
    both.bridges.map(addressOf),
  );
  const [toFirst, toSecond] = both.proxies.map(({ listen }) => `127.0.0.1:${listen.port}`);
  assert.deepEqual(uplinksOf(both)[1], [toSecond, toFirst]);

  const single = await plan([{ ...reset, link: two }], several);
  assert.deepEqual(
    single.proxies.map(({ link }) => link),
    [two],
  );
  assert.deepEqual(uplinksOf(single)[1]?.slice(1), single.bridges.slice(0, 1).map(addressOf));
});

test('every port is given out once, and the simulators know the edges in their order', async () => {
  const { bridges, edges, simulators } = await plan([], { bridges: { count: 2 } });
  const listening = [...bridges, ...edges].flatMap((part) => portsOf(part));
  const ports = [...listening, ...[...bridges, ...edges, ...simulators].map((part) => part.healthPort)];
  assert.equal(new Set(ports).size, ports.length);
  const known = edges.map((edge) => `127.0.0.1:${portsOf(edge).join('+')}`);
  for (const simulator of simulators) assert.deepEqual(simulator.config['edges'], known);
});

test('an edge with more cars than find a local port to one of its own has several, unless there are proxies', async () => {
  const counts = async (...args: Parameters<typeof plan>): Promise<number[]> =>
    (await plan(...args)).edges.map((edge) => portsOf(edge).length);
  assert.deepEqual(await counts(), [2, 2, 2]);
  assert.deepEqual(await counts([], { stages: [{ forMs: 1000, cars: 100 }] }), [1, 1, 1]);
  const link = { from: 'cars', to: 'edge-3', name: 'cars/edge-3' };
  assert.deepEqual(await counts([{ action: 'reset', atMs: 0, link, line: 1 }]), [1, 1, 1]);
});

test('an edge is given its own password and never the secret that makes all of them', async () => {
  const { bridges, edges } = await plan();
  const secret = String(bridges[0]?.config['edgeSecret']);
  for (const edge of edges) {
    assert.equal((edge.config['uplink'] as { password: string }).password, password(secret, edge.name));
    assert.ok(!JSON.stringify(edge.config).includes(secret));
  }
});

test('what the scenario says of an edge’s outbox is the edge’s to know', async () => {
  const outbox = { whenFull: 'drop-oldest', maxBytes: 1e6, linger: 120 } as const;
  const { edges } = await plan([], { edges: { count: 2, outbox } });
  assert.deepEqual(
    edges.map(({ config }) => config['outbox']),
    [outbox, outbox],
  );
});

test('simulators send as often as the scenario says', async () => {
  const { simulators } = await plan();
  assert.ok(simulators.length > 1);
  for (const { config } of simulators) {
    assert.equal(config['sendEvery'], 20);
    assert.equal(config['keepAlive'], 300_000);
  }
});

test('how often an edge’s messages are committed to Kafka is the scenario’s to say', async () => {
  const transactions = async (bridges: Scenario['bridges']): Promise<unknown[]> =>
    (await plan([], { bridges })).bridges.map(({ config }) => config['transaction']);
  assert.deepEqual(await transactions({ count: 2, commitEvery: 400 }), [
    { interval: 400 },
    { interval: 400 },
  ]);
  assert.deepEqual(await transactions({ count: 1 }), [undefined]);
});
