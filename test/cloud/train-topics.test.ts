import assert from 'node:assert/strict';
import { test } from 'node:test';
import { trainerTopic, trainerTopics } from '#cloud/topics.ts';
import { topics } from '#contract/topics.ts';

test('a trainer names three topics to read, with their prefix; of the truth it has no name', () => {
  assert.deepEqual(
    trainerTopics.map((name) => trainerTopic(name, 'site.')),
    ['site.fleet.telemetry', 'site.fleet.edges', 'site.fleet.models'],
  );
  for (const { name } of topics) {
    if ((trainerTopics as readonly string[]).includes(name)) continue;
    assert.throws(() => trainerTopic(name, ''), new RegExp(`does not read ${name}`));
  }
  assert.ok(!(trainerTopics as readonly string[]).includes('fleet.truth'));
});
