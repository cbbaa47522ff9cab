import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { stringify } from 'yaml';
import { ScenarioError } from '#testbed/scenario/problems.ts';
import { loadScenario } from '#testbed/scenario/load.ts';
import { said } from './reading.ts';

const head = 'name: bad\nstages: [{ for: 60s, cars: 100 }]\nedges: { count: 2 }\n';
const fault = (entry: string): string => `${head}timeline:\n  - ${entry}\n`;

const cases: [what: string, text: string, problem: RegExp][] = [
  [
    'a wrong field',
    `${head}seeed: 3\n`,
    /^4:1: seeed: expected one of name, .*got seeed \(did you mean seed\?\)$/,
  ],
  [
    'a wrong field inside',
    `${head}fleet: { readingPerMessage: 3 }\n`,
    /^4:10: .*did you mean readingsPerMessage\?/,
  ],
  ['a field of later work', `${head}infra: { on: aws }\n`, /^4:1: infra: expected one of name/],
  [
    'a rollout of later work',
    `${head}rollout: { groups: [10%, 100%] }\n`,
    /^4:12: rollout.groups: expected \[100%\]: all edges at once \(.* not built yet\), got a list$/,
  ],
  [
    'a training without a time',
    `${head}training: {}\n`,
    /^4:1\d?: training.at: expected a list, but it is missing$/,
  ],
  [
    'a training at no time',
    `${head}training: { at: [] }\n`,
    /^4:\d+: training.at: expected at least 1 item, got an empty list$/,
  ],
  [
    'a training after the end',
    `${head}training: { at: [20s, 60s] }\n`,
    /^4:23: training.at\[1\]: expected a time before 1m, the end of the stages, got 1m$/,
  ],
  [
    'a detector that is not there',
    `${head}training: { at: [9s], detector: autoencodr }\n`,
    /^4:33: training.detector: expected one of .*\(did you mean autoencoder\?\)$/,
  ],
  [
    'a history from nowhere',
    `${head}training: { at: [9s], history: { since: now } }\n`,
    /^4:41: training.history.since: expected start, or how far back such as 60s, got "now"$/,
  ],
  [
    'no false alarms at all',
    `${head}training: { at: [9s], falseAlarmsPerVehicleDay: 0 }\n`,
    /falseAlarmsPerVehicleDay: expected a number of more than 0, got 0$/,
  ],
  ['a missing name', 'cars: 1\nduration: 3s\n', /^1:1: name: expected text, but it is missing$/],
  [
    'a missing unit',
    `${head}fleet: { interval: 1 }\n`,
    /^4:20: fleet.interval: .*got 1 \(did you mean 1s\?\)$/,
  ],
  ['a wrong unit', `${head}fleet: { interval: 2 sec }\n`, /got "2 sec" \(did you mean 2s\?\)$/],
  [
    'a rate without unit',
    `${head}connect: { rate: 500 }\n`,
    /^4:18: connect.rate: .*\(did you mean 500\/s\?\)$/,
  ],
  [
    'a wrong word',
    `${head}fleet: { start: worm }\n`,
    /fleet.start: expected one of mixed, parked, warm, got "worm" \(did you mean warm\?\)$/,
  ],
  ['a wrong number', `${head}fleet: { qos: 2 }\n`, /^4:15: fleet.qos: expected 0 or 1, got 2$/],
  [
    'an unknown profile',
    `${head}fleet: { profiles: { turbbo: 1 } }\n`,
    /^4:22: fleet.profiles.turbbo: .*did you mean turbo\?/,
  ],
  [
    'shares that do not add up',
    `${head}fleet: { profiles: { petrol: 0.6, turbo: 0.6 } }\n`,
    /add up to 1, got 1.2 \(did you mean \{petrol: 0.5, turbo: 0.5\}\?\)/,
  ],
  [
    'messages too fast',
    `${head}fleet: { speedup: 2000 }\n`,
    /fleet.speedup: expected a message of a car every 10ms or less often .* got every 5ms/,
  ],
  [
    'messages sent too seldom',
    `${head}fleet: { sendEvery: 2s }\n`,
    /fleet.sendEvery: expected 1ms to 1s, got 2000ms/,
  ],
  [
    'a keep-alive that MQTT has no number for',
    `${head}connect: { keepAlive: 19h }\n`,
    /connect.keepAlive: expected 1s to 18h, got "19h"/,
  ],
  [
    'more edges than cars',
    'name: bad\ncars: 3\nduration: 9s\nedges: { count: 4 }\n',
    /^4:17: edges.count: expected at most one edge a car for 3 cars, got 4/,
  ],
  [
    'too few edges',
    'name: bad\ncars: 50000\nduration: 9s\nedges: { count: 1 }\n',
    /edges.count: expected at least 3 for 50000 cars/,
  ],
  ['both forms of stages', `${head}cars: 3\n`, /^4:7: cars: expected either stages, or cars and duration/],
  ['half of the short form', 'name: bad\ncars: 3\n', /got duration is missing$/],
  ['no stages at all', 'name: bad\n', /^1:1: expected stages .* got neither$/],
  ['no cars in any stage', 'name: bad\nstages: [{ for: 60s, cars: 0 }]\n', /expected a stage with cars/],
  [
    'an edge that is not there',
    fault('{ at: 1s, for: 2s, cut: edge-3/bridge }'),
    /^5:29: timeline\[0\].cut: expected a link .*got edge-3\/bridge \(did you mean edge-1\/bridge\?\)$/,
  ],
  ['a link backwards', fault('{ at: 1s, for: 2s, cut: kafka/bridge }'), /\(did you mean bridge\/kafka\?\)$/],
  [
    'a process that is not there',
    fault('{ at: 1s, kill: brigde }'),
    /^5:21: timeline\[0\].kill: expected a process \(bridge, kafka, edge-1, edge-2 or simulator-1\).*did you mean bridge\?/,
  ],
  [
    'a share of too much',
    fault('{ at: 1s, kill: edges/110% }'),
    /^5:21: timeline\[0\].kill: expected a share of the edges above 0% and up to 100%, got edges\/110% \(did you mean edges\/100%\?\)$/,
  ],
  [
    'a fault of later work',
    fault('{ at: 1s, derail: bridge }'),
    /expected what goes wrong \(cut, .*, storm, .* or slow-consumer\), got derail$/,
  ],
  [
    'a failure that no car can have',
    `${fault('{ at: 1s, fail: boost-leak, cars: 2% }')}fleet: { profiles: { petrol: 0.5, hybrid: 0.5 } }\n`,
    /^5:21: timeline\[0\].fail: expected a failure that a car of the fleet can have, got boost-leak: petrol or hybrid cars lack a charger$/,
  ],
  [
    'more cars than can fail so',
    `${fault('{ at: 1s, fail: turbo-wear, cars: 40% }')}fleet: { profiles: { petrol: 0.7, turbo: 0.2, diesel: 0.1 } }\n`,
    /^5:39: timeline\[0\].cars: expected at most 30 cars, got 40: the others of the fleet lack a charger$/,
  ],
  [
    'a misspelt failure',
    fault('{ at: 1s, fail: coolent-loss, cars: 2% }'),
    /^5:21: timeline\[0\].fail: expected thermostat-stuck-open, coolant-loss, .* or signal-effect, got "coolent-loss" \(did you mean coolant-loss\?\)$/,
  ],
  [
    'a failure in no cars',
    fault('{ at: 1s, fail: coolant-loss }'),
    /^5:5: timeline\[0\].cars: expected a share of the cars such as 2%, or a number such as 20, but it is missing$/,
  ],
  [
    'a share without its sign',
    fault('{ at: 1s, fail: coolant-loss, cars: 0.02 }'),
    /^5:41: timeline\[0\].cars: .*got 0.02 \(did you mean 2%\?\)$/,
  ],
  [
    'more than all cars',
    fault('{ at: 1s, fail: coolant-loss, cars: 120% }'),
    /timeline\[0\].cars: expected a share above 0% and up to 100%, got "120%"$/,
  ],
  [
    'more cars than there are',
    fault('{ at: 1s, fail: coolant-loss, cars: 101 }'),
    /timeline\[0\].cars: expected at most 100 cars, got 101$/,
  ],
  [
    'cars that fail already',
    fault('{ at: 3s, fail: coolant-loss, cars: 50% }\n  - { at: 1s, fail: sensor-stuck, cars: 60 }'),
    /^5:41: timeline\[0\].cars: expected at most 40 cars, got 50: the others fail already/,
  ],
  [
    'more than severe',
    fault('{ at: 1s, fail: coolant-loss, cars: 1, severity: 1.5 }'),
    /timeline\[0\].severity: expected a number of at most 1, got 1.5$/,
  ],
  [
    'a failure in no time',
    fault('{ at: 1s, fail: coolant-loss, cars: 1, over: 0s }'),
    /timeline\[0\].over: expected more than 0s, got "0s"$/,
  ],
  [
    'a failure with a length',
    fault('{ at: 1s, fail: coolant-loss, cars: 1, for: 3s }'),
    /timeline\[0\].for: expected one of at, fail, cars, severity, over, sensor, signal, factor or offset, got for/,
  ],
  [
    'a failure after the end',
    fault('{ at: 61s, fail: coolant-loss, cars: 1 }'),
    /^5:11: timeline\[0\].at: expected a time before 1m, the end of the stages, got 61s$/,
  ],
  [
    'a sensor that does not fail',
    fault('{ at: 1s, fail: coolant-loss, cars: 1, sensor: lambda }'),
    /^5:44: timeline\[0\].sensor: expected it only with a sensor's fault such as sensor-stuck, got it with coolant-loss$/,
  ],
  [
    'an unknown sensor',
    fault('{ at: 1s, fail: sensor-stuck, cars: 1, sensor: colantTemperature }'),
    /timeline\[0\].sensor: expected one of speed, .*\(did you mean coolantTemperature\?\)$/,
  ],
  [
    'a sensor that no car has',
    `${fault('{ at: 1s, fail: sensor-stuck, cars: 1, sensor: gear }')}fleet: { profiles: { hybrid: 1 } }\n`,
    /timeline\[0\].sensor: expected a sensor that the fleet has, got gear: hybrid cars lack it$/,
  ],
  [
    'a sensor of what is no fault of one',
    fault('{ at: 1s, fail: hot-day, cars: 1, sensor: ambientTemperature }'),
    /timeline\[0\].sensor: expected it only with a sensor's fault/,
  ],
  [
    'a misspelt fault',
    fault('{ at: 1s, kil: bridge }'),
    /^5:15: timeline\[0\].kil: .*\(did you mean kill\?\)$/,
  ],
  [
    'two faults in one',
    fault('{ at: 1s, for: 1s, kill: bridge, cut: edge-1/bridge }'),
    /expected one fault an entry, got cut and kill/,
  ],
  [
    'a cut without end',
    fault('{ at: 1s, cut: edge-1/bridge }'),
    /timeline\[0\].for: expected a duration .*but it is missing/,
  ],
  [
    'a kill with a length',
    fault('{ at: 1s, kill: bridge, for: 3s }'),
    /timeline\[0\].for: expected one of at, kill or restart, got for/,
  ],
  [
    'a fault after the end',
    fault('{ at: 61s, kill: bridge }'),
    /^5:11: timeline\[0\].at: expected a time before 1m, the end of the stages, got 61s$/,
  ],
  [
    'a cut over the end',
    fault('{ at: 50s, for: 15s, cut: edge-1/bridge }'),
    /expected an end by 1m, .* got one at 65s \(did you mean for: 10s\?\)/,
  ],
  [
    'an unknown metric',
    `${head}thresholds: { delivery.lots: '== 0' }\n`,
    /^4:15: thresholds.delivery.lots: expected one of delivery.\{sent, stored, .*\(did you mean delivery.lost\?\)$/,
  ],
  [
    'a wrong condition',
    `${head}thresholds: { delivery.lost: '= 0' }\n`,
    /^4:30: thresholds.delivery.lost: expected a comparison .*\(did you mean "== 0"\?\)$/,
  ],
  ['a bare number', `${head}thresholds: { delivery.lost: 0 }\n`, /got 0 \(did you mean "== 0"\?\)$/],
  [
    'a nested threshold',
    `${head}thresholds: { delivery: { lost: '== 0' } }\n`,
    /\(did you mean delivery.lost: "== 0"\?\)$/,
  ],
  [
    'a condition that YAML takes for a block',
    `${head}thresholds:\n  delivery.stored: > 1000\n`,
    /^5:20: expected a condition in quotes, got > 1000 \(did you mean "> 1000"\?\)$/,
  ],
  [
    'a condition that YAML takes for a tag',
    `${head}thresholds:\n  delivery.stored: != 0\n`,
    /^5:20: expected a condition in quotes, got != 0/,
  ],
  ['a key that stands twice', `${head}seed: 1\nseed: 2\n`, /^5:1: seed stands twice$/],
  ['broken YAML', 'name: [bad\n', /^\d+:\d+: /],
  ['two documents', 'name: bad\n---\nname: worse\n', /^\d+:\d+: /],
  ['an empty file', '', /^1:1: expected a scenario/],
  ['a list', '- name: bad\n', /^1:1: expected a scenario/],
  [
    'references that blow up',
    `a: &a [1,1,1,1,1,1,1,1,1]\nb: &b [*a,*a,*a,*a,*a,*a,*a]\nc: [*b,*b,*b,*b,*b,*b,*b,*b]\nd: [*b,*b,*b,*b,*b,*b,*b,*b]\n`,
    /alias/i,
  ],
];

for (const [what, text, problem] of cases) {
  test(`${what} is told with its place`, async () => {
    const problems = await said(text);
    assert.equal(problems.length, 1, problems.join('\n'));
    assert.match(problems[0] ?? '', problem);
  });
}

test('all problems are told at once, in the order of the file', async () => {
  const problems = await said(`name: bad one
stages:
  - { for: 30 seconds, cars: 100 }
edges: { count: 2 }
fleet: { qos: 3, star: mixed }
timeline:
  - { at: 12, for: 15s, cut: edge-3/bridge }
thresholds:
  delivery.lost: 0
extra: 1
`);
  assert.deepEqual(
    problems.map((problem) => problem.split(':', 3)[2]?.trim()),
    [
      'name',
      'stages[0].for',
      'fleet.qos',
      'fleet.star',
      'timeline[0].at',
      'timeline[0].cut',
      'thresholds.delivery.lost',
      'extra',
    ],
  );
});

test('a Kafka that is given may not be broken', async () => {
  const text = fault('{ at: 9s, kill: kafka }\n  - { at: 20s, for: 1s, cut: bridge/kafka }');
  assert.deepEqual(await said(text), []);
  const problems = await said(text, { kafkaGiven: true });
  assert.equal(problems.length, 2);
  assert.match(
    problems[0] ?? '',
    /^5:21: timeline\[0\].kill: expected a part that this run starts, got kafka/,
  );
});

test('the command line is named where it is what is wrong', async () => {
  const text = fault('{ at: 35s, kill: bridge }');
  assert.deepEqual(await said(text, { set: ['fleet.qos=7', 'fleeet.qos=1', 'timeline[3].at=1s', 'edges'] }), [
    '--set timeline[3].at=1s: timeline is a list of 1, counted from [0]',
    '--set edges: expected path=value such as edges.count=3 or stages[0].cars=200',
    '--set fleeet.qos=1: fleeet: expected one of name, description, seed, fleet, connect, stages, cars, duration, edges, bridges, training, rollout, thresholds or timeline, got fleeet (did you mean fleet?)',
    '--set fleet.qos=7: fleet.qos: expected 0 or 1, got 7',
  ]);
  const [shortened] = await said(text, { durationMs: 20_000 });
  assert.match(
    shortened ?? '',
    /expected a time before 20s, the end of the stages \(--duration 20s\), got 35s/,
  );
  const [few] = await said(text, { cars: 100_000 });
  assert.match(few ?? '', /for 100000 cars \(--cars 100000\).*got 2 \(did you mean --set edges.count=6\?\)/);
});

test('a file that cannot be read, or is no scenario, is told in words', async () => {
  await assert.rejects(
    loadScenario('/no/such.yaml', { set: [], kafkaGiven: false }),
    /\/no\/such.yaml does not exist/,
  );
  await assert.rejects(loadScenario('/tmp', { set: [], kafkaGiven: false }), ScenarioError);
  const [large] = await said(`name: ${'x'.repeat(2_000_000)}`);
  assert.match(large ?? '', /larger than a scenario may be/);
});

test('control characters of a file do not reach the terminal', async () => {
  const problems = await said('"na\\e[31mme": 1\ncars: 1\nduration: 1s\nname: x\n');
  // oxlint-disable-next-line no-control-regex
  assert.doesNotMatch(problems.join(''), /[\u0000-\u001f]/);
});

test('whatever a file says, the answer is a scenario or words', async () => {
  const field = fc.constantFrom(
    'name',
    'stages',
    'fleet',
    'timeline',
    'thresholds',
    'edges',
    'cars',
    'connect',
    'qos',
    'at',
    'cut',
    'kill',
    'fail',
    'restart',
    'storm',
    'sensor',
    'training',
    'history',
    '__proto__',
    'constructor',
  );
  const value = fc.letrec((tie) => ({
    any: fc.oneof(
      { maxDepth: 4 },
      fc.constantFrom<unknown>(
        '1s',
        '',
        'edge-1/bridge',
        null,
        true,
        Number.NaN,
        -1,
        1e300,
        '== 0',
        '50%',
        'sensor-stuck',
      ),
      fc.array(tie('any'), { maxLength: 3 }),
      fc.dictionary(field, tie('any'), { maxKeys: 5 }),
    ),
  })).any;
  await fc.assert(
    fc.asyncProperty(fc.dictionary(field, value), async (content) => {
      await said(stringify(content));
    }),
    { numRuns: 200 },
  );
});
