import assert from 'node:assert/strict';
import { once } from 'node:events';
import net from 'node:net';
import { test } from 'node:test';
import { setImmediate as turn } from 'node:timers/promises';
import { listenOn, portOf } from '#wire/listening.ts';

const host = '127.0.0.1';
const linux = { skip: process.platform === 'linux' ? false : 'ports are shared on Linux only' };

function close(servers: readonly net.Server[]): void {
  for (const server of servers) server.close();
}

test('several connections are taken in one turn of the event loop', linux, async (t) => {
  const connections = 64;
  const perTurn: number[] = [0];
  const taken = (): number => perTurn.reduce((sum, one) => sum + one, 0);
  const servers = await listenOn({ host, port: 0 }, (socket) => {
    perTurn[perTurn.length - 1]!++;
    socket.destroy();
  });
  t.after(() => close(servers));
  const clients = Array.from({ length: connections }, () =>
    net.connect(portOf(servers[0]!), host).on('error', () => undefined),
  );
  t.after(() => clients.forEach((client) => client.destroy()));
  while (taken() < connections) {
    await turn();
    perTurn.push(0);
  }
  // One socket would take one a turn. Which socket a connection comes by is the kernel's chance.
  assert.ok(Math.max(...perTurn) >= 3, `at most ${Math.max(...perTurn)} in a turn`);
});

test('a port that is taken is an error, whether others share it or not, and nobody listens then', async (t) => {
  const alone = net.createServer().listen(0, host);
  await once(alone, 'listening');
  const shared = await listenOn({ host, port: 0 }, () => undefined);
  t.after(() => close([alone, ...shared]));
  for (const port of [portOf(alone), portOf(shared[0]!)])
    await assert.rejects(
      listenOn({ host, port }, () => undefined),
      { code: 'EADDRINUSE' },
    );
});

test('a port is free again when its servers are closed', async (t) => {
  const servers = await listenOn({ host, port: 0 }, () => undefined);
  const port = portOf(servers[0]!);
  assert.deepEqual(new Set(servers.map(portOf)), new Set([port]));
  close(servers);
  await Promise.all(servers.map((server) => once(server, 'close')));
  const again = await listenOn({ host, port }, () => undefined);
  t.after(() => close(again));
  assert.equal(portOf(again[0]!), port);
});
