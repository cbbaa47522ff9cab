import assert from 'node:assert/strict';
import { once } from 'node:events';
import { connect, createServer, type AddressInfo, type Server, type Socket } from 'node:net';
import { after, before, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { JointLink } from '#testbed/run/link/breakable.ts';
import { maxWaitingBytes } from '#testbed/run/link/flow.ts';
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

/** A proxy in front of a server of the test's own. */
async function linkTo(
  t: { after(done: () => Promise<void>): void },
  serve: (socket: Socket) => void,
): Promise<{ proxy: LinkProxy; dial: () => Promise<Socket> }> {
  const server = createServer({ allowHalfOpen: true }, (socket) => serve(socket.on('error', () => {})));
  server.listen(0, host);
  await once(server, 'listening');
  const port = await pickPort();
  const { port: serverPort } = server.address() as AddressInfo;
  const proxy = new LinkProxy('edge-1/bridge', { host, port }, { host, port: serverPort });
  await proxy.open();
  t.after(async () => {
    await proxy.cut();
    server.close();
  });
  return { proxy, dial: async () => (await dial(port)).on('error', () => {}) };
}

/** So many round trips over a link that is free: what was sent before on another one has had its time. */
async function roundTrips(count: number): Promise<void> {
  const socket = await dial(target.port);
  for (let trip = 0; trip < count; trip++) {
    socket.write('x');
    await once(socket, 'data');
  }
  socket.destroy();
}

/** Writes pieces until no more are taken. @returns how many bytes were */
async function writeUntilHeldBack(socket: Socket, totalBytes: number): Promise<number> {
  const piece = Buffer.alloc(64 * 1024, 'x');
  let takenBytes = 0;
  const next = (): void => {
    takenBytes += piece.length;
    if (takenBytes < totalBytes) socket.write(piece, next);
  };
  socket.write(piece, next);
  for (let earlierBytes = -1; earlierBytes < takenBytes;) {
    earlierBytes = takenBytes;
    await sleep(500);
  }
  return takenBytes;
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

test('a slow link holds back what present and new connections send, until it is cleared', async (t) => {
  const received: string[] = [];
  const { proxy, dial: dialLink } = await linkTo(t, (socket) =>
    socket.on('data', (chunk: Buffer) => received.push(chunk.toString())),
  );
  const present = await dialLink();
  present.write('before');
  while (received.length === 0) await roundTrips(1);
  proxy.slow(3_600_000, 0);
  present.write('one');
  await roundTrips(1);
  present.write('two');
  const later = await dialLink();
  later.write('three');
  await roundTrips(200);
  assert.deepEqual(received, ['before'], 'it was not late');
  proxy.clear();
  while (received.join('').length < 'beforeonetwothree'.length) await roundTrips(1);
  assert.ok(received.join('').includes('onetwo'), `out of order: ${received.join()}`);
});

test('with latency and jitter every byte arrives, in order, and then the end', async (t) => {
  const { proxy, dial: dialLink } = await linkTo(t, (socket) => socket.pipe(socket));
  const socket = await dialLink();
  proxy.slow(10, 10);
  const lines = Array.from({ length: 500 }, (_, n) => `line ${n}\n`);
  const received: Buffer[] = [];
  socket.on('data', (chunk: Buffer) => received.push(chunk));
  const ended = once(socket, 'end');
  for (const line of lines) {
    socket.write(line);
    await new Promise((resolve) => setImmediate(resolve));
  }
  // Half an end: the echo of what is still on its way must come back after it.
  socket.end();
  await ended;
  assert.equal(Buffer.concat(received).toString(), lines.join(''));
});

test('a receiver that does not read holds back its sender, slow or limited, and gets all in the end', async (t) => {
  const totalBytes = 64 * 1024 * 1024;
  // What the machine itself takes for two sockets that nobody reads, with room to spare.
  const socketBytes = 24 * 1024 * 1024;
  for (const hold of [
    (proxy: LinkProxy) => proxy.limit(1),
    (proxy: LinkProxy) => proxy.slow(3_600_000, 0),
    () => {},
  ]) {
    const accepted = Promise.withResolvers<Socket>();
    const { proxy, dial: dialLink } = await linkTo(t, (socket) => accepted.resolve(socket.pause()));
    const socket = await dialLink();
    hold(proxy);
    const takenBytes = await writeUntilHeldBack(socket, totalBytes);
    assert.ok(takenBytes < socketBytes + maxWaitingBytes, `${takenBytes} bytes were taken`);
    proxy.clear();
    let readBytes = 0;
    for await (const chunk of await accepted.promise) {
      readBytes += (chunk as Buffer).length;
      if (readBytes >= totalBytes) break;
    }
    assert.equal(readBytes, totalBytes);
    socket.destroy();
  }
});

test('a reset ends every connection and takes new ones at once', async (t) => {
  const { proxy, dial: dialLink } = await linkTo(t, (socket) => socket.pipe(socket));
  const sockets = [await dialLink(), await dialLink()];
  const ends = sockets.map(
    (socket) =>
      new Promise<string>((resolve) => {
        socket.once('error', (error: NodeJS.ErrnoException) => resolve(error.code ?? ''));
      }),
  );
  proxy.reset();
  assert.deepEqual(await Promise.all(ends), ['ECONNRESET', 'ECONNRESET']);
  const again = await dialLink();
  again.write('one frame');
  const [chunk] = (await once(again, 'data')) as [Buffer];
  assert.equal(chunk.toString(), 'one frame');
});

test('a side that dies takes the other with it, after what it had sent', async (t) => {
  const received: string[] = [];
  const closed = Promise.withResolvers<void>();
  const { proxy, dial: dialLink } = await linkTo(t, (socket) =>
    socket
      .on('data', (chunk: Buffer) => received.push(chunk.toString()))
      .on('close', () => closed.resolve())
      .on('end', () => socket.end()),
  );
  const socket = await dialLink();
  proxy.slow(3_600_000, 0);
  socket.write('last words');
  // A reset takes with it what the proxy has not read yet.
  await roundTrips(200);
  socket.resetAndDestroy();
  await roundTrips(200);
  proxy.clear();
  await closed.promise;
  assert.equal(received.join(''), 'last words');
});

test('a port that is taken is said in words', async () => {
  const proxy = new LinkProxy('edge-1/bridge', { host, port: target.port }, target);
  await assert.rejects(proxy.open(), {
    name: 'UserError',
    message: new RegExp(`link edge-1/bridge: .*${target.port} is already in use`),
  });
});

test('several links under one name are cut, healed and reset together', async (t) => {
  const serve = (socket: Socket): void => void socket.pipe(socket);
  const links = await Promise.all([linkTo(t, serve), linkTo(t, serve)]);
  const joint = new JointLink(links.map(({ proxy }) => proxy));
  const ended = async (act: () => void | Promise<void>): Promise<void> => {
    const sockets = await Promise.all(links.map(async (link) => link.dial()));
    // A proxy joins the two sides a moment after it has taken the connection.
    await Promise.all(
      sockets.map(async (socket) => {
        socket.write('x');
        await once(socket, 'data');
      }),
    );
    // Not by once(): the reset before it is an error.
    const closed = sockets.map((socket) => new Promise((resolve) => void socket.on('close', resolve)));
    await act();
    await Promise.all(closed);
  };
  await ended(() => joint.reset());
  await ended(() => joint.cut());
  for (const link of links) await assert.rejects(link.dial(), /ECONNREFUSED/);
  await joint.open();
  await ended(() => joint.reset());
});
