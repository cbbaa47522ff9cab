import assert from 'node:assert/strict';
import { test, type TestContext } from 'node:test';
import { until } from '#test/until.ts';
import { Answers } from '#wire/answers.ts';
import { connectedPair } from '#test/wire/mqtt-parts.ts';

/** Answers at a broker's end, and a client that may read them. */
async function answering(t: TestContext, timeoutMs: number) {
  const { client, socket } = await connectedPair(t);
  const silences: string[] = [];
  const answers = new Answers(socket, { fallSilent: (silence) => silences.push(silence) }, timeoutMs);
  t.after(() => answers.end());
  socket.on('drain', () => answers.drained());
  const chunks: Buffer[] = [];
  client.on('data', (chunk: Buffer) => chunks.push(chunk));
  /** Until the kernel and the socket take no more. */
  const fill = async (): Promise<void> => {
    while (!socket.writableNeedDrain) {
      for (let n = 0; n < 100_000; n++) answers.acknowledge((n % 65_000) + 1);
      await new Promise((resolve) => setImmediate(resolve));
    }
  };
  return { client, answers, fill, silences, all: () => Buffer.concat(chunks) };
}

test('what is answered in one turn is one write, PINGRESPs last', async (t) => {
  const { answers, all } = await answering(t, 1000);
  answers.acknowledge(0x102);
  answers.ping();
  answers.acknowledge(3);
  await until(() => all().length > 0);
  assert.equal(all().toString('hex'), '4002010240020003d000');
});

test('a client that does not read its answers has fallen silent, once', async (t) => {
  const { client, fill, silences } = await answering(t, 100);
  client.pause();
  await fill();
  await until(() => silences.length > 0);
  await fill();
  assert.deepEqual(silences, ['slow-reader']);
});

test('one that reads them late, but in time, has not', async (t) => {
  const { client, fill, silences, all } = await answering(t, 1000);
  client.pause();
  await fill();
  client.resume();
  let before = -1;
  while (before !== all().length) {
    before = all().length;
    await new Promise((resolve) => setTimeout(resolve, 600));
  }
  assert.deepEqual(silences, []);
});
