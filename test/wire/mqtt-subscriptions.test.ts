import assert from 'node:assert/strict';
import { test } from 'node:test';
import { until } from '#test/until.ts';
import { startBroker, startClient } from '#test/wire/mqtt-parts.ts';

const timeout = { timeout: 60_000 };
const retained = { qos: 1, retain: true } as const;

test('what was unsubscribed neither comes nor is subscribed to again', timeout, async (t) => {
  const { broker } = await startBroker(t);
  for (const topic of ['s/car/a', 's/car/b']) await broker.publish(topic, Buffer.from('1'), retained);
  const { client, seen } = startClient(t, broker.port);
  client.subscribe('s/car/a', 1);
  client.subscribe('s/car/b', 1);
  await until(() => seen.messages.length === 2);
  client.unsubscribe('s/car/b');
  client.unsubscribe('never subscribed');
  client.subscribe('s/car/c', 1);
  await until(() => seen.subscribed.length === 3);
  await broker.publish('s/car/b', Buffer.from('2'), retained);
  await broker.publish('s/car/a', Buffer.from('2'), retained);
  await until(() => seen.messages.length === 3);
  assert.deepEqual(seen.closes, [], 'an UNSUBACK is understood');
  broker.disconnect('car', 'by the test');
  await until(() => seen.messages.length === 4 && seen.subscribed.length === 5);
  assert.deepEqual(
    seen.subscribed.slice(3).map(({ filter }) => filter),
    ['s/car/a', 's/car/c'],
  );
  assert.deepEqual(
    seen.messages.slice(2).map(({ topic, payload }) => `${topic} ${payload.toString()}`),
    ['s/car/a 2', 's/car/a 2'],
  );
});

test('a filter that is subscribed to twice is one subscription', timeout, async (t) => {
  const { broker, subscriptions } = await startBroker(t);
  await broker.publish('s/car', Buffer.from('1'), retained);
  const { client, seen } = startClient(t, broker.port);
  client.subscribe('s/car', 1);
  await until(() => seen.messages.length === 1);
  client.subscribe('s/car', 1);
  await until(() => seen.messages.length === 2);
  broker.disconnect('car', 'by the test');
  await until(() => seen.messages.length === 3 && seen.connects === 2);
  client.unsubscribe('s/car');
  broker.disconnect('car', 'by the test');
  await until(() => seen.connects === 3);
  client.subscribe('s/car/other', 1);
  await until(() => seen.subscribed.at(-1)?.filter === 's/car/other');
  assert.equal(subscriptions(), 4);
  assert.equal(seen.messages.length, 3);
});
