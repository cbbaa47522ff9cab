import assert from 'node:assert/strict';
import { test } from 'node:test';
import { bridgeConfig } from '#bridge/config.ts';
import { edgeConfig } from '#edge-agent/config.ts';
import { planRun } from '#testbed/run/plan.ts';
import { checkScenario } from '#testbed/scenario/load.ts';
import { Source } from '#testbed/scenario/source.ts';
import { usualLimits } from '#testbed/sizing.ts';

const text = `
name: at-a-broker
stages: [{ for: 20s, cars: 10 }]
edges: { count: 3 }
bridges: { count: 2 }
timeline: [{ at: 1s, for: 1s, cut: edge-1/bridge }]
`;

test('at a broker bridges share out the edges, and a link lies between its edge and the broker', async () => {
  const scenario = await checkScenario(new Source('test', text), { kafkaGiven: false, set: [] });
  let port = 10_000;
  const { bridges, edges, proxies } = await planRun({
    run: 'r1',
    scenario,
    workDir: '/work',
    kafka: { brokers: ['127.0.0.1:9092'] },
    brokersOf: () => ['127.0.0.1:9092'],
    mqtt: {
      target: { host: 'broker', port: 1883, username: 'me', password: 'pw' },
      topicPrefix: 'fleetbed/r1/',
    },
    pickPort: () => Promise.resolve(port++),
    limits: usualLimits,
    keys: undefined,
  });
  const common = { health: {}, log: {} };
  const duties = bridges.map(
    ({ config }) => bridgeConfig.parse({ ...common, downlink: {}, transaction: {}, ...config }).mqtt,
  );
  assert.deepEqual(
    duties.map((mqtt) => [mqtt?.owns, mqtt?.standsBy]),
    [
      [['edge-1', 'edge-3'], ['edge-2']],
      [['edge-2'], ['edge-1', 'edge-3']],
    ],
  );
  assert.deepEqual(duties[0]?.broker, { host: 'broker', port: 1883 });
  const uplinks = edges.map(({ config }) => edgeConfig.parse({ ...common, ...config }).uplink);
  for (const uplink of uplinks) {
    assert.equal(uplink.through, 'broker');
    assert.deepEqual([uplink.username, uplink.password], ['me', 'pw']);
    assert.equal(uplink.topicPrefix, duties[0]?.topicPrefix);
  }
  assert.deepEqual(uplinks[1]?.bridges, [{ host: 'broker', port: 1883 }]);
  const cut = proxies.filter(({ link }) => link.from === 'edge-1');
  assert.deepEqual(
    uplinks[0]?.bridges,
    cut.map(({ listen }) => listen),
  );
  for (const { target } of cut) assert.equal(target.host, 'broker');
});
