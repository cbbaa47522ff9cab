import assert from 'node:assert/strict';
import { test } from 'node:test';
import { load, said } from './reading.ts';

const scenario = (training: string): string => `name: training
cars: 100
duration: 60s
edges: { count: 2 }
${training}
timeline:
  - { at: 1s, kill: trainer }
  - { at: 5s, for: 2s, pause: trainer }
  - { at: 10s, restart: trainer }
`;

test('where a model is learned its trainer may be killed, paused and restarted', async () => {
  const { timeline } = await load(scenario('training: { at: [5s] }'));
  assert.deepEqual(
    timeline.map((entry) => 'targets' in entry && entry.targets),
    [['trainer'], ['trainer'], ['trainer']],
  );
});

test('where none is learned there is no trainer, and it is said how to have one', async () => {
  const problems = await said(scenario(''));
  assert.equal(problems.length, 3, problems.join('\n'));
  for (const problem of problems) {
    assert.match(
      problem,
      /without training there is no trainer.*, got trainer \(did you mean training: \{at: \[30s\]\}\?\)$/,
    );
  }
});

test('a mistake in the training is told once', async () => {
  const problems = await said(scenario('training: { at: [5s], detector: guesswork }'));
  assert.equal(problems.length, 1, problems.join('\n'));
});

test('a misspelt trainer is told among the processes that there are', async () => {
  const [problem] = await said(scenario('training: { at: [5s] }').replace('kill: trainer', 'kill: trianer'));
  assert.match(problem ?? '', /bridge, kafka, trainer, edge-1, edge-2 or .*\(did you mean trainer\?\)$/);
});
