import assert from 'node:assert/strict';
import { once } from 'node:events';
import type net from 'node:net';
import { test, type TestContext } from 'node:test';
import { until } from '#test/until.ts';
import { connectDirectly, readDirectly } from '#wire/direct-reads.ts';
import { connectedPair } from '#test/wire/mqtt-parts.ts';

/** @returns bytes, once no more are read */
async function readAtRest(socket: net.Socket): Promise<number> {
  let before = -1;
  while (before !== socket.bytesRead) {
    before = socket.bytesRead;
    await new Promise((resolve) => setTimeout(resolve, 200));
  }
  return before;
}

/** A server's end of a connection whose bytes are read directly, and who sends them. */
async function connected(t: TestContext, take: (bytes: Buffer) => void, { isPaused = false } = {}) {
  const { client: sender, socket } = await connectedPair(t);
  const events: Buffer[] = [];
  socket.on('data', (chunk: Buffer) => events.push(chunk));
  readDirectly({ socket, bytesRead: 0, wasNeverPaused: !isPaused, arrived: take });
  return { socket, sender, events };
}

async function hearsOfEnds(open: () => Promise<{ socket: net.Socket; sender: net.Socket }>): Promise<void> {
  const ended = await open();
  const end = once(ended.socket, 'end');
  ended.sender.end('last words');
  await end;
  const reset = await open();
  const error = once(reset.socket, 'error');
  reset.sender.resetAndDestroy();
  assert.equal(((await error)[0] as NodeJS.ErrnoException).code, 'ECONNRESET');
}

test('what flows in is handed on past the stream, and is the taker’s to keep', async (t) => {
  const taken: Buffer[] = [];
  const { socket, sender, events } = await connected(t, (bytes) => taken.push(bytes));
  for (let n = 0; n < 50; n++) {
    sender.write(Buffer.alloc(3000, n));
    await until(() => taken.reduce((sum, { length }) => sum + length, 0) === (n + 1) * 3000);
  }
  const expected = Buffer.concat(Array.from({ length: 50 }, (_, n) => Buffer.alloc(3000, n)));
  assert.deepEqual(Buffer.concat(taken), expected);
  assert.equal(events.length, 0, 'it went through the stream: Node reads in another way');
  assert.equal(socket.bytesRead, expected.length);
});

test('a socket that is paused stops reading at the stream’s mark, and loses nothing when it flows again', async (t) => {
  const all: Buffer[] = [];
  const { socket, sender } = await connected(t, (bytes) => all.push(bytes), { isPaused: true });
  socket.on('data', (chunk: Buffer) => all.push(chunk));
  await until(() => socket.readableFlowing === true);
  socket.pause();
  const sent = Buffer.from(Array.from({ length: 8_000_000 }, (_, n) => n % 251));
  sender.write(sent);
  const before = await readAtRest(socket);
  assert.ok(before > 0 && before < 1_000_000, `${before} bytes were read`);
  assert.equal(all.length, 0);
  socket.resume();
  await until(() => all.reduce((sum, { length }) => sum + length, 0) === sent.length);
  assert.ok(Buffer.concat(all).equals(sent));
});

test('the other side’s end and its reset are heard of as ever', async (t) => {
  await hearsOfEnds(() => connected(t, () => {}));
});

/** A client that reads directly, and the server's end of its connection. */
async function clientOf(t: TestContext, take: (bytes: Buffer) => void) {
  const isConnected = Promise.withResolvers<void>();
  const reader = {
    bytesRead: 0,
    connected: isConnected.resolve,
    arrived: (bytes: Buffer, length: number) => take(Buffer.from(bytes.subarray(0, length))),
  };
  const { client, socket: sender } = await connectedPair(t, (address) => connectDirectly(address, reader));
  await isConnected.promise;
  return { socket: client, sender };
}

test('a client is given what comes past the stream, and is paused and resumed like any', async (t) => {
  const taken: Buffer[] = [];
  const takenBytes = (): number => taken.reduce((sum, { length }) => sum + length, 0);
  const { socket, sender } = await clientOf(t, (bytes) => taken.push(bytes));
  sender.write(Buffer.alloc(3000, 1));
  await until(() => takenBytes() === 3000);
  socket.pause();
  const sent = Buffer.from(Array.from({ length: 8_000_000 }, (_, n) => n % 251));
  sender.write(sent);
  const before = await readAtRest(socket);
  assert.ok(before < 1_000_000, `${before} bytes were read`);
  socket.resume();
  await until(() => takenBytes() === 3000 + sent.length);
  assert.ok(Buffer.concat(taken).subarray(3000).equals(sent));
  assert.equal(socket.bytesRead, 3000 + sent.length);
});

test('a client hears of the other side’s end and its reset as ever', async (t) => {
  await hearsOfEnds(() => clientOf(t, () => {}));
});
