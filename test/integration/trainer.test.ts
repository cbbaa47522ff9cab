import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import path from 'node:path';
import { test } from 'node:test';
import { fleetbed, readSummary, scratch } from '#test/fleetbed.ts';

/** The trainer dies just after it was asked: long before a release can be there. */
const scenario = `
name: trainer
seed: 7
fleet: { interval: 2s, readingsPerMessage: 10, qos: 1, speedup: 60, start: warm }
stages: [{ for: 36s, cars: 60 }]
edges: { count: 2 }
training: { at: [10s], history: { since: start }, detector: autoencoder }
timeline:
  - { at: 10.4s, kill: trainer }
thresholds: { delivery.lost: "== 0" }
`;

test(
  'a trainer that is killed in the middle of a training makes the release all the same, once',
  { timeout: 240_000 },
  async () => {
    await using folder = await scratch();
    const out = path.join(folder.dir, 'out');
    const ended = await fleetbed(['run', await folder.file('trainer.yaml', scenario), '--out', out]);
    assert.equal(ended.code, 0, ended.stdout + ended.stderr);
    const log = await readFile(path.join(out, 'logs', 'trainer.log'), 'utf8');
    const story = `${ended.stdout}${log}`;

    const { faults, releases, training } = await readSummary(out);
    assert.deepEqual(
      faults.map(({ kind, target }) => `${kind} ${target}`),
      ['kill trainer'],
    );
    assert.deepEqual(
      releases.map(({ counter, edges }) => ({ counter, edges })),
      [{ counter: 1, edges: 2 }],
      story,
    );
    assert.ok((releases[0]?.convergedSeconds ?? -1) >= 0, story);
    assert.deepEqual(training, { refused: [], releaseRefusals: {} });
    assert.equal(log.split('"msg":"asked to train"').length - 1, 2, story);
    assert.equal(log.split('"msg":"released"').length - 1, 1, story);
  },
);
