import assert from 'node:assert/strict';
import path from 'node:path';
import { test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import type { FromTrainer } from '#contract/control.ts';
import { Stop } from '#testbed/run/stop.ts';
import { Supervised } from '#testbed/run/supervised.ts';
import { Training } from '#testbed/run/training.ts';
import type { Scenario } from '#testbed/scenario/scenario.ts';
import { scratch } from '#test/fleetbed.ts';

/** Answers only when it is told to, with what it was asked. */
const script = `
  const asked = [];
  process.on('message', (message) => {
    if (message.type === 'train') asked.push(message), process.send({ ...message, type: 'asked' });
    else process.send(message.answer);
  });
  process.send({ type: 'ready' });
  setInterval(() => {}, 1000);`;

const release = (counter: number): FromTrainer => ({
  type: 'released',
  release: { id: `r${counter}-1`, counter, trainedOnReadings: 1, trainSeconds: 1, publishedAt: 1 },
});

const training: Scenario['training'] = {
  atMs: [0, 0, 0],
  history: { lastMs: null },
  detector: 'virtual-sensors',
  falseAlarmsPerVehicleDay: 1,
};

test('a trainer that comes back is asked again for what it did not answer, and for nothing else', async () => {
  await using folder = await scratch();
  const asked: unknown[] = [];
  const trainings = new Training();
  const trainer = new Supervised({
    name: 'trainer',
    args: ['-e', script],
    logFile: path.join(folder.dir, 'trainer.log'),
    readyTimeoutMs: 10_000,
    onMessage: (message) => {
      const said = message as FromTrainer | { type: 'asked' };
      if (said.type === 'asked') asked.push(said);
      else trainings.receive(said);
    },
    onDeath: (error) => assert.fail(error),
  });
  const isAsked = async (times: number): Promise<void> => {
    while (asked.length < times) await sleep(5);
    assert.equal(asked.length, times);
  };
  const question = (above: number): unknown => ({ type: 'asked', since: 1000, above });
  try {
    trainings.attach(trainer);
    await trainer.start();
    await trainings.follow(training, 1000, new Stop());
    await isAsked(3);
    trainer.send({ answer: release(4) });
    while (trainings.releases.length === 0) await sleep(5);
    await trainer.kill();

    await trainer.start();
    await isAsked(5);
    assert.deepEqual(asked.slice(3), [question(4), question(4)]);
    trainer.send({ answer: { type: 'refused', reason: 'too little' } });
    while (trainings.refused[0] !== 'too little') await sleep(5);
    await trainer.kill();

    await trainer.start();
    await isAsked(6);
    assert.deepEqual(asked.slice(5), [question(4)]);
    assert.deepEqual(trainings.refused, ['too little', 'the run ended before the trainer had answered']);
    trainer.send({ answer: release(5) });
    while (trainings.releases.length < 2) await sleep(5);
    assert.deepEqual(trainings.refused, ['too little']);
  } finally {
    await trainer.kill();
  }
});

test('a training whose time comes while the trainer is down is asked for when it is up', async () => {
  await using folder = await scratch();
  const asked: unknown[] = [];
  const trainings = new Training();
  const trainer = new Supervised({
    name: 'trainer',
    args: ['-e', script],
    logFile: path.join(folder.dir, 'trainer.log'),
    readyTimeoutMs: 10_000,
    onMessage: (message) => asked.push(message),
    onDeath: (error) => assert.fail(error),
  });
  trainings.attach(trainer);
  await trainings.follow({ ...training, atMs: [0] }, 1000, new Stop());
  await trainer.start();
  while (asked.length === 0) await sleep(5);
  await trainer.kill();
  assert.deepEqual(asked, [{ type: 'asked', since: 1000, above: 0 }]);
});
