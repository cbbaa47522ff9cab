import assert from 'node:assert/strict';
import { test } from 'node:test';
import mqtt from 'mqtt-packet';
import { until } from '#test/until.ts';
import { pickPort } from '#testbed/run/ports.ts';
import {
  acknowledged,
  connectMqttJs,
  connectPacket,
  packetsOf,
  publishPacket,
} from '#test/wire/mqtt-packets.ts';
import { connectAccepted, connectRaw, startBroker, startClient } from '#test/wire/mqtt-parts.ts';

const timeout = { timeout: 60_000 };

test('takes what MQTT.js publishes and hands on what the owner publishes', timeout, async (t) => {
  const { broker, received, connected, gone } = await startBroker(t);
  const client = await connectMqttJs(t, broker.port, { clientId: 'run1/car' });
  const messages: string[] = [];
  client.on('message', (topic, payload) => messages.push(`${topic}=${payload.toString()}`));
  await client.subscribeAsync('s/car', { qos: 1 });
  await client.publishAsync('t/car', 'one', { qos: 1 });
  await client.publishAsync('t/car', 'two', { qos: 0 });
  await until(() => received.length === 2);
  assert.deepEqual(
    received.map(({ message: { name, topic, qos, dup, payload } }) => [
      name,
      topic,
      qos,
      dup,
      payload.toString(),
    ]),
    [
      ['car', 't/car', 1, false, 'one'],
      ['car', 't/car', 0, false, 'two'],
    ],
  );
  await broker.publish('s/car', Buffer.from('alarm'), { qos: 1, retain: false });
  await until(() => messages.length === 1);
  assert.deepEqual(messages, ['s/car=alarm']);
  assert.equal(broker.connections, 1);
  await client.endAsync();
  await until(() => gone.length === 1);
  assert.deepEqual([connected, gone, broker.connections], [['car'], ['car'], 0]);
});

test('takes clients by all of its ports, as many together as it may', timeout, async (t) => {
  const other = await pickPort();
  const under = await startBroker(t, { morePorts: [other], maxConnections: 2 });
  const { broker, received } = under;
  for (const [name, port] of Object.entries({ one: broker.port, two: other })) {
    const { client } = startClient(t, port, { clientId: name, username: name });
    await until(() => client.connected);
    assert.ok(client.publish(`t/${name}`, Buffer.from(name), 1, 1));
  }
  await until(() => received.length === 2);
  assert.deepEqual(received.map(({ message }) => message.name).toSorted(), ['one', 'two']);
  assert.equal(broker.connections, 2);
  for (const [index, port] of [broker.port, other].entries()) {
    const { closed } = await connectRaw(t, port);
    await until(closed);
    assert.equal(await under.refused('too-many-connections'), index + 1);
  }
  await assert.rejects(startBroker(t, { port: await pickPort(), morePorts: [other] }), {
    code: 'EADDRINUSE',
  });
  broker.stopAccepting();
  for (const port of [broker.port, other])
    await assert.rejects(connectRaw(t, port), { code: 'ECONNREFUSED' });
});

test('what the owner retains reaches a later subscriber, until it is cleared', timeout, async (t) => {
  const { broker } = await startBroker(t);
  await broker.publish('s/car', Buffer.from('desired'), { qos: 1, retain: true });
  await broker.publish('s/car/2', Buffer.from('old'), { qos: 1, retain: true });
  await broker.publish('s/car/2', Buffer.alloc(0), { qos: 1, retain: true });
  const { client, seen } = startClient(t, broker.port);
  client.subscribe('s/car/2', 1);
  client.subscribe('s/car', 1);
  await until(() => seen.messages.length === 1);
  assert.equal(seen.messages[0]?.payload.toString(), 'desired');
});

test('what clients publish goes to the owner alone', timeout, async (t) => {
  const { broker, received } = await startBroker(t, {
    guard: {
      authenticate: ({ username }) => username ?? { refuse: 'bad-credentials' },
      mayPublish: () => true,
      maySubscribe: () => true,
      onPublish: (message, settle) => {
        received.push({ message, settle });
        settle();
      },
    },
  });
  const reader = startClient(t, broker.port, { clientId: 'reader', username: 'reader' });
  reader.client.subscribe('t', 1);
  await until(() => reader.seen.subscribed.length === 1);
  const writer = startClient(t, broker.port, { clientId: 'writer', username: 'writer' });
  await until(() => writer.client.connected);
  writer.client.publish('t', Buffer.from('x'), 0, 1);
  writer.client.publish('t', Buffer.from('y'), 1, 2);
  await until(() => writer.seen.acks.length === 1 && received.length === 2);
  await broker.publish('t', Buffer.from('last'), { qos: 1, retain: false });
  await until(() => reader.seen.messages.at(-1)?.payload.toString() === 'last');
  assert.equal(reader.seen.messages.length, 1);
});

test('acknowledges QoS 1 when it is settled and not before, in order of arrival', timeout, async (t) => {
  const { broker, received } = await startBroker(t, { settleAtOnce: false });
  const { socket, answer } = await connectAccepted(t, broker.port);
  socket.write(Buffer.concat([11, 12, 13, 14].map((id) => publishPacket(id))));
  await until(() => received.length === 4);
  received[2]?.settle();
  received[1]?.settle();
  socket.write(mqtt.generate({ cmd: 'pingreq' }));
  await until(() => packetsOf(answer()).some(({ cmd }) => cmd === 'pingresp'));
  assert.deepEqual(acknowledged(answer()), []);
  received[0]?.settle();
  await until(() => acknowledged(answer()).length === 3);
  received[0]?.settle();
  received[3]?.settle();
  await until(() => acknowledged(answer()).length === 4);
  assert.deepEqual(acknowledged(answer()), [11, 12, 13, 14]);
});

test('tells the owner that a message may have come before', timeout, async (t) => {
  const { broker, received } = await startBroker(t);
  const { socket } = await connectRaw(t, broker.port);
  socket.write(Buffer.concat([connectPacket, publishPacket(1, { dup: true }), publishPacket(2)]));
  await until(() => received.length === 2);
  assert.deepEqual(
    received.map(({ message }) => message.dup),
    [true, false],
  );
});

test(
  'a newer connection takes over, by client id and by name: the older one is gone first',
  timeout,
  async (t) => {
    const order: string[] = [];
    const under = await startBroker(t, {
      guard: {
        authenticate: ({ username }) => username ?? { refuse: 'bad-credentials' },
        mayPublish: () => true,
        maySubscribe: () => true,
        onPublish: (_, settle) => settle(),
        onConnected: (name) => order.push(`+${name}`),
        onGone: (name) => order.push(`-${name}`),
      },
    });
    const first = await connectRaw(t, under.broker.port);
    first.socket.write(connectPacket);
    await until(() => order.length === 1);
    const second = await connectRaw(t, under.broker.port);
    second.socket.write(connectPacket);
    await until(() => order.length === 3 && first.closed());
    const third = startClient(t, under.broker.port, { clientId: 'run2/car' });
    await until(() => third.client.connected && second.closed());
    assert.deepEqual(order, ['+car', '-car', '+car', '-car', '+car']);
    assert.equal(under.broker.connections, 1);
    assert.equal(await under.dropped('taken-over'), 2);
    third.client.publish('t', Buffer.from('x'), 1, 1);
    await until(() => third.seen.acks.length === 1);
  },
);

test('after a takeover the message that was not acknowledged comes again', timeout, async (t) => {
  const under = await startBroker(t, { settleAtOnce: false });
  const first = await connectRaw(t, under.broker.port);
  first.socket.write(Buffer.concat([connectPacket, publishPacket(5)]));
  await until(() => under.received.length === 1);
  const second = await connectRaw(t, under.broker.port);
  second.socket.write(Buffer.concat([connectPacket, publishPacket(5, { dup: true })]));
  await until(() => under.received.length === 2);
  under.received[0]?.settle();
  under.received[1]?.settle();
  await until(() => acknowledged(second.answer()).length === 1);
  assert.deepEqual(acknowledged(first.answer()), []);
});

test(
  'a last will is handed to the owner when the connection breaks, not when the client says goodbye',
  timeout,
  async (t) => {
    const { broker, received, gone } = await startBroker(t);
    const will = { topic: 't/car', payload: Buffer.from('offline'), qos: 1, retain: true } as const;
    const { client } = startClient(t, broker.port, { will });
    await until(() => client.connected);
    await client.end();
    await until(() => gone.length === 1);
    const broken = await connectAccepted(t, broker.port, { will });
    broken.socket.resetAndDestroy();
    await until(() => received.length > 0);
    assert.equal(received.length, 1);
    const { topic, retain, will: isWill, payload } = received[0]?.message ?? {};
    assert.deepEqual([topic, retain, isWill, payload?.toString()], ['t/car', true, true, 'offline']);
  },
);

test('keeps no session: who asks for one is told that there is none', timeout, async (t) => {
  const { broker } = await startBroker(t);
  const asking = { clean: false, clientId: 'car' };
  const first = await connectMqttJs(t, broker.port, asking);
  await first.subscribeAsync('s/car', { qos: 1 });
  await first.endAsync();
  await broker.publish('s/car', Buffer.from('while away'), { qos: 1, retain: false });
  const { socket, answer } = await connectRaw(t, broker.port);
  socket.write(
    mqtt.generate({
      cmd: 'connect',
      clientId: 'car',
      username: 'car',
      password: Buffer.from('secret'),
      clean: false,
    }),
  );
  await until(() => answer().length >= 4);
  socket.write(mqtt.generate({ cmd: 'pingreq' }));
  await until(() => answer().length >= 6);
  assert.deepEqual(
    packetsOf(answer()).map((packet) => [packet.cmd, 'sessionPresent' in packet && packet.sessionPresent]),
    [
      ['connack', false],
      ['pingresp', false],
    ],
  );
});

test(
  'a client that falls silent is dropped after one and a half times its keep-alive',
  timeout,
  async (t) => {
    const under = await startBroker(t);
    const { socket, closed } = await connectRaw(t, under.broker.port);
    socket.write(
      mqtt.generate({
        cmd: 'connect',
        clientId: 'car',
        username: 'car',
        password: Buffer.from('secret'),
        keepalive: 1,
      }),
    );
    await until(closed);
    assert.equal(await under.dropped('keep-alive-timeout'), 1);
    assert.deepEqual(under.gone, ['car']);
  },
);

test('cuts off by name, and lets nobody in once it has stopped accepting', timeout, async (t) => {
  const under = await startBroker(t);
  const one = await connectRaw(t, under.broker.port);
  one.socket.write(connectPacket);
  await until(() => under.connected.length === 1);
  under.broker.disconnect('car', 'outdated');
  under.broker.disconnect('nobody', 'not there');
  assert.deepEqual(under.gone, ['car']);
  await until(one.closed);
  assert.equal(await under.dropped('disconnected'), 1);
  under.broker.stopAccepting();
  await assert.rejects(connectRaw(t, under.broker.port), { code: 'ECONNREFUSED' });
});

test(
  'a close waits for what is held and lets the acknowledgement out, then drops everyone',
  timeout,
  async (t) => {
    const under = await startBroker(t, { settleAtOnce: false });
    const { socket, answer, closed } = await connectRaw(t, under.broker.port);
    const idle = await connectRaw(t, under.broker.port);
    socket.write(Buffer.concat([connectPacket, publishPacket(9)]));
    await until(() => under.received.length === 1);
    const closing = under.broker.close();
    socket.write(publishPacket(10));
    await new Promise((resolve) => setTimeout(resolve, 50));
    assert.equal(closed(), false);
    under.received[0]?.settle();
    await closing;
    await until(() => closed() && idle.closed());
    assert.deepEqual(acknowledged(answer()), [9]);
    assert.equal(under.received.length, 1);
  },
);

test('a port in use is the system’s error', timeout, async (t) => {
  const { broker } = await startBroker(t);
  await assert.rejects(startBroker(t, { port: broker.port }), { code: 'EADDRINUSE' });
});

test('a publish right behind the CONNECT waits until the client is accepted', timeout, async (t) => {
  const { broker, received } = await startBroker(t);
  const { socket, closed } = await connectRaw(t, broker.port);
  const many = Array.from({ length: 200 }, (_, n) => publishPacket(n + 1, { qos: 0 }));
  socket.end(Buffer.concat([connectPacket, ...many]));
  await until(() => received.length === 200);
  assert.deepEqual(
    received.map(({ message }) => Number(message.payload.toString())),
    many.map((_, n) => n + 1),
  );
  await until(closed);
});
