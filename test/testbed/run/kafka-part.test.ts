import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { after, before, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { createLog } from '#runtime/log.ts';
import { KafkaPart } from '#testbed/run/kafka-part.ts';
import { testKafka, type TestKafka } from '#test/kafka.ts';
import { connectKafka, kafkaConfig, waitForKafka } from '#wire/kafka.ts';

let kafka: TestKafka;
before(async () => {
  kafka = await testKafka();
});
after(async () => kafka.stop());

const answers = (): Promise<void> =>
  waitForKafka(
    connectKafka(
      kafkaConfig.parse({ brokers: kafka.brokers }),
      createLog({ component: 'test', level: 'silent' }),
    ),
    30_000,
  );

const stateOf = (pid: number | undefined): string =>
  execFileSync('ps', ['-o', 'state=', '-p', String(pid)])
    .toString()
    .trim();

test('Kafka is paused and resumed, restarted in order, and none of that is a death', async () => {
  const deaths: string[] = [];
  const exits: unknown[] = [];
  const part = new KafkaPart(kafka.local, (error) => deaths.push(error.message));
  kafka.local.onExit((code, signal) => exits.push(signal ?? code));
  await part.pause();
  while (stateOf(part.pid) !== 'T') await sleep(10);
  await part.resume();
  await answers();

  await part.stop();
  assert.equal(part.pid, undefined);
  // 128 + SIGTERM: it was not killed.
  assert.deepEqual(exits, [143]);
  // Nobody is there to be paused.
  await part.pause();
  await part.resume();
  await part.start();
  assert.equal(part.life, 2);
  await answers();

  await part.pause();
  await part.stop();
  assert.deepEqual(exits, [143, 143], 'a paused Kafka was not resumed to end');
  await part.start();
  await part.pause();
  await part.kill();
  await part.start();
  await answers();
  assert.deepEqual(deaths, []);
});

test('Kafka ends in order though it has only just started', async () => {
  const part = new KafkaPart(kafka.local, () => undefined);
  for (let round = 0; round < 3; round += 1) {
    // After a kill it has more to do than after a stop.
    await part.kill();
    await part.start();
    await part.pause();
    await sleep(50);
    const exits: unknown[] = [];
    kafka.local.onExit((code, signal) => exits.push(signal ?? code));
    await part.stop();
    assert.deepEqual(exits, [143]);
    await part.start();
  }
});
