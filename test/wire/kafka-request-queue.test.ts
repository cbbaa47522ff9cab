import assert from 'node:assert/strict';
import { createHook } from 'node:async_hooks';
import { createRequire } from 'node:module';
import { test, type TestContext } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { createLog } from '#runtime/log.ts';
import { testKafka } from '#test/kafka.ts';
import { until } from '#test/until.ts';
import { connectKafka, kafkaConfig } from '#wire/kafka.ts';
import type { RequestQueue } from '#wire/kafka-request-queue.ts';

interface Request {
  entry: { correlationId: number; resolve(answer: unknown): void; reject(error: Error): void };
  expectResponse: boolean;
  sendRequest(): void;
}

type Queue = RequestQueue & {
  push(request: Request): void;
  maybeThrottle(ms: number): void;
  scheduleRequestTimeoutCheck(): void;
  destroy(): void;
  fulfillRequest(answer: { correlationId: number; payload: Buffer; size: number }): void;
};

const require = createRequire(import.meta.url);
const KafkajsQueue = require('kafkajs/src/network/requestQueue') as new (options: object) => Queue;

const silent = createLog({ component: 'test', level: 'silent' });
const logger = { debug: () => undefined, warn: () => undefined };

function queueOf(t: TestContext, settings: object): Queue {
  const queue = new KafkajsQueue({ clientId: 'test', broker: 'kafka:9092', logger, ...settings });
  t.after(() => queue.destroy());
  return queue;
}

/** One request after another; `sent` says which have left, and `answer` is Kafka's. */
function queued(queue: Queue) {
  const sent: number[] = [];
  const ask = async (correlationId: number): Promise<unknown> =>
    new Promise((resolve, reject) => {
      const sendRequest = (): void => void sent.push(correlationId);
      queue.push({ entry: { correlationId, resolve, reject }, expectResponse: true, sendRequest });
    });
  const answer = (correlationId: number): void =>
    queue.fulfillRequest({ correlationId, payload: Buffer.alloc(0), size: 0 });
  return { sent, ask, answer };
}

test('a connection for which nothing is to do does nothing', { timeout: 60_000 }, async (t) => {
  const local = await testKafka();
  t.after(async () => local.stop());
  const kafka = connectKafka(kafkaConfig.parse({ brokers: local.brokers }), silent);
  const warnings: Error[] = [];
  const warned = (warning: Error): void => void warnings.push(warning);
  process.on('warning', warned);
  t.after(() => process.off('warning', warned));
  const admin = kafka.admin();
  await admin.connect();
  t.after(async () => admin.disconnect());
  await admin.listTopics();
  let timers = 0;
  const hook = createHook({ init: (_id, type) => void (type === 'Timeout' && timers++) }).enable();
  await sleep(1000);
  hook.disable();
  // kafkajs makes one each millisecond, and Node warns of the negative time that it asks for.
  assert.ok(timers < 20, `${timers} timers in a second`);
  assert.deepEqual(warnings, []);
});

test('a request that is throttled leaves when the throttle is over', { timeout: 60_000 }, async (t) => {
  const queue = queueOf(t, { requestTimeout: 60_000 });
  const { sent, ask, answer } = queued(queue);
  queue.maybeThrottle(100);
  const first = ask(1);
  assert.deepEqual(sent, []);
  await until(() => sent.length > 0);
  answer(1);
  await first;
  assert.equal(queue.throttleCheckTimeoutId, null);
});

test('a request for which there was no room leaves with the next answer', { timeout: 60_000 }, async (t) => {
  const queue = queueOf(t, { requestTimeout: 60_000, maxInFlightRequests: 1 });
  const { sent, ask, answer } = queued(queue);
  const first = ask(1);
  const second = ask(2);
  assert.deepEqual(sent, [1]);
  answer(1);
  assert.deepEqual(sent, [1, 2]);
  answer(2);
  await Promise.all([first, second]);
});

test('an answer that is overdue is given up, and the next request leaves', { timeout: 60_000 }, async (t) => {
  const settings = { requestTimeout: 100, enforceRequestTimeout: true, maxInFlightRequests: 1 };
  const queue = queueOf(t, settings);
  queue.scheduleRequestTimeoutCheck();
  const { sent, ask, answer } = queued(queue);
  const first = ask(1);
  const second = ask(2);
  await assert.rejects(first, { name: 'KafkaJSRequestTimeoutError' });
  assert.deepEqual(sent, [1, 2]);
  answer(2);
  await second;
});
