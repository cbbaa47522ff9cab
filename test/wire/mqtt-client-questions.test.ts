import assert from 'node:assert/strict';
import { test } from 'node:test';
import { until } from '#test/until.ts';
import { accept, pingResponse, startBroker, startClient, startServer } from '#test/wire/mqtt-parts.ts';

const timeout = { timeout: 60_000 };
const payload = (n: number): Buffer => Buffer.from(String(n));
const puback = (id: number): Buffer => Buffer.from([0x40, 2, id >> 8, id & 255]);

test('a message that is given up is not sent again; those before and behind it are', timeout, async (t) => {
  const seen: { connection: number; text: string; dup: boolean }[] = [];
  const { port, sockets } = await startServer(t, (socket, connection) => {
    accept(socket, (packet) => {
      if (packet.cmd !== 'publish') return;
      const text = String(packet.payload);
      seen.push({ connection, text, dup: packet.dup });
      // The first connection acknowledges only what came last.
      if (connection > 0 || text === '4') socket.write(puback(packet.messageId!));
    });
  });
  const onClose = (): void => {
    if (client.inFlight === 0) return;
    assert.equal(client.forget(2), true);
    assert.equal(client.forget(2), false);
    assert.equal(client.forget(9), false);
  };
  const { client, seen: heard } = startClient(t, port, {}, { onClose });
  await until(() => client.connected);
  for (let n = 1; n <= 4; n++) client.publish('t/car', payload(n), 1, n);
  // The acknowledgement of 4 is read, and waits for those before it.
  await until(() => client.unacknowledged().length === 3);
  assert.deepEqual(heard.acks, []);
  sockets[0]!.destroy();
  await until(() => heard.acks.length === 3);
  assert.deepEqual(
    seen.filter(({ connection }) => connection === 1).map(({ text, dup }) => `${text} ${dup}`),
    ['1 true', '3 true'],
  );
  assert.deepEqual([heard.acks, client.inFlight], [[1, 3, 4], 0]);
});

test('giving up the oldest lets those behind it be acknowledged', timeout, async (t) => {
  const { port, sockets } = await startServer(t, (socket) => {
    accept(socket, (packet) => {
      if (packet.cmd === 'publish' && packet.messageId !== 1) socket.write(puback(packet.messageId!));
    });
  });
  const { client, seen } = startClient(t, port);
  await until(() => client.connected);
  for (let n = 1; n <= 3; n++) client.publish('t/car', payload(n), 1, n);
  await until(() => client.unacknowledged().length === 1);
  assert.deepEqual(seen.acks, []);
  assert.equal(client.forget(1), true);
  assert.deepEqual([seen.acks, client.inFlight], [[2, 3], 0]);
  // A late acknowledgement of it is nobody's.
  sockets[0]!.write(puback(1));
  client.publish('t/car', payload(4), 1, 4);
  await until(() => seen.acks.length === 3);
  assert.deepEqual(seen.acks, [2, 3, 4]);
});

test('an answer to a ping means that all before it was read', timeout, async (t) => {
  const { broker, received } = await startBroker(t);
  const { client } = startClient(t, broker.port);
  await until(() => client.connected);
  for (let n = 1; n <= 50; n++) client.publish('t/car', payload(n), 0, n);
  let readByThen: number | undefined;
  client.ping(() => (readByThen = received.length));
  await until(() => readByThen !== undefined);
  assert.equal(readByThen, 50);
});

test('an answer to an earlier ping is not taken for the answer', timeout, async (t) => {
  let pings = 0;
  const { port, sockets } = await startServer(t, (socket) => {
    accept(socket, (packet) => {
      if (packet.cmd === 'pingreq') pings++;
    });
  });
  const { client, seen } = startClient(t, port);
  await until(() => client.connected);
  const answers: string[] = [];
  client.ping(() => answers.push('first'));
  client.ping(() => answers.push('second'));
  client.publish('t/car', payload(1), 1, 1);
  await until(() => pings === 2);
  sockets[0]!.write(Buffer.concat([pingResponse, puback(1)]));
  await until(() => seen.acks.length === 1);
  assert.deepEqual(answers, []);
  sockets[0]!.write(pingResponse);
  await until(() => answers.length > 0);
  assert.deepEqual(answers, ['second']);
});
