import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import path from 'node:path';
import { test } from 'node:test';
import { fleetbed, readSummary, scratch } from '#test/fleetbed.ts';
import type { Summary } from '#testbed/verdict/summary.ts';

const scenario = (qos: number, more: string): string => `
name: spoils
seed: 11
fleet: { profiles: { petrol: 1 }, interval: 1s, readingsPerMessage: 10, qos: ${qos}, speedup: 40 }
stages: [{ for: 10s, cars: 200 }]
edges: { count: 2 }
timeline:
  - { at: 1s, for: 8s, duplicate: 20%, every: 3 }
  - { at: 1s, for: 8s, reorder: 20%, every: 3 }
  - { at: 1s, for: 8s, corrupt: 20%, every: 4 }
  - { at: 1s, for: 8s, oversize: 5%, every: 7 }
  - { at: 1s, for: 8s, wrong-schema: 20%, every: 4 }
  - { at: 1s, for: 8s, skew: 20%, by: -5m }
${more}
thresholds: { delivery.lost: "== 0", delivery.duplicated: "== 0", delivery.reordered: "== 0", spoiled.corrupt: "> 50" }
`;

/** What is missing, doubled or refused is what was spoiled, message by message. */
function assertAllExplained({ delivery, spoiled, problems, faults }: Summary): void {
  const { corrupt = 0, oversize = 0, reorder = 0, 'wrong-schema': foreign = 0 } = spoiled;
  for (const [kind, number] of Object.entries({ corrupt, oversize, reorder, foreign }))
    assert.ok(number > 20, `only ${number} ${kind}`);
  const { lost, duplicated, reordered, unconfirmed, deadLettered, evicted } = delivery;
  assert.deepEqual(
    { lost, duplicated, reordered, unconfirmed, deadLettered, evicted },
    {
      lost: 0,
      duplicated: 0,
      reordered: 0,
      unconfirmed: oversize,
      deadLettered: corrupt + foreign,
      evicted: 0,
    },
  );
  assert.equal(delivery.sent, delivery.stored + deadLettered + unconfirmed);
  assert.deepEqual(
    problems.filter(({ kind }) => kind === 'presumedDeadLettered'),
    [],
    'a dead letter was not known by its bytes',
  );
  assert.ok(faults.every(({ endedAt, target }) => endedAt !== null && /^\d+ cars/.test(target)));
}

test(
  'whatever cars are made to send: what is refused is known message by message, and nothing else is lost, doubled or out of order',
  { timeout: 180_000 },
  async () => {
    await using folder = await scratch();
    const more = '  - { at: 1s, for: 8s, slow-consumer: 10% }\n';
    const file = await folder.file('spoils.yaml', scenario(1, more));
    const out = path.join(folder.dir, 'out');
    const ended = await fleetbed(['run', file, '--out', out]);
    assert.equal(ended.code, 0, ended.stdout + ended.stderr);
    const summary = await readSummary(out);
    assertAllExplained(summary);
    assert.deepEqual(summary.faults.map(({ kind }) => kind).toSorted(), [
      'corrupt',
      'duplicate',
      'oversize',
      'reorder',
      'skew',
      'slow-consumer',
      'wrong-schema',
    ]);
    assert.match(ended.stdout.replaceAll(/\s+/g, ' '), /Spoiled on purpose: .*\d+ corrupt, \d+ oversize/);
    assert.match(await readFile(path.join(out, 'report.html'), 'utf8'), /40 cars \(clock 5m behind\)/);
  },
);

test('so it is at QoS 0, where nothing is acknowledged', { timeout: 180_000 }, async () => {
  await using folder = await scratch();
  const file = await folder.file('spoils.yaml', scenario(0, ''));
  const out = path.join(folder.dir, 'out');
  const ended = await fleetbed(['run', file, '--out', out]);
  assert.equal(ended.code, 0, ended.stdout + ended.stderr);
  assertAllExplained(await readSummary(out));
});
