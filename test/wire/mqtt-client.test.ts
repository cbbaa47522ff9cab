import assert from 'node:assert/strict';
import { once } from 'node:events';
import net, { type AddressInfo } from 'node:net';
import { test, type TestContext } from 'node:test';
import { Aedes } from 'aedes';
import mqtt from 'mqtt-packet';
import { until } from '#test/until.ts';
import type { MqttClient } from '#wire/mqtt-client.ts';
import { accept, connack, startClient, startServer } from '#test/wire/mqtt-parts.ts';

const timeout = { timeout: 60_000 };
const payload = (n: number): Buffer => Buffer.from(String(n));
const puback = (id: number): Buffer => Buffer.from([0x40, 2, id >> 8, id & 255]);

async function startAedes(t: TestContext): Promise<{ aedes: Aedes; port: number }> {
  const aedes = await Aedes.createBroker();
  const server = net.createServer(aedes.handle);
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  t.after(async () => {
    server.close();
    await new Promise<void>((resolve) => aedes.close(resolve));
  });
  return { aedes, port: (server.address() as AddressInfo).port };
}

test('publishes and subscribes at QoS 0 and 1 through a plain aedes broker', timeout, async (t) => {
  const { port } = await startAedes(t);
  const { client, seen } = startClient(t, port);
  client.subscribe('news/+', 1);
  await until(() => seen.subscribed.length === 1);
  const large = Buffer.alloc(300_000, 7);
  assert.ok(client.publish('news/small', Buffer.from('a'), 1, 1));
  assert.ok(client.publish('news/none', Buffer.alloc(0), 1, 2));
  assert.ok(client.publish('news/large', large, 1, 3));
  await until(() => seen.messages.length === 3 && seen.acks.length === 3);
  assert.ok(client.publish('news/loose', Buffer.from('b'), 0, 4));
  await until(() => seen.messages.length === 4);
  assert.deepEqual(seen.subscribed, [{ filter: 'news/+', granted: true }]);
  assert.deepEqual(
    seen.messages.map(({ topic, payload: { length } }) => [topic, length]),
    [
      ['news/small', 1],
      ['news/none', 0],
      ['news/large', large.length],
      ['news/loose', 1],
    ],
  );
  assert.ok(seen.messages[2]?.payload.equals(large));
  assert.deepEqual(seen.acks, [1, 2, 3]);
  await client.end();
  assert.deepEqual(seen.closes, ['closed']);
});

test('a retained message and a last will reach who subscribes', timeout, async (t) => {
  const { port } = await startAedes(t);
  let wills = 0;
  const state = startClient(t, port, {
    clientId: 'edge',
    will: () => ({ topic: 'state', payload: payload(++wills), qos: 1, retain: true }),
  });
  await until(() => state.client.connected);
  state.client.publish('state', Buffer.from('online'), 1, 1, true);
  await until(() => state.seen.acks.length === 1);
  const reader = startClient(t, port, { clientId: 'reader' });
  reader.client.subscribe('state', 1);
  await until(() => reader.seen.messages.length === 1);
  state.client.destroy();
  await until(() => reader.seen.messages.length === 2);
  assert.deepEqual(
    reader.seen.messages.map((message) => message.payload.toString()),
    ['online', '1'],
  );
});

test('a graceful end takes the last will back', timeout, async (t) => {
  const { aedes, port } = await startAedes(t);
  const topics: string[] = [];
  aedes.on('publish', (packet) => topics.push(packet.topic));
  const will = { topic: 'gone', payload: payload(1), qos: 0, retain: false } as const;
  const { client } = startClient(t, port, { will });
  await until(() => client.connected);
  await client.end();
  await until(() => aedes.connectedClients === 0);
  assert.ok(!topics.includes('gone'));
});

test(
  'says no when the window is full or nobody is connected, and says when there is room again',
  timeout,
  async (t) => {
    const sent: number[] = [];
    const { port, sockets } = await startServer(t, (socket) =>
      accept(socket, (packet) => {
        if (packet.cmd === 'publish') sent.push(packet.messageId ?? 0);
      }),
    );
    const { client, seen } = startClient(t, port, { inFlightLimit: 3 });
    assert.equal(client.publish('t', payload(0), 1, 0), false);
    await until(() => seen.writable === 1);
    for (const tag of [1, 2, 3]) assert.ok(client.publish('t', payload(tag), 1, tag));
    assert.equal(client.publish('t', payload(4), 1, 4), false);
    assert.deepEqual(client.unacknowledged(), [1, 2, 3]);
    await until(() => sent.length === 3);
    sockets[0]?.write(puback(sent[0] ?? 0));
    await until(() => seen.writable === 2);
    assert.equal(client.inFlight, 2);
    assert.ok(client.publish('t', payload(4), 1, 4));
    assert.equal(client.publish('t', payload(5), 1, 5), false);
  },
);

test('acknowledges in the order sent, even to a broker that does not', timeout, async (t) => {
  const { port, sockets } = await startServer(t, (socket) => accept(socket));
  const { client, seen } = startClient(t, port);
  await until(() => client.connected);
  for (const tag of [1, 2, 3]) client.publish('t', payload(tag), 1, tag);
  sockets[0]?.write(Buffer.concat([puback(3), puback(2), puback(99)]));
  client.subscribe('x', 0);
  await until(() => client.unacknowledged().length === 1);
  assert.deepEqual(seen.acks, []);
  sockets[0]?.write(puback(1));
  await until(() => seen.acks.length === 3);
  assert.deepEqual(seen.acks, [1, 2, 3]);
});

test(
  'after a cut it sends again what was not acknowledged: in order, with DUP, before anything new',
  timeout,
  async (t) => {
    const sent: { connection: number; text: string; dup: boolean }[] = [];
    const { port } = await startServer(t, (socket, connection) => {
      let publishes = 0;
      accept(socket, (packet) => {
        if (packet.cmd !== 'publish') return;
        sent.push({ connection, text: packet.payload.toString(), dup: packet.dup });
        publishes++;
        if (connection === 0 && publishes <= 2) socket.write(puback(packet.messageId ?? 0));
        if (connection === 0 && publishes === 5) socket.destroy();
        if (connection === 1) socket.write(puback(packet.messageId ?? 0));
      });
    });
    let next = 1;
    const { seen } = startClient(
      t,
      port,
      { inFlightLimit: 4 },
      {
        onConnect: (client) => {
          while (next <= 20 && client.publish('t', payload(next), 1, next)) next++;
        },
        onWritable: (client) => {
          while (next <= 20 && client.publish('t', payload(next), 1, next)) next++;
        },
      },
    );
    await until(() => seen.acks.length === 20);
    const again = sent.filter(({ connection }) => connection === 1);
    const unacknowledged = again.filter(({ dup }) => dup).map(({ text }) => Number(text));
    assert.ok(unacknowledged.length > 0);
    assert.equal(unacknowledged[0], seen.acks[2]);
    assert.deepEqual(
      again.map(({ text }) => Number(text)),
      Array.from({ length: 18 }, (_, n) => n + 3),
    );
    assert.deepEqual(
      again.map(({ dup }) => dup),
      again.map((_, n) => n < unacknowledged.length),
    );
    assert.ok(sent.filter(({ connection }) => connection === 0).every(({ dup }) => !dup));
    assert.deepEqual(
      seen.acks,
      Array.from({ length: 20 }, (_, n) => n + 1),
    );
  },
);

test('subscribes again after every reconnect', timeout, async (t) => {
  const subscribed: string[] = [];
  const { port } = await startServer(t, (socket, connection) =>
    accept(socket, (packet) => {
      if (packet.cmd !== 'subscribe') return;
      subscribed.push(`${connection}:${packet.subscriptions[0]?.topic}`);
      if (connection === 0 && subscribed.length === 2) socket.destroy();
    }),
  );
  const { client } = startClient(t, port);
  client.subscribe('a', 1);
  await until(() => subscribed.length === 1);
  client.subscribe('b', 0);
  await until(() => subscribed.length === 4);
  assert.deepEqual(subscribed, ['0:a', '0:b', '1:a', '1:b']);
});

test('tries each address in turn and stays with the one that answers', timeout, async (t) => {
  const { port, sockets } = await startServer(t, (socket) => accept(socket));
  const unused = net.createServer().listen(0, '127.0.0.1');
  await once(unused, 'listening');
  const closedPort = (unused.address() as AddressInfo).port;
  unused.close();
  const host = '127.0.0.1';
  const { client, seen } = startClient(t, 0, {
    addresses: [
      { host, port: closedPort },
      { host, port },
    ],
  });
  await until(() => client.connected);
  sockets[0]?.destroy();
  await until(() => seen.connects === 2);
  assert.equal(seen.closes[0], 'unreachable');
  assert.equal(seen.closes.length, 2);
});

test('names why a broker refused it, and why a connection ended', timeout, async (t) => {
  const answers = [1, 2, 3, 4, 5].map((code) => Buffer.from([0x20, 2, 0, code]));
  const { port } = await startServer(t, (socket, connection) => {
    socket.once('data', () => {
      const answer = answers[connection];
      if (answer) socket.write(answer);
      else if (connection === 5) socket.end(connack);
      else if (connection === 6) socket.write(Buffer.from([0x20, 2, 0, 0, 0x10, 0]));
      else if (connection === 7) socket.write(Buffer.from([0x40, 2, 0, 1]));
      else if (connection === 8) socket.write(Buffer.from([0x20, 2, 0, 0, 0x30, 0xff, 0xff, 0xff, 0x7f]));
      else if (connection === 9) socket.resetAndDestroy();
    });
  });
  const { seen } = startClient(t, port, { reconnect: { minMs: 1, maxMs: 2 } });
  await until(() => seen.closes.length === 10);
  assert.deepEqual(seen.closes, [
    'refused:protocol-version',
    'refused:client-id',
    'refused:unavailable',
    'refused:bad-credentials',
    'refused:not-authorized',
    'ended',
    'malformed',
    'malformed',
    'malformed',
    'reset',
  ]);
});

test('waits longer after each failure, also when it is taken and dropped again', timeout, async (t) => {
  const asked: number[] = [];
  const { port } = await startServer(t, (socket, connection) => {
    accept(socket);
    if (connection < 4) socket.once('data', () => socket.end());
  });
  const waits: number[] = [];
  const realSetTimeout = globalThis.setTimeout;
  t.mock.method(globalThis, 'setTimeout', (callback: () => void, ms: number) => {
    const isWait = ms >= 100 && ms <= 800;
    if (isWait) waits.push(ms);
    return realSetTimeout(callback, isWait ? 1 : ms);
  });
  const { seen } = startClient(t, port, {
    reconnect: { minMs: 100, maxMs: 800 },
    keepAliveSeconds: 0,
    random: () => {
      asked.push(1);
      return 0;
    },
  });
  await until(() => seen.closes.length === 4 && seen.connects === 5);
  assert.deepEqual(waits, [100, 200, 400, 400]);
  assert.equal(asked.length, 4);
});

test('reads packets however they are cut into segments', timeout, async (t) => {
  const bytes = Buffer.concat([
    connack,
    ...[0, 5, 127, 128, 2000].map((size) =>
      mqtt.generate({
        cmd: 'publish',
        topic: 'news',
        payload: Buffer.alloc(size, size),
        qos: 0,
        dup: false,
        retain: false,
      }),
    ),
  ]);
  const { port } = await startServer(t, (socket) => {
    socket.setNoDelay(true);
    let at = 0;
    const writeNext = (): void => {
      socket.write(bytes.subarray(at, at + 3));
      at += 3;
      if (at < bytes.length) setImmediate(writeNext);
    };
    socket.once('data', writeNext);
  });
  const { seen } = startClient(t, port);
  await until(() => seen.messages.length === 5);
  assert.deepEqual(
    seen.messages.map((message) => message.payload.length),
    [0, 5, 127, 128, 2000],
  );
  assert.ok(
    seen.messages.every((message) => message.payload.every((byte) => byte === message.payload.length % 256)),
  );
});

test(
  'writes what is published in one turn in one piece, and holds back when nobody reads',
  timeout,
  async (t) => {
    const chunks: number[] = [];
    const { port, sockets } = await startServer(t, (socket) => {
      socket.once('data', () => {
        socket.write(connack);
        socket.on('data', (chunk) => chunks.push(chunk.length));
      });
    });
    const { client, seen } = startClient(t, port);
    await until(() => client.connected);
    for (let n = 0; n < 10; n++) client.publish('t', Buffer.alloc(100), 0, n);
    await until(() => chunks.length > 0);
    assert.deepEqual(chunks, [10 * 105]);
    sockets[0]?.pause();
    let tag = 10;
    const publishAll = (): void => {
      while (client.publish('t', Buffer.alloc(60_000), 0, tag)) tag++;
    };
    const writableBefore = seen.writable;
    publishAll();
    assert.ok(tag < 20, `${tag} messages of 60 kB waited in the socket`);
    await until(async () => {
      publishAll();
      const before = tag;
      await new Promise((resolve) => setImmediate(resolve));
      publishAll();
      return tag === before;
    });
    sockets[0]?.resume();
    await until(() => seen.writable > writableBefore);
  },
);

test(
  'one that fills up within a turn is told of room again when all of it has been written',
  timeout,
  async (t) => {
    let received = 0;
    const { port } = await startServer(t, (socket) =>
      accept(socket, (packet) => {
        if (packet.cmd === 'publish') received++;
      }),
    );
    let tag = 0;
    const turns: number[] = [];
    const publishMore = (client: MqttClient): void => {
      turns.push(tag);
      while (tag < 1000 && client.publish('t', Buffer.alloc(1000), 0, tag)) tag++;
    };
    startClient(t, port, {}, { onConnect: publishMore, onWritable: publishMore });
    await until(() => received === 1000);
    assert.ok(turns.length > 10, `${turns.length} turns`);
  },
);

test('an end or a destroy stops the reconnecting, also between two attempts', timeout, async (t) => {
  const { port, sockets } = await startServer(t, (socket) => socket.destroy());
  const { client, seen } = startClient(t, port);
  await until(() => seen.closes.length === 2);
  client.destroy();
  const attempts = sockets.length;
  await new Promise((resolve) => setTimeout(resolve, 200));
  assert.equal(sockets.length, attempts);
  assert.equal(client.connected, false);
});

test('refuses a window that the packet ids cannot number', () => {
  for (const inFlightLimit of [0, 65_001, Number.NaN]) {
    assert.throws(
      () => startClient({ after: () => undefined } as unknown as TestContext, 1, { inFlightLimit }),
      RangeError,
    );
  }
});
