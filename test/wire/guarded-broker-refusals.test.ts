import assert from 'node:assert/strict';
import { test } from 'node:test';
import mqtt from 'mqtt-packet';
import { until } from '#test/until.ts';
import { acknowledged, connectMqttJs, connectPacket, publishPacket } from '#test/wire/mqtt-packets.ts';
import { connectAccepted, connectRaw, startBroker, startClient } from '#test/wire/mqtt-parts.ts';

const timeout = { timeout: 60_000 };

test(
  'a message that the owner rejects costs its sender the connection, and is not acknowledged',
  timeout,
  async (t) => {
    const under = await startBroker(t, { settleAtOnce: false });
    const { socket, answer, closed } = await connectRaw(t, under.broker.port);
    socket.write(Buffer.concat([connectPacket, publishPacket(1)]));
    await until(() => under.received.length === 1);
    under.received[0]?.settle(new Error('no such thing'));
    await until(closed);
    assert.deepEqual(acknowledged(answer()), []);
    assert.equal(await under.refused('rejected'), 1);
  },
);

test('a wrong password, no password and a foreign client id are refused and said so', timeout, async (t) => {
  const under = await startBroker(t);
  const { port } = under.broker;
  await assert.rejects(connectMqttJs(t, port, { password: 'wrong' }), { code: 4 });
  await assert.rejects(connectMqttJs(t, port, { username: 'car', password: '' }), { code: 4 });
  await assert.rejects(connectMqttJs(t, port, { clientId: 'run1/other' }), { code: 2 });
  const { seen } = startClient(t, port, { password: 'wrong', reconnect: { minMs: 60_000, maxMs: 120_000 } });
  await until(() => seen.closes.length === 1);
  assert.deepEqual(seen.closes, ['refused:bad-credentials']);
  assert.equal(await under.refused('bad-credentials'), 3);
  assert.equal(await under.refused('foreign-client-id'), 1);
  assert.deepEqual(under.connected, []);
});

test(
  'each bad input ends its connection, is counted once by its reason, and harms nobody else',
  timeout,
  async (t) => {
    const under = await startBroker(t, { connectTimeoutMs: 300 });
    const { port } = under.broker;
    const other = startClient(t, port, { clientId: 'other', username: 'other' });
    await until(() => other.client.connected);
    const accepted = (bytes: Buffer): Buffer => Buffer.concat([connectPacket, bytes]);
    const will = { topic: 't/other', payload: Buffer.from('x') };
    const withWill = {
      cmd: 'connect',
      clientId: 'car',
      username: 'car',
      password: Buffer.from('secret'),
    } as const;
    const cases: [what: string, bytes: Buffer, reason: string][] = [
      ['another car’s topic', accepted(publishPacket(1, { topic: 't/other' })), 'forbidden-topic'],
      ['a topic with a wildcard', accepted(publishPacket(1, { topic: 't/+' })), 'malformed-packet'],
      ['QoS 2', accepted(publishPacket(1, { qos: 2 })), 'qos-2'],
      ['a length beyond the limit', accepted(Buffer.from([0x30, 0xff, 0xff, 0x7f])), 'oversized-packet'],
      ['an unknown packet type', accepted(Buffer.from([0xf0, 0])), 'malformed-packet'],
      ['a topic longer than its packet', accepted(Buffer.from([0x32, 4, 0, 99, 1, 1])), 'malformed-packet'],
      ['a second CONNECT', accepted(connectPacket), 'malformed-packet'],
      ['HTTP', Buffer.from('GET / HTTP/1.1\r\n\r\n'), 'malformed-packet'],
      ['a PUBLISH before the CONNECT', publishPacket(1), 'malformed-packet'],
      ['MQTT 5', mqtt.generate({ cmd: 'connect', clientId: 'car', protocolVersion: 5 }), 'protocol-version'],
      ['a will on another car’s topic', mqtt.generate({ ...withWill, will }), 'forbidden-topic'],
      ['a will at QoS 2', mqtt.generate({ ...withWill, will: { ...will, topic: 't/car', qos: 2 } }), 'qos-2'],
      ['half a CONNECT', connectPacket.subarray(0, 9), 'connect-timeout'],
    ];
    for (const [what, bytes, reason] of cases) {
      const before = await under.refused(reason);
      const total = await under.metric('test_refused_total');
      const { socket, closed } = await connectRaw(t, port);
      socket.write(bytes);
      await until(closed);
      assert.equal(await under.refused(reason), before + 1, what);
      assert.equal(await under.metric('test_refused_total'), total + 1, what);
    }
    assert.deepEqual(under.received, []);
    other.client.publish('t/other', Buffer.from('still here'), 1, 1);
    await until(() => other.seen.acks.length === 1);
    assert.deepEqual(other.seen.closes, []);
  },
);

test(
  'an oversized packet is refused at its length: nothing of its body is waited for or kept',
  timeout,
  async (t) => {
    const under = await startBroker(t, { maxPacketBytes: 1000 });
    const { socket, closed } = await connectAccepted(t, under.broker.port);
    for (const byte of [0x32, 0xe6, 0x07]) {
      assert.equal(closed(), false);
      socket.write(Buffer.from([byte]));
      await new Promise((resolve) => setTimeout(resolve, 20));
    }
    await until(closed);
    assert.equal(await under.refused('oversized-packet'), 1);
    const { client, seen } = startClient(t, under.broker.port);
    await until(() => client.connected);
    client.publish('t/car', Buffer.alloc(1000 - 3 - 2 - 5 - 2), 1, 1);
    await until(() => seen.acks.length === 1);
    assert.equal(await under.refused('oversized-packet'), 1);
  },
);

test(
  'a forbidden subscription is answered with a refusal, counted, and the connection stays',
  timeout,
  async (t) => {
    const under = await startBroker(t);
    const { client, seen } = startClient(t, under.broker.port);
    for (const filter of ['s/other', 's/car/#', '#', '+', 's/car/+/x', 's/car']) client.subscribe(filter, 1);
    await until(() => seen.subscribed.length === 6);
    assert.deepEqual(
      seen.subscribed.map(({ granted }) => granted),
      [false, false, false, false, false, true],
    );
    assert.equal(await under.refused('forbidden-topic'), 5);
    const client2 = await connectMqttJs(t, under.broker.port, { clientId: 'two', username: 'two' });
    await assert.rejects(client2.subscribeAsync('s/two', { qos: 2 }));
    assert.equal(await under.refused('qos-2'), 1);
    for (let n = 0; n < 1030; n++) client.subscribe(`s/car/${n}`, 0);
    await until(() => seen.subscribed.length === 6 + 1030);
    assert.equal(await under.refused('too-many-subscriptions'), 7);
    assert.deepEqual(seen.closes, []);
  },
);

test('more connections than allowed are refused and counted', timeout, async (t) => {
  const under = await startBroker(t, { maxConnections: 2 });
  for (const name of ['a', 'b']) {
    const { client } = startClient(t, under.broker.port, { clientId: name, username: name });
    await until(() => client.connected);
  }
  const { closed } = await connectRaw(t, under.broker.port);
  await until(closed);
  assert.equal(await under.refused('too-many-connections'), 1);
});
