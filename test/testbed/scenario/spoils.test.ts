import assert from 'node:assert/strict';
import { test } from 'node:test';
import { simulatorConfig } from '#simulator/config.ts';
import { isSpoil } from '#testbed/scenario/scenario.ts';
import { spoiledCars, spoilsOf } from '#testbed/scenario/spoils.ts';
import { load, said } from './reading.ts';

const scenario = (entries: readonly string[], head = 'cars: 200\nduration: 60s\n'): string =>
  `name: spoilt\n${head}timeline:\n${entries.map((entry) => `  - { ${entry} }\n`).join('')}`;

const all = [
  'at: 1s, for: 5s, duplicate: 20, every: 3',
  'at: 2s, for: 5s, reorder: 1%, every: 2',
  'at: 3s, for: 5s, corrupt: 50%',
  'at: 4s, for: 5s, oversize: 200, every: 11',
  'at: 5s, for: 5s, wrong-schema: 1, every: 1',
  'at: 6s, for: 5s, skew: 12.5%, by: -1.5m',
  'at: 7s, for: 5s, slow-consumer: 0.1%',
];

test('every word has its cars counted, its units converted and its defaults', async () => {
  const { timeline } = await load(scenario(all));
  const spoil = { forMs: 5000, every: 1, byMs: 0, share: undefined };
  assert.deepEqual(timeline, [
    { ...spoil, action: 'duplicate', atMs: 1000, cars: 20, every: 3, line: 5 },
    { ...spoil, action: 'reorder', atMs: 2000, cars: 2, share: 0.01, every: 2, line: 6 },
    { ...spoil, action: 'corrupt', atMs: 3000, cars: 100, share: 0.5, every: 10, line: 7 },
    { ...spoil, action: 'oversize', atMs: 4000, cars: 200, every: 11, line: 8 },
    { ...spoil, action: 'wrong-schema', atMs: 5000, cars: 1, line: 9 },
    { ...spoil, action: 'skew', atMs: 6000, cars: 25, share: 0.125, byMs: -90_000, line: 10 },
    { ...spoil, action: 'slow-consumer', atMs: 7000, cars: 1, share: 0.001, line: 11 },
  ]);
});

test('in words: which cars, and which of their messages', async () => {
  const { timeline } = await load(scenario([...all, 'at: 20s, for: 1s, skew: 2, by: +30s']));
  assert.deepEqual(timeline.filter(isSpoil).map(spoiledCars), [
    '20 cars (every 3rd message)',
    '2 cars (every 2nd message)',
    '100 cars (every 10th message)',
    '200 cars (every 11th message)',
    '1 car (every message)',
    '25 cars (clock 90s behind)',
    '1 car',
    '2 cars (clock 30s ahead)',
  ]);
});

test('a simulator takes what it is configured with', async () => {
  const spoils = spoilsOf(await load(scenario([...all, 'at: 12s, fail: coolant-loss, cars: 1'])));
  const read = simulatorConfig.shape.spoils.parse(spoils);
  assert.deepEqual(
    read.map(({ kind, at, for: forMs, cars, every, by }) => [kind, at, forMs, cars, every, by]),
    [
      ['duplicate', 1000, 5000, 20, 3, 0],
      ['reorder', 2000, 5000, 2, 2, 0],
      ['corrupt', 3000, 5000, 100, 10, 0],
      ['oversize', 4000, 5000, 200, 11, 0],
      ['wrong-schema', 5000, 5000, 1, 1, 0],
      ['skew', 6000, 5000, 25, 1, -90_000],
      ['slow-consumer', 7000, 5000, 1, 1, 0],
    ],
  );
});

const bad: [what: string, entries: string[], problem: RegExp][] = [
  ['a misspelt word', ['at: 1s, for: 9s, corupt: 20'], /got corupt \(did you mean corrupt\?\)$/],
  [
    'a word of two parts as one',
    ['at: 1s, for: 9s, wrongSchema: 20'],
    /got wrongSchema \(did you mean wrong-schema\?\)$/,
  ],
  ['without an end', ['at: 1s, corrupt: 20'], /^5:\d+: timeline\[0\].for: expected a duration .*missing$/],
  ['for no time', ['at: 1s, for: 0s, corrupt: 20'], /timeline\[0\].for: expected more than 0s, got "0s"$/],
  [
    'beyond the end',
    ['at: 50s, for: 20s, oversize: 20'],
    /timeline\[0\].for: expected an end by 1m, .*\(did you mean for: 10s\?\)$/,
  ],
  [
    'more cars than there are',
    ['at: 1s, for: 9s, duplicate: 201'],
    /^5:\d+: timeline\[0\].duplicate: expected at most 200 cars, got 201$/,
  ],
  [
    'a share without its sign',
    ['at: 1s, for: 9s, duplicate: 0.05'],
    /duplicate: expected a share of the cars such as 2%, or a number such as 20, got 0.05 \(did you mean 5%\?\)$/,
  ],
  ['no cars', ['at: 1s, for: 9s, duplicate: 0'], /duplicate: expected a share of the cars .*, got 0$/],
  ['no message', ['at: 1s, for: 9s, corrupt: 20, every: 0'], /timeline\[0\].every: expected .*1.*, got 0$/],
  [
    'every message after the next',
    ['at: 1s, for: 9s, reorder: 20, every: 1'],
    /timeline\[0\].every: expected 2 or more: a message needs a next one that overtakes it, got 1$/,
  ],
  [
    'a skew of nothing',
    ['at: 1s, for: 9s, skew: 20, by: 0s'],
    /by: expected a clock that is wrong.* got "0s"$/,
  ],
  [
    'a skew without unit',
    ['at: 1s, for: 9s, skew: 20, by: -5'],
    /timeline\[0\].by: expected a duration such as 5m or -5m, got -5 \(did you mean -5s\?\)$/,
  ],
  [
    'a skew in other words',
    ['at: 1s, for: 9s, skew: 20, by: "- 5 min"'],
    /got "- 5 min" \(did you mean -5m\?\)$/,
  ],
  [
    'a skew of ages',
    ['at: 1s, for: 9s, skew: 20, by: 366d'],
    /by: expected at most 365d either way, got "366d"$/,
  ],
  [
    'a skew by nobody knows',
    ['at: 1s, for: 9s, skew: 20'],
    /timeline\[0\].by: expected .* but it is missing$/,
  ],
  [
    'a field of another word',
    ['at: 1s, for: 9s, slow-consumer: 20, every: 3'],
    /timeline\[0\].every: expected one of at, for or slow-consumer, got every/,
  ],
  [
    'the same word twice at a time',
    ['at: 1s, for: 9s, corrupt: 20', 'at: 9s, for: 9s, corrupt: 3'],
    /^6:\d+: timeline\[1\].at: expected 10s or later, got 9s: another corrupt lasts until then$/,
  ],
  [
    'the same word inside a longer one',
    ['at: 1s, for: 30s, skew: 2, by: 1s', 'at: 2s, for: 1s, reorder: 2', 'at: 25s, for: 1s, skew: 2, by: 1s'],
    /^7:\d+: timeline\[2\].at: expected 31s or later/,
  ],
];

for (const [what, entries, problem] of bad) {
  test(`refused, with the place and a way out: ${what}`, async () => {
    const problems = await said(scenario(entries));
    assert.equal(problems.length, 1, problems.join('\n'));
    assert.match(problems[0] ?? '', problem);
  });
}

test('different words may hit the same cars at the same time, and one word again later', async () => {
  const together = all.map((entry) => entry.replace(/at: \d+s/, 'at: 1s'));
  assert.deepEqual(await said(scenario([...together, 'at: 6s, for: 1s, corrupt: 100%'])), []);
});

test('at QoS 0 nothing is acknowledged: a slow consumer is refused, the other words are not', async () => {
  const head = 'cars: 200\nduration: 60s\nfleet: { qos: 0 }\n';
  const [problem, ...more] = await said(scenario(all, head));
  assert.match(
    problem ?? '',
    /^12:\d+: timeline\[6\].slow-consumer: expected cars that send at QoS 1, got fleet.qos 0/,
  );
  assert.deepEqual(more, []);
});

test('a number of cars holds for a smaller fleet too: --cars may make it too large', async () => {
  const [problem] = await said(scenario([all[0] ?? '']), { cars: 10 });
  assert.match(problem ?? '', /duplicate: expected at most 10 cars, got 20/);
});
