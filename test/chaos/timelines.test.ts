import assert from 'node:assert/strict';
import path from 'node:path';
import { describe, test } from 'node:test';
import { fleetbed, readSummary, scratch } from '#test/fleetbed.ts';
import { randomTimeline } from './random-timeline.ts';

/**
 * Whatever happens, in whatever order: what a car saw acknowledged is in Kafka, once and in order. A timeline that breaks
 * this is printed with its seed; FLEETBED_CHAOS_SEED=<seed> runs it again, and any other number a new one.
 */
const given = process.env['FLEETBED_CHAOS_SEED'];
/**
 * Every word of the timeline and every process comes up in one of them. A bridge that writes committed frames again is found
 * by the first, an edge that stores resends again by both.
 */
const seeds = given === undefined ? [3, 4] : [Number(given)];

const seconds = 12;
const starved = 107;

describe('whatever breaks, in whatever order', { concurrency: true }, () => {
  for (const seed of seeds) {
    test(
      `nothing acknowledged is lost, doubled or out of order (seed ${seed})`,
      { timeout: 180_000 },
      async () => {
        await using folder = await scratch();
        const { entries, endsSimulator } = randomTimeline(seed, seconds * 1000);
        const yaml = `
name: chaos-${seed}
seed: ${seed}
fleet: { interval: 1s, readingsPerMessage: 10, qos: 1, speedup: 10 }
stages: [{ for: ${seconds}s, cars: 120 }]
edges: { count: 2 }
bridges: { count: 2 }
timeline:
${entries.map((entry) => `  - ${entry}`).join('\n')}
`;
        const out = path.join(folder.dir, 'out');
        const ended = await fleetbed(['run', await folder.file('chaos.yaml', yaml), '--out', out]);
        const story = `FLEETBED_CHAOS_SEED=${seed}\n${yaml}\n${ended.stdout}${ended.stderr}`;
        // A machine that is too busy to send in time makes a run invalid; what was sent must arrive all the same.
        assert.ok(ended.code === 0 || ended.code === starved, `exit code ${ended.code}: ${story}`);

        const { delivery, faults, spoiled } = await readSummary(out);
        const { corrupt = 0, oversize = 0, 'wrong-schema': strange = 0 } = spoiled;
        const { sent, stored, lost, duplicated, reordered, deadLettered, unconfirmed } = delivery;
        assert.deepEqual({ lost, duplicated, reordered }, { lost: 0, duplicated: 0, reordered: 0 }, story);
        assert.equal(sent, stored + deadLettered + unconfirmed, story);
        // What a simulator had spoiled in its last moments dies with it.
        if (endsSimulator) assert.ok(deadLettered >= corrupt + strange - unconfirmed, story);
        else assert.deepEqual([deadLettered, unconfirmed], [corrupt + strange, oversize], story);
        assert.ok(stored > 100, `only ${stored} messages are in Kafka: ${story}`);
        assert.equal(faults.length, entries.length, story);
      },
    );
  }
});

test('a seed stands for one timeline', () => {
  assert.deepEqual(randomTimeline(5, 12_000), randomTimeline(5, 12_000));
  assert.notDeepEqual(randomTimeline(5, 12_000).entries, randomTimeline(6, 12_000).entries);
});
