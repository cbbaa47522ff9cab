import assert from 'node:assert/strict';
import { test } from 'node:test';
import { processNames } from '#testbed/scenario/processes.ts';
import { linksOf, type TimelineEntry } from '#testbed/scenario/scenario.ts';
import { load, said } from './reading.ts';

/** Several bridges in a scenario: their names, targets and links. */

const faults = (count: number, ...entries: string[]): string =>
  `name: bridges\ncars: 100\nduration: 60s\nedges: { count: 2 }\nbridges: { count: ${count} }\n` +
  `timeline:\n${entries.map((entry) => `  - { ${entry} }\n`).join('')}`;

async function timeline(count: number, ...entries: string[]): Promise<TimelineEntry[]> {
  return (await load(faults(count, ...entries))).timeline;
}

async function targets(count: number, target: string): Promise<string[]> {
  const [entry] = await timeline(count, `at: 1s, kill: ${target}`);
  assert.ok(entry && 'targets' in entry);
  return entry.targets;
}

/** The links that a cut acts on. */
async function links(count: number, target: string): Promise<string[]> {
  const [entry] = await timeline(count, `at: 1s, for: 1s, cut: ${target}`);
  assert.ok(entry && 'link' in entry);
  assert.equal(entry.link.name, target);
  return linksOf(entry).map(({ name }) => name);
}

test('there is one bridge unless the scenario says how many', async () => {
  const plain = await load('name: one\ncars: 1\nduration: 1s\n');
  assert.deepEqual(processNames(plain).bridges, ['bridge']);
  assert.deepEqual(processNames(await load(faults(1))).bridges, ['bridge']);
  assert.deepEqual(processNames(await load(faults(3))).bridges, ['bridge-1', 'bridge-2', 'bridge-3']);
});

test('a bridge is a target by its name, bridge stands for all, and some can be drawn', async () => {
  const all = ['bridge-1', 'bridge-2', 'bridge-3', 'bridge-4'];
  assert.deepEqual(await targets(4, 'bridge-2'), ['bridge-2']);
  assert.deepEqual(await targets(4, 'bridge'), all);
  assert.deepEqual(await targets(4, 'bridges/100%'), all);
  for (const [target, count] of [
    ['bridges/random', 1],
    ['bridges/2', 2],
    ['bridges/50%', 2],
  ] as const) {
    const drawn = await targets(4, target);
    assert.equal(new Set(drawn).size, count, target);
    assert.ok(
      drawn.every((name) => all.includes(name)),
      drawn.join(),
    );
  }
  assert.deepEqual(await targets(1, 'bridge'), ['bridge']);
  assert.deepEqual(await targets(1, 'bridges/random'), ['bridge']);
});

test('a link to the bridge is one to each of them; one alone has a name of its own', async () => {
  assert.deepEqual(await links(2, 'edge-1/bridge'), ['edge-1/bridge-1', 'edge-1/bridge-2']);
  assert.deepEqual(await links(2, 'edge-1/bridge-2'), ['edge-1/bridge-2']);
  assert.deepEqual(await links(2, 'bridge/kafka'), ['bridge-1/kafka', 'bridge-2/kafka']);
  assert.deepEqual(await links(2, 'bridge-1/kafka'), ['bridge-1/kafka']);
  assert.deepEqual(await links(2, 'cars/edge-2'), ['cars/edge-2']);
  assert.deepEqual(await links(1, 'edge-1/bridge'), ['edge-1/bridge']);
  assert.deepEqual(await links(1, 'bridge/kafka'), ['bridge/kafka']);
});

const bad: [what: string, count: number, entries: string[], problem: RegExp][] = [
  ['no bridge', 0, [], /^5:\d+: bridges.count: expected .*1.*, got 0/],
  [
    'one of several where there is one',
    1,
    ['at: 1s, kill: bridge-1'],
    /kill: expected a process \(bridge, kafka, .*got bridge-1 \(did you mean bridge\?\)$/,
  ],
  [
    'a bridge too many',
    2,
    ['at: 1s, kill: bridge-3'],
    /kill: expected a process \(bridge-1, bridge-2, kafka, .*bridges\/…\), got bridge-3 \(did you mean bridge-[12]\?\)$/,
  ],
  [
    'more bridges than there are',
    2,
    ['at: 1s, restart: bridges/3'],
    /restart: expected 1 to 2 of the bridges, got bridges\/3 \(did you mean bridges\/2\?\)$/,
  ],
  [
    'a link of a bridge where there is one',
    1,
    ['at: 1s, for: 1s, cut: edge-1/bridge-1'],
    /cut: expected a link .*or bridge\/kafka\), edges .*got edge-1\/bridge-1 \(did you mean edge-1\/bridge\?\)$/,
  ],
  [
    'a link of a bridge that there is not',
    2,
    ['at: 1s, reset: bridge-3/kafka'],
    /reset: expected a link .*; or one bridge's alone: edge-1\/bridge-1, bridge-1\/kafka\).*got bridge-3\/kafka \(did you mean bridge-[12]\/kafka\?\)$/,
  ],
  [
    'a link the wrong way round',
    2,
    ['at: 1s, reset: bridge-2/edge-1'],
    /got bridge-2\/edge-1 \(did you mean edge-1\/bridge-2\?\)$/,
  ],
  [
    'a cut of all while one is cut',
    2,
    ['at: 1s, for: 9s, cut: edge-1/bridge-2', 'at: 5s, for: 1s, cut: edge-1/bridge'],
    /timeline\[1\].at: expected 10s or later, got 5s: another cut of edge-1\/bridge-2 lasts until then$/,
  ],
  [
    'one cut while all are slow',
    2,
    ['at: 1s, for: 9s, slow: bridge/kafka, latency: 1s', 'at: 5s, for: 1s, cut: bridge-1/kafka'],
    /timeline\[1\].at: expected 10s or later, got 5s: a slow of bridge-1\/kafka lasts until then$/,
  ],
  [
    'all of what is taken for different times, told once by the longest',
    2,
    [
      'at: 1s, for: 9s, cut: edge-1/bridge-1',
      'at: 2s, for: 18s, cut: edge-1/bridge-2',
      'at: 5s, reset: edge-1/bridge',
    ],
    /timeline\[2\].at: expected 20s or later, got 5s: a cut of edge-1\/bridge-2 lasts until then$/,
  ],
  [
    'a kill of all while one is paused',
    2,
    ['at: 1s, for: 9s, pause: bridge-2', 'at: 5s, kill: bridge'],
    /timeline\[1\].at: expected 10s or later, got 5s: bridge-2 is still paused from the pause before$/,
  ],
];

for (const [what, count, entries, problem] of bad) {
  test(`${what} is told with its place`, async () => {
    const problems = await said(faults(count, ...entries));
    assert.equal(problems.length, 1, problems.join('\n'));
    assert.match(problems[0] ?? '', problem);
  });
}

test('links of two bridges can be broken at once', async () => {
  const entries = [
    'at: 1s, for: 9s, cut: edge-1/bridge-1',
    'at: 5s, for: 9s, cut: edge-1/bridge-2',
    'at: 5s, for: 9s, cut: edge-2/bridge',
    'at: 5s, for: 9s, cut: bridge-2/kafka',
    'at: 5s, kill: bridge-1',
  ];
  assert.deepEqual(await said(faults(2, ...entries)), []);
});

test('on a Kafka that is given no bridge may be cut off from it', async () => {
  for (const target of ['bridge/kafka', 'bridge-2/kafka']) {
    const [problem] = await said(faults(2, `at: 1s, for: 1s, cut: ${target}`), { kafkaGiven: true });
    assert.match(problem ?? '', /a Kafka that is given \(--kafka\) is not ours to break/);
  }
});
