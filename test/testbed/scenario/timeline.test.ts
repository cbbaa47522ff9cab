import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { TimelineEntry } from '#testbed/scenario/scenario.ts';
import { load, said } from './reading.ts';

const head = 'name: faults\ncars: 30000\nduration: 60s\nedges: { count: 20 }\n';
const faults = (...entries: string[]): string =>
  `${head}timeline:\n${entries.map((entry) => `  - { ${entry} }\n`).join('')}`;

async function timeline(...entries: string[]): Promise<TimelineEntry[]> {
  return (await load(faults(...entries))).timeline;
}

/** What a target stands for. */
function drawn(entry: TimelineEntry | undefined): string[] {
  if (entry && 'links' in entry) return entry.links.map(({ to }) => to);
  assert.ok(entry && 'targets' in entry);
  return entry.targets;
}

test('every word has its units converted and its defaults', async () => {
  const link = { from: 'edge-1', to: 'bridge', name: 'edge-1/bridge' };
  assert.deepEqual(
    await timeline(
      'at: 1s, for: 5s, slow: edge-1/bridge, latency: 200ms, jitter: 50ms',
      'at: 6s, for: 2s, slow: edge-1/bridge, latency: 1.5s',
      'at: 8s, for: 2s, bandwidth: edge-1/bridge, rate: 64KB/s',
      'at: 10s, reset: edge-1/bridge',
      'at: 11s, for: 20s, flap: edge-1/bridge, down: 500ms, up: 2s',
      'at: 31s, for: 5s, pause: kafka',
      'at: 36s, restart: bridge',
      'at: 41s, storm: edge-2',
      'at: 42s, kill: bridge, restart: never',
    ),
    [
      { action: 'slow', atMs: 1000, forMs: 5000, link, latencyMs: 200, jitterMs: 50, line: 6 },
      { action: 'slow', atMs: 6000, forMs: 2000, link, latencyMs: 1500, jitterMs: 0, line: 7 },
      { action: 'bandwidth', atMs: 8000, forMs: 2000, link, bytesPerSecond: 64_000, line: 8 },
      { action: 'reset', atMs: 10_000, link, line: 9 },
      { action: 'flap', atMs: 11_000, forMs: 20_000, link, downMs: 500, upMs: 2000, line: 10 },
      { action: 'pause', atMs: 31_000, forMs: 5000, target: 'kafka', targets: ['kafka'], line: 11 },
      { action: 'restart', atMs: 36_000, target: 'bridge', targets: ['bridge'], line: 12 },
      {
        action: 'storm',
        atMs: 41_000,
        target: 'edge-2',
        links: [{ from: 'cars', to: 'edge-2', name: 'cars/edge-2' }],
        line: 13,
      },
      { action: 'kill', atMs: 42_000, target: 'bridge', targets: ['bridge'], restart: 'never', line: 14 },
    ],
  );
});

test('bytes a second come in decimal and binary units', async () => {
  const rates = ['800B/s', '1.5KB/s', '2MB/s', '1KiB/s', '1 MiB/s'];
  const entries = await timeline(
    ...rates.map((rate, index) => `at: ${index}s, for: 1s, bandwidth: bridge/kafka, rate: ${rate}`),
  );
  assert.deepEqual(
    entries.map((entry) => 'bytesPerSecond' in entry && entry.bytesPerSecond),
    [800, 1500, 2_000_000, 1024, 1_048_576],
  );
});

test('targets: a share, a number, or one of the edges or simulators', async () => {
  const [number, one, share, simulators, simulator, storm] = await timeline(
    'at: 1s, kill: edges/4',
    'at: 9s, restart: edges/random',
    'at: 20s, for: 1s, pause: edges/10%',
    'at: 20s, for: 1s, pause: simulators/2',
    'at: 30s, kill: simulators/random',
    'at: 40s, storm: edges/3',
  );
  for (const [entry, count, name] of [
    [number, 4, /^edge-\d+$/],
    [one, 1, /^edge-\d+$/],
    [share, 2, /^edge-\d+$/],
    [simulators, 2, /^simulator-[12]$/],
    [simulator, 1, /^simulator-[12]$/],
    [storm, 3, /^edge-\d+$/],
  ] as const) {
    assert.equal(new Set(drawn(entry)).size, count, entry?.action);
    for (const target of drawn(entry)) assert.match(target, name);
  }
  const [all] = await timeline('at: 1s, kill: edges/20');
  assert.deepEqual(
    drawn(all),
    Array.from({ length: 20 }, (_, index) => `edge-${index + 1}`),
  );
});

test('what is drawn hangs on the seed and the place in the timeline, and on nothing else', async () => {
  const text = faults(...Array.from({ length: 10 }, (_, index) => `at: ${5 * index}s, kill: edges/random`));
  const draws = async (seed: number): Promise<string[]> =>
    (await load(text, { seed })).timeline.flatMap(drawn);
  const first = await draws(1);
  assert.deepEqual(await draws(1), first);
  assert.ok(new Set(first).size > 4, `another place, another choice: ${first.join()}`);
  assert.notDeepEqual(await draws(2), first);

  const later = (await load(text, { seed: 1, set: ['timeline[0].at=55s'] })).timeline.flatMap(drawn);
  assert.deepEqual(later.toSorted(), first.toSorted(), 'the time does not matter');
});

const bad: [what: string, entries: string[], problem: RegExp][] = [
  [
    'more edges than there are',
    ['at: 1s, kill: edges/21'],
    /^6:\d+: timeline\[0\].kill: expected 1 to 20 of the edges, got edges\/21 \(did you mean edges\/20\?\)$/,
  ],
  ['no edge at all', ['at: 1s, storm: edges/0'], /storm: expected 1 to 20 of the edges, got edges\/0$/],
  [
    'some of what there is not',
    ['at: 1s, for: 1s, pause: brokers/random'],
    /timeline\[0\].pause: expected a process \(bridge, .*\) or some of them \(edges\/10%, .*\).*, got brokers\/random/,
  ],
  [
    'a storm of no edge',
    ['at: 1s, storm: bridge'],
    /storm: expected an edge \(edge-1 … edge-20\) or some of them \(edges\/10%, edges\/2, edges\/random\), got bridge/,
  ],
  [
    'a storm by the name of its link',
    ['at: 1s, storm: cars/edge-2'],
    /got cars\/edge-2 \(did you mean edge-2\?\)$/,
  ],
  ['a process where a link is meant', ['at: 1s, reset: edge-1'], /reset: expected a link .*got edge-1/],
  [
    'a kill of the ledger',
    ['at: 1s, kill: ledger'],
    /^6:\d+: timeline\[0\].kill: expected a process: the ledger is part of the testbed, .* got ledger \(did you mean pause: ledger\?\)$/,
  ],
  ['a restart of the ledger', ['at: 1s, restart: ledger'], /the ledger .* can only be paused, got ledger/],
  [
    'a misspelt ledger',
    ['at: 1s, for: 1s, pause: leger'],
    /, or ledger, got leger \(did you mean ledger\?\)$/,
  ],
  [
    'a pause of the paused ledger',
    ['at: 1s, for: 9s, pause: ledger', 'at: 5s, for: 1s, pause: ledger'],
    /timeline\[1\].at: expected 10s or later, got 5s: ledger is still paused/,
  ],
  [
    'a pause without end',
    ['at: 1s, pause: edge-1'],
    /^6:\d+: timeline\[0\].for: expected a duration .*missing$/,
  ],
  [
    'a pause of no time',
    ['at: 1s, for: 0s, pause: edge-1'],
    /timeline\[0\].for: expected more than 0s, got "0s"$/,
  ],
  [
    'slow by nothing',
    ['at: 1s, for: 1s, slow: bridge/kafka'],
    /timeline\[0\].latency: expected a duration .*missing$/,
  ],
  [
    'more jitter than latency',
    ['at: 1s, for: 1s, slow: bridge/kafka, latency: 50ms, jitter: 80ms'],
    /timeline\[0\].jitter: expected at most the latency of 50ms, got 80ms$/,
  ],
  [
    'a rate without unit',
    ['at: 1s, for: 1s, bandwidth: bridge/kafka, rate: 64'],
    /timeline\[0\].rate: expected bytes a second such as 64KB\/s or 1MB\/s, got 64 \(did you mean 64KB\/s\?\)$/,
  ],
  [
    'a rate in small letters',
    ['at: 1s, for: 1s, bandwidth: bridge/kafka, rate: 1 mb'],
    /got "1 mb" \(did you mean 1MB\/s\?\)$/,
  ],
  [
    'a rate of nothing',
    ['at: 1s, for: 1s, bandwidth: bridge/kafka, rate: 0.1B/s'],
    /rate: expected at least 1B\/s, got "0.1B\/s"$/,
  ],
  [
    'a flap that is too fast',
    ['at: 1s, for: 9s, flap: bridge/kafka, down: 10ms, up: 1s'],
    /timeline\[0\].down: expected 100ms or more, got "10ms"$/,
  ],
  [
    'a flap that is a cut',
    ['at: 1s, for: 9s, flap: bridge/kafka, down: 9s, up: 1s'],
    /timeline\[0\].down: expected less than the 9s that it flaps for, got 9s: that is a cut$/,
  ],
  [
    'a flap beyond the end',
    ['at: 55s, for: 9s, flap: bridge/kafka, down: 1s, up: 1s'],
    /timeline\[0\].for: expected an end by 1m, .*\(did you mean for: 5s\?\)$/,
  ],
  [
    'a field of another word',
    ['at: 1s, for: 9s, restart: bridge'],
    /timeline\[0\].for: expected at or restart, got for/,
  ],
  [
    'two words in one entry',
    ['at: 1s, for: 9s, pause: bridge, restart: never'],
    /timeline\[0\]: expected one fault an entry, got pause and restart/,
  ],
  ['a misspelt word', ['at: 1s, for: 9s, puase: bridge'], /got puase \(did you mean pause\?\)$/],
  [
    'cuts that overlap',
    ['at: 9s, for: 5s, cut: cars/edge-2', 'at: 5s, for: 5s, cut: cars/edge-2'],
    /^6:11: timeline\[0\].at: expected 10s or later, got 9s: another cut of cars\/edge-2/,
  ],
  [
    'killing the dead',
    ['at: 9s, kill: edge-1, restart: never', 'at: 15s, kill: edge-1'],
    /^7:22: timeline\[1\].kill: expected a process that is up, got edge-1/,
  ],
  [
    'killing what restarts',
    ['at: 9s, kill: edge-1', 'at: 10s, kill: edge-1'],
    /^7:11: timeline\[1\].at: expected 11s or later, got 10s/,
  ],
  [
    'two faults of one link at a time',
    [
      'at: 1s, for: 9s, slow: bridge/kafka, latency: 1s',
      'at: 5s, for: 9s, bandwidth: bridge/kafka, rate: 1KB/s',
    ],
    /^7:\d+: timeline\[1\].at: expected 10s or later, got 5s: a slow of bridge\/kafka lasts until then$/,
  ],
  [
    'a storm on a link that is cut',
    ['at: 1s, for: 9s, cut: cars/edge-7', 'at: 5s, storm: edge-7'],
    /timeline\[1\].at: expected 10s or later, got 5s: a cut of cars\/edge-7 lasts until then$/,
  ],
  [
    'a kill of the paused',
    ['at: 1s, for: 9s, pause: edge-1', 'at: 5s, kill: edge-1'],
    /timeline\[1\].at: expected 10s or later, got 5s: edge-1 is still paused from the pause before$/,
  ],
  [
    'a pause of what restarts',
    ['at: 1s, restart: edge-1', 'at: 5s, for: 1s, pause: edges/20'],
    /timeline\[1\].at: expected 6s or later, got 5s: edge-1 is still on its way from the restart before$/,
  ],
  [
    'a restart of the dead',
    ['at: 1s, kill: edge-1, restart: never', 'at: 50s, restart: edge-1'],
    /timeline\[1\].restart: expected a process that is up, got edge-1: killed before, restart: never$/,
  ],
];

for (const [what, entries, problem] of bad) {
  test(`${what} is told with its place`, async () => {
    const problems = await said(faults(...entries));
    assert.equal(problems.length, 1, problems.join('\n'));
    assert.match(problems[0] ?? '', problem);
  });
}

test('a second mistake in the same entry is told too', async () => {
  const problems = await said(faults('at: 1s, for: 9s, slow: edge-21/bridge, latency: 3'));
  assert.deepEqual(
    problems.map((problem) => problem.split(': ')[1]),
    ['timeline[0].slow', 'timeline[0].latency'],
  );
});

test('the ledger may be paused, also where Kafka is given', async () => {
  const text = faults('at: 1s, for: 9s, pause: ledger');
  const [entry] = (await load(text, { kafkaGiven: true })).timeline;
  assert.deepEqual(entry, {
    action: 'pause',
    atMs: 1000,
    forMs: 9000,
    target: 'ledger',
    targets: ['ledger'],
    line: 6,
  });
});

test('one after the other is no overlap, and connections of a slow link may be reset', async () => {
  const entries = [
    'at: 1s, for: 9s, slow: cars/edge-1, latency: 1s',
    'at: 2s, reset: cars/edge-1',
    'at: 3s, storm: edge-1',
    'at: 3s, reset: cars/edge-1',
    'at: 10s, for: 2s, cut: cars/edge-1',
    'at: 1s, for: 9s, pause: edge-1',
    'at: 10s, restart: edge-1',
    'at: 15s, kill: edge-1',
    'at: 17s, kill: edge-1',
  ];
  assert.deepEqual(await said(faults(...entries)), []);
  const beside = faults('at: 1s, for: 9s, slow: cars/edge-1, latency: 1s', 'at: 2s, kill: edge-1');
  assert.deepEqual(await said(beside), [], 'a link and a process are two things');
});

test('a Kafka that is given may be broken by no word', async () => {
  const entries = [
    'at: 1s, for: 1s, pause: kafka',
    'at: 5s, restart: kafka',
    'at: 1s, for: 1s, slow: bridge/kafka, latency: 1s',
    'at: 5s, for: 1s, bandwidth: bridge/kafka, rate: 1KB/s',
    'at: 9s, reset: bridge/kafka',
    'at: 15s, for: 2s, flap: bridge/kafka, down: 1s, up: 1s',
  ];
  assert.deepEqual(await said(faults(...entries)), []);
  const problems = await said(faults(...entries), { kafkaGiven: true });
  assert.equal(problems.length, entries.length, problems.join('\n'));
  for (const problem of problems) assert.match(problem, /a Kafka that is given \(--kafka\) is not ours/);
});
