import assert from 'node:assert/strict';
import type { Socket } from 'node:net';
import { test } from 'node:test';
import { until } from '#test/until.ts';
import { accept, connack, pingResponse, startClient, startServer } from '#test/wire/mqtt-parts.ts';

const timeout = { timeout: 60_000 };

test('gives up a connection that falls silent, and pings one that is idle', timeout, async (t) => {
  const pings: number[] = [];
  const { port } = await startServer(t, (socket, connection) =>
    accept(socket, (packet) => {
      if (packet.cmd !== 'pingreq') return;
      pings.push(connection);
      if (connection > 0) socket.write(pingResponse);
    }),
  );
  const { seen } = startClient(t, port, { keepAliveSeconds: 1 });
  await until(() => pings.filter((connection) => connection === 1).length === 3);
  assert.deepEqual(seen.closes, ['timeout']);
  assert.equal(pings.filter((connection) => connection === 0).length, 1);
});

test(
  'a ping of one that publishes leaves with its next message, of any size, and silence is still found',
  timeout,
  async (t) => {
    const withMessage: boolean[] = [];
    let published = 0;
    const { port } = await startServer(t, (socket) => {
      let inChunk: string[] = [];
      accept(socket, ({ cmd }) => {
        inChunk.push(cmd);
        if (cmd === 'publish') published++;
      });
      socket.prependListener('data', () => (inChunk = []));
      socket.on('data', () => {
        // The first is answered, the second is not.
        if (!inChunk.includes('pingreq')) return;
        withMessage.push(inChunk.includes('publish'));
        if (withMessage.length === 1) socket.write(pingResponse);
      });
    });
    const { client, seen } = startClient(t, port, { keepAliveSeconds: 1, pingsBehindPublish: true });
    await until(() => client.connected);
    const large = Buffer.alloc(5000, 'x');
    const publishing = setInterval(() => client.publish('t/car', large, 0, 1), 50);
    t.after(() => clearInterval(publishing));
    await until(() => seen.closes.length > 0);
    assert.deepEqual([withMessage, seen.closes], [[true, true], ['timeout']]);
    assert.ok(published > 20, 'what followed was read as it was meant');
  },
);

test('one that stopped publishing pings by itself', timeout, async (t) => {
  let pings = 0;
  const { port } = await startServer(t, (socket) =>
    accept(socket, (packet) => {
      if (packet.cmd !== 'pingreq') return;
      pings++;
      socket.write(pingResponse);
    }),
  );
  const { client, seen } = startClient(t, port, { keepAliveSeconds: 1, pingsBehindPublish: true });
  await until(() => client.connected);
  client.publish('t/car', Buffer.from('x'), 0, 1);
  await until(() => pings === 3);
  assert.deepEqual(seen.closes, []);
});

test('leaves an address whose broker fell silent without having it wait once more', timeout, async (t) => {
  const takesOnly = (socket: Socket): void => {
    socket.once('data', () => socket.write(connack));
  };
  const silent = await startServer(t, takesOnly);
  const answering = await startServer(t, takesOnly);
  const addresses = [silent, answering].map(({ port }) => ({ host: '127.0.0.1', port }));
  const { seen } = startClient(t, 0, { addresses, keepAliveSeconds: 1 });
  await until(() => seen.connects === 2);
  assert.deepEqual(seen.closes, ['timeout']);
  assert.equal(silent.sockets.length, 1);
  assert.equal(answering.sockets.length, 1);
});
