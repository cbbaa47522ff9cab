import assert from 'node:assert/strict';
import { test } from 'node:test';
import { bridgeConfig, type BridgeConfig } from '#bridge/config.ts';
import { loadConfig } from '#runtime/config.ts';

const load = (flags: Record<string, string>): BridgeConfig =>
  loadConfig(bridgeConfig, {
    argv: Object.entries({ run: 'r1', 'kafka-brokers': 'k:9092', ...flags }).flatMap(([flag, value]) => [
      `--${flag}`,
      value,
    ]),
    env: {},
    component: 'bridge',
  });

const secret = { 'edge-secret': 'a secret of edges' };
const mqtt = { 'mqtt-broker': 'broker:1883', 'mqtt-owns': 'edge-1,edge-2' };

test('a bridge listens for edges, or has them at a broker', () => {
  assert.equal(load(secret).mqtt, undefined);
  assert.equal(load({ ...secret, 'listen-port': '0' }).listen?.port, 0);
  const { listen, mqtt: at } = load({ ...mqtt, 'mqtt-stands-by': 'edge-3' });
  assert.equal(listen, undefined);
  assert.deepEqual(at?.broker, { host: 'broker', port: 1883 });
  assert.deepEqual([at?.owns, at?.standsBy], [['edge-1', 'edge-2'], ['edge-3']]);
});

const wrong: [string, Record<string, string>, RegExp][] = [
  [
    'both',
    { ...mqtt, 'listen-port': '0' },
    /listen: edges come through mqtt\.broker: leave this out, or leave mqtt out/,
  ],
  ['a door without a secret', {}, /edgeSecret is missing: give --edge-secret, FLEETBED_EDGE_SECRET/],
  ['no edge', { 'mqtt-broker': 'broker:1883' }, /mqtt\.owns is missing: give --mqtt-owns/],
  [
    'an edge twice',
    { ...mqtt, 'mqtt-stands-by': 'edge-2' },
    /edge-2 is in mqtt\.owns as well: expected in one of both/,
  ],
  ['a name that is none', { ...mqtt, 'mqtt-owns': 'edge/1' }, /expected letters, digits, - and _/],
  ['a wildcard in the prefix', { ...mqtt, 'mqtt-topic-prefix': 'a/#' }, /expected no \+ and no #/],
];

for (const [what, flags, message] of wrong) {
  test(`refused: ${what}`, () => {
    assert.throws(() => load(flags), message);
  });
}
