import assert from 'node:assert/strict';
import { test } from 'node:test';
import { load, said } from './reading.ts';

const head = 'name: disks\ncars: 100\nduration: 60s\nedges: { count: 20 }\n';
const faults = (...entries: string[]): string =>
  `${head}timeline:\n${entries.map((entry) => `  - { ${entry} }\n`).join('')}`;

test('disks of edges may be full: of one, of a share, of a number, of one at random', async () => {
  const { timeline } = await load(
    faults(
      'at: 1s, for: 2s, disk-full: edge-3',
      'at: 10s, for: 1.5s, disk-full: edges/10%',
      'at: 20s, for: 2s, disk-full: edges/3',
      'at: 30s, for: 2s, disk-full: edges/random',
    ),
  );
  const [one] = timeline;
  assert.deepEqual(one, {
    action: 'disk-full',
    atMs: 1000,
    forMs: 2000,
    target: 'edge-3',
    disks: ['edge-3'],
    line: 6,
  });
  assert.deepEqual(
    timeline.map((entry) => 'disks' in entry && new Set(entry.disks).size),
    [1, 2, 3, 1],
  );
});

test('a process may be killed, paused and restarted while its disk is full, and its links break', async () => {
  const entries = [
    'at: 1s, for: 30s, disk-full: edge-1',
    'at: 2s, kill: edge-1',
    'at: 5s, for: 1s, pause: edge-1',
    'at: 7s, restart: edge-1',
    'at: 13s, for: 2s, cut: edge-1/bridge',
    'at: 13s, storm: edge-1',
    'at: 31s, for: 5s, disk-full: edges/20',
  ];
  assert.deepEqual(await said(faults(...entries)), []);
});

const bad: [what: string, entries: string[], problem: RegExp][] = [
  [
    'the disk of what is no edge',
    ['at: 1s, for: 1s, disk-full: bridge'],
    /^6:\d+: timeline\[0\].disk-full: expected an edge \(edge-1 … edge-20\) or some of them \(.*\), got bridge$/,
  ],
  [
    'a disk that is full for good',
    ['at: 1s, disk-full: edge-1'],
    /timeline\[0\].for: expected a duration .*missing$/,
  ],
  [
    'a disk that is full already',
    ['at: 1s, for: 9s, disk-full: edge-1', 'at: 5s, for: 9s, disk-full: edges/20'],
    /timeline\[1\].at: expected 10s or later, got 5s: the disk of edge-1 is full until then$/,
  ],
  [
    'the disk of an edge that is down',
    ['at: 1s, kill: edge-1', 'at: 2s, for: 9s, disk-full: edge-1'],
    /timeline\[1\].at: expected 3s or later, got 2s: edge-1 is still down from the kill before$/,
  ],
  [
    'the disk of an edge that stays down',
    ['at: 1s, kill: edge-1, restart: never', 'at: 9s, for: 9s, disk-full: edge-1'],
    /timeline\[1\].disk-full: expected a process that is up, got edge-1: killed before/,
  ],
  ['a misspelt word', ['at: 1s, for: 9s, diskfull: edge-1'], /got diskfull \(did you mean disk-full\?\)$/],
];

for (const [what, entries, problem] of bad) {
  test(`${what} is told with its place`, async () => {
    const problems = await said(faults(...entries));
    assert.equal(problems.length, 1, problems.join('\n'));
    assert.match(problems[0] ?? '', problem);
  });
}
