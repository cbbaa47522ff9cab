import assert from 'node:assert/strict';
import { once } from 'node:events';
import { test, type TestContext } from 'node:test';
import { until } from '#test/until.ts';
import { readDirectly } from '#wire/direct-reads.ts';
import { connectedPair } from '#test/wire/mqtt-parts.ts';

/** A server's end of a connection whose bytes are read directly, and who sends them. */
async function connected(t: TestContext, take: (bytes: Buffer) => void) {
  const { client: sender, socket } = await connectedPair(t);
  const events: Buffer[] = [];
  socket.on('data', (chunk: Buffer) => events.push(chunk));
  readDirectly(socket, { arrived: take });
  return { socket, sender, events };
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
  const { socket, sender } = await connected(t, (bytes) => all.push(bytes));
  socket.on('data', (chunk: Buffer) => all.push(chunk));
  await until(() => socket.readableFlowing === true);
  socket.pause();
  const sent = Buffer.from(Array.from({ length: 8_000_000 }, (_, n) => n % 251));
  sender.write(sent);
  let before = -1;
  while (before !== socket.bytesRead) {
    before = socket.bytesRead;
    await new Promise((resolve) => setTimeout(resolve, 200));
  }
  assert.ok(before > 0 && before < 1_000_000, `${before} bytes were read`);
  assert.equal(all.length, 0);
  socket.resume();
  await until(() => all.reduce((sum, { length }) => sum + length, 0) === sent.length);
  assert.ok(Buffer.concat(all).equals(sent));
});

test('the other side’s end and its reset are heard of as ever', async (t) => {
  const ended = await connected(t, () => {});
  const end = once(ended.socket, 'end');
  ended.sender.end('last words');
  await end;
  const reset = await connected(t, () => {});
  const error = once(reset.socket, 'error');
  reset.sender.resetAndDestroy();
  assert.equal(((await error)[0] as NodeJS.ErrnoException).code, 'ECONNRESET');
});
