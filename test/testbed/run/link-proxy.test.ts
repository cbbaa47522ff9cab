import assert from 'node:assert/strict';
import { once } from 'node:events';
import { connect, createServer, type AddressInfo, type Server, type Socket } from 'node:net';
import { after, before, test } from 'node:test';
import { LinkProxy } from '#testbed/run/link-proxy.ts';
import { pickPort } from '#testbed/run/ports.ts';

const host = '127.0.0.1';
let echo: Server;
let target: { host: string; port: number };

before(async () => {
  echo = createServer((socket) => socket.on('error', () => {}).pipe(socket));
  echo.listen(0, host);
  await once(echo, 'listening');
  target = { host, port: (echo.address() as AddressInfo).port };
});

after(() => echo.close());

async function dial(port: number): Promise<Socket> {
  const socket = connect(port, host);
  await once(socket, 'connect');
  return socket;
}

test('what goes in comes out on the other side', async () => {
  const proxy = new LinkProxy('edge-1/bridge', { host, port: await pickPort() }, target);
  await proxy.open();
  const socket = await dial(Number(proxy.address.split(':')[1]));
  socket.write('one frame');
  const [chunk] = (await once(socket, 'data')) as [Buffer];
  assert.equal(chunk.toString(), 'one frame');
  socket.destroy();
  await proxy.cut();
});

test('a cut link ends its connections and refuses new ones until it is opened again', async () => {
  const port = await pickPort();
  const proxy = new LinkProxy('edge-1/bridge', { host, port }, target);
  await proxy.open();
  const socket = await dial(port);
  const ended = new Promise<string>((resolve) => {
    socket.once('error', (error: NodeJS.ErrnoException) => resolve(error.code ?? ''));
  });
  await proxy.cut();
  assert.equal(await ended, 'ECONNRESET');
  await assert.rejects(dial(port), { code: 'ECONNREFUSED' });

  await proxy.open();
  const again = await dial(port);
  again.destroy();
  await proxy.cut();
});

test('a port that is taken is said in words', async () => {
  const proxy = new LinkProxy('edge-1/bridge', { host, port: target.port }, target);
  await assert.rejects(proxy.open(), {
    name: 'UserError',
    message: new RegExp(`link edge-1/bridge: .*${target.port} is already in use`),
  });
});
