import assert from 'node:assert/strict';
import type { Socket } from 'node:net';
import { test } from 'node:test';
import { until } from '#test/until.ts';
import { startClient, startServer } from '#test/wire/mqtt-parts.ts';

const timeout = { timeout: 60_000 };

/** How each connection ended, as its server saw it. */
function endsOf(into: string[]): (socket: Socket) => void {
  return (socket) => {
    socket.resume();
    socket.on('error', (error: NodeJS.ErrnoException) => into.push(error.code ?? error.message));
    socket.on('end', () => into.push('end'));
  };
}

test(
  'gives up a broker that takes the connection and never answers, and leaves no port waiting',
  timeout,
  async (t) => {
    const ends: string[] = [];
    const { port } = await startServer(t, endsOf(ends));
    const { seen } = startClient(t, port, { connectTimeoutMs: 50 });
    await until(() => seen.closes.length >= 2 && ends.length >= 2);
    assert.deepEqual(new Set(seen.closes), new Set(['timeout']));
    // An end in order would keep the local port in TIME_WAIT for a minute.
    assert.deepEqual(new Set(ends), new Set(['ECONNRESET']));
  },
);

test('so does one that is refused; one that was let in ends in order', timeout, async (t) => {
  const ends: string[] = [];
  const watch = endsOf(ends);
  const answers = [5, 0];
  const { port } = await startServer(t, (socket, connection) => {
    watch(socket);
    socket.once('data', () => socket.write(Buffer.from([0x20, 2, 0, answers[connection] ?? 5])));
  });
  const { client } = startClient(t, port);
  await until(() => client.connected);
  client.destroy();
  await until(() => ends.length === 2);
  assert.deepEqual(ends, ['ECONNRESET', 'end']);
});

test(
  'one that is destroyed while it says goodbye is closed, and keeps no process from ending',
  timeout,
  async (t) => {
    const { port } = await startServer(t, (socket) => {
      socket.once('data', () => socket.write(Buffer.from([0x20, 2, 0, 0])));
    });
    const { client, seen } = startClient(t, port);
    await until(() => client.connected);
    void client.end({ graceful: true });
    client.destroy();
    await until(() => seen.closes.length === 1);
  },
);
