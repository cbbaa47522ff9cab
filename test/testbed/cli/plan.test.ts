import assert from 'node:assert/strict';
import { test } from 'node:test';
import { fleetbed } from '#test/fleetbed.ts';

test('a plan says nodes, partitions, network, dollars an hour, and the settings for infra', async () => {
  const { code, stdout } = await fleetbed([
    'plan',
    'scenarios/quickstart.yaml',
    '--on',
    'gke',
    '--cars',
    '100000',
  ]);
  assert.equal(code, 0);
  assert.match(stdout, /100,000 cars · .* messages\/s/);
  assert.match(stdout, /Kafka +\d+ brokers/);
  assert.match(stdout, /partitions of fleet\.telemetry: \d+, each 3 times/);
  assert.match(stdout, /list prices of \d{4}-\d\d-\d\d/);
  assert.match(stdout, /\d+\.\d\d {2}an hour;/);
  assert.match(stdout, /pulumi config set fleetbed:cars 100000/);
});

test('for programs it is JSON, with Kafka by Google as a line of the bill', async () => {
  const args = ['plan', 'scenarios/quickstart.yaml', '--on', 'gke', '--kafka', 'managed', '--json'];
  const { stdout } = await fleetbed(args);
  const plan = JSON.parse(stdout) as {
    size: { pools: object };
    cost: { what: string; dollarsPerHour: number }[];
  };
  assert.ok(!('kafka' in plan.size.pools));
  assert.ok(plan.cost.some(({ what }) => what.startsWith('Kafka by Google')));
});

test('a place, form or region that there is not ends with 104 and the nearest right word', async () => {
  const plan = ['plan', 'scenarios/quickstart.yaml'];
  const cases: [string[], RegExp][] = [
    [plan, /--on: expected gke, got nothing/],
    [[...plan, '--on', 'gkee'], /did you mean gke\?/],
    [[...plan, '--on', 'gke', '--kafka', 'strimzy'], /did you mean strimzi\?/],
    [[...plan, '--on', 'gke', '--region', 'europe-west5'], /expected us-central1 or europe-west1/],
    [[...plan, '--on', 'gke', '--cars', '20000000'], /--cars: expected a whole number from 1 to 10000000/],
    [['plan', '--on', 'gke'], /which scenario\?/],
  ];
  for (const [args, words] of cases) {
    const { code, stderr } = await fleetbed(args);
    assert.equal(code, 104, args.join(' '));
    assert.match(stderr, words);
  }
});
