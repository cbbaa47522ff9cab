import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import path from 'node:path';
import { test } from 'node:test';
import { fleetbed, readSummary, scratch } from '#test/fleetbed.ts';

/** Two bridges, each of which goes its own way of being no use to its edges. */
const scenario = `
name: two-bridges
seed: 11
fleet: { interval: 1s, readingsPerMessage: 10, qos: 1, speedup: 10 }
stages: [{ for: 26s, cars: 60 }]
edges: { count: 2 }
bridges: { count: 2 }
timeline:
  # Alive, and without Kafka: its edge goes to bridge-2 in the middle of the cut.
  - { at: 2s, for: 9s, cut: bridge-1/kafka }
  # Both edges have it now, and hold on to it: it is back before they would give it up.
  - { at: 13s, for: 3s, pause: bridge-2 }
  - { at: 18s, kill: bridge-2, restart: never }
  # Whoever is left is all there is.
  - { at: 22s, for: 1s, cut: edge-1/bridge }
thresholds: { delivery.lost: "== 0", delivery.duplicated: "== 0", delivery.reordered: "== 0" }
`;

test(
  'edges go from bridge to bridge, whatever becomes of these: every message is in Kafka, once and in order',
  { timeout: 240_000 },
  async () => {
    await using folder = await scratch();
    const out = path.join(folder.dir, 'out');
    const ended = await fleetbed(['run', await folder.file('bridges.yaml', scenario), '--out', out]);
    const logOf = (part: string): Promise<string> => readFile(path.join(out, 'logs', `${part}.log`), 'utf8');
    const linesWith = async (part: string, text: string): Promise<number> =>
      (await logOf(part)).split('\n').filter((line) => line.includes(text)).length;
    assert.equal(ended.code, 0, ended.stdout + ended.stderr + (await logOf('bridge-1')));
    assert.match(ended.stdout, /2 edge agents, 2 bridges/);

    const { delivery, faults, resources, fleet } = await readSummary(out);
    const { sent, stored, lost, duplicated, reordered, unconfirmed, deadLettered } = delivery;
    assert.ok(sent > 1000, `only ${sent} messages were sent`);
    assert.deepEqual(
      { stored, lost, duplicated, reordered, unconfirmed, deadLettered },
      { stored: sent, lost: 0, duplicated: 0, reordered: 0, unconfirmed: 0, deadLettered: 0 },
    );
    assert.deepEqual(
      faults.map(({ kind, target }) => `${kind} ${target}`),
      ['cut bridge-1/kafka', 'pause bridge-2', 'kill bridge-2', 'cut edge-1/bridge'],
    );
    assert.equal(fleet.bridges, 2);
    for (const name of ['bridge-1', 'bridge-2']) assert.ok((resources.byProcess[name]?.cpuSeconds ?? 0) > 0);

    const sentAway = '"msg":"Kafka takes no frames: its edges are sent to other bridges"';
    assert.equal(await linesWith('bridge-1', sentAway), 1);
    assert.equal(await linesWith('bridge-2', sentAway), 0);
    // edge-1: bridge-1, bridge-2, bridge-1, and once more behind the cut. edge-2: bridge-2, bridge-1.
    assert.ok((await linesWith('edge-1', 'uplink is connected')) >= 4);
    assert.ok((await linesWith('edge-2', 'uplink is connected')) >= 2);
  },
);
