import assert from 'node:assert/strict';
import { test, type TestContext } from 'node:test';
import { decodeFrame } from '#contract/frame.ts';
import { Outbox, type DurableFrame, type OutboxOptions } from '#edge-agent/outbox/outbox.ts';
import { noRows } from '#edge-agent/outbox/packed-rows.ts';
import { createLog } from '#runtime/log.ts';
import { until } from '#test/until.ts';
import { packed } from './packed.ts';
import { tempFolder } from '../rig.ts';

const options = { timeout: 60_000 };

interface Opened {
  outbox: Outbox;
  durable: DurableFrame[];
  settled: string[];
  append: (word: string) => void;
}

async function open(t: TestContext, limits: Partial<OutboxOptions> = {}): Promise<Opened> {
  const durable: DurableFrame[] = [];
  const settled: string[] = [];
  const outbox = await Outbox.open({
    dataDir: await tempFolder(t),
    maxBytes: 1e9,
    maxWaitingBytes: 1e9,
    lingerMs: 20,
    maxFrameBytes: 1e6,
    maxFrameEntries: 1000,
    log: createLog({ component: 'edge', level: 'silent' }),
    onDurable: (frame) => durable.push(frame),
    onCommitted: () => {},
    onTrouble: (why) => assert.fail(String(why)),
    onDamage: (error) => assert.fail(error),
    ...limits,
  });
  t.after(() => outbox.close());
  const append = (word: string): void => {
    const entry = { destination: 'fleet.telemetry', key: 'key', value: Buffer.from(word) } as const;
    outbox.append(entry, noRows, () => settled.push(word));
  };
  return { outbox, durable, settled, append };
}

const words = (frames: readonly DurableFrame[]): string[][] =>
  frames.map((frame) => decodeFrame(frame.bytes).entries.map((entry) => entry.value.toString()));

test('what comes within the linger time becomes one frame', options, async (t) => {
  const { durable, settled, append, outbox } = await open(t);
  for (const word of ['a', 'b', 'c']) append(word);
  assert.ok(outbox.waitingBytes > 0);
  await until(() => durable.length > 0);
  assert.deepEqual(words(durable), [['a', 'b', 'c']]);
  assert.deepEqual(settled, ['a', 'b', 'c']);
  assert.equal(outbox.waitingBytes, 0);
});

test('what comes while a commit runs becomes the next frame', options, async (t) => {
  const { durable, append } = await open(t, { lingerMs: 0 });
  append('a');
  // The first commit is on its way to its thread; it cannot have ended within this turn.
  for (const word of ['b', 'c', 'd']) append(word);
  await until(() => durable.length === 2);
  assert.deepEqual(words(durable), [['a'], ['b', 'c', 'd']]);
});

test('a frame ends at its limit of entries or bytes, and does not linger then', options, async (t) => {
  const { durable, append } = await open(t, { lingerMs: 60_000, maxFrameEntries: 2 });
  for (const word of ['a', 'b', 'c', 'd', 'e']) append(word);
  await until(() => durable.length === 2);
  assert.deepEqual(words(durable), [
    ['a', 'b'],
    ['c', 'd'],
  ]);
  const small = await open(t, { lingerMs: 60_000, maxFrameBytes: 40 });
  for (const word of ['a'.repeat(20), 'b'.repeat(20), 'c'.repeat(100), 'd']) small.append(word);
  await until(() => small.durable.length === 3);
  assert.deepEqual(
    words(small.durable).map((frame) => frame.map((word) => word[0])),
    [['a'], ['b'], ['c']],
  );
});

test('what is appended together stands in one frame, whatever its limits', options, async (t) => {
  for (const limit of [{ maxFrameEntries: 3 }, { maxFrameBytes: 40 }]) {
    const { durable, settled, append, outbox } = await open(t, { lingerMs: 60_000, ...limit });
    const entries = ['b', 'c', 'd'].map((word) => {
      return { destination: 'fleet.predictions', key: 'key', value: Buffer.from(word) } as const;
    });
    append('a');
    outbox.appendTogether(entries, packed([['#row', Buffer.from('d')]]), () => settled.push('b, c, d'));
    append('e');
    await outbox.flush(60_000);
    const frames = words(durable);
    const together = frames.find((frame) => frame.includes('b')) ?? [];
    assert.ok(together.join('').endsWith('bcd'), frames.join(' | '));
    assert.deepEqual(frames.flat(), ['a', 'b', 'c', 'd', 'e']);
    assert.deepEqual(settled, ['a', 'b, c, d', 'e']);
    assert.equal(outbox.waitingBytes, 0);
  }
});

test('whoever waits for what came earlier is told right after it', options, async (t) => {
  const { outbox, settled, append } = await open(t);
  outbox.afterEarlier(() => settled.push('nothing was there'));
  append('a');
  outbox.afterEarlier(() => settled.push('after a'));
  append('b');
  assert.deepEqual(settled, ['nothing was there']);
  await until(() => settled.length === 4);
  assert.deepEqual(settled, ['nothing was there', 'a', 'after a', 'b']);
});

test('at the limit of bytes nothing is committed until the bridge has taken a frame', options, async (t) => {
  const { outbox, durable, settled, append } = await open(t, {
    lingerMs: 0,
    maxBytes: 1000,
    maxFrameEntries: 1,
  });
  for (let n = 0; n < 5; n++) append(String(n).repeat(400));
  await until(() => durable.length === 2);
  assert.equal(await outbox.flush(100), false);
  assert.equal(settled.length, 2);
  assert.ok(outbox.bytes <= 1000);
  const [first] = durable;
  outbox.acknowledge(first?.position ?? 0, first?.bytes.length ?? 0);
  await until(() => durable.length === 3);
  assert.equal(settled.length, 3);
});

test('while the disk is full nothing is settled; then all of it, in order, each once', options, async (t) => {
  const troubles: (string | null)[] = [];
  const { outbox, durable, settled, append } = await open(t, {
    lingerMs: 0,
    onTrouble: (why) => troubles.push(why),
  });
  append('a');
  await until(() => settled.length === 1);
  await outbox.setDiskFull(true);
  append('b');
  await until(() => troubles.length === 1);
  append('c');
  // More than one try of those that come every 100 ms and more.
  assert.equal(await outbox.flush(500), false);
  assert.deepEqual(settled, ['a']);
  assert.ok(outbox.waitingBytes > 0);
  // What the bridge has stays in the file, and is no trouble.
  outbox.acknowledge(1, durable[0]?.bytes.length ?? 0);
  await outbox.setDiskFull(false);
  await until(() => settled.length === 3);
  assert.deepEqual(troubles, ['the disk is full', null]);
  assert.deepEqual(settled, ['a', 'b', 'c']);
  assert.deepEqual(words(durable), [['a'], ['b'], ['c']]);
  assert.equal(outbox.waitingBytes, 0);
});

test('acknowledged frames leave the file soon, also when nothing more comes', options, async (t) => {
  const { outbox, durable, append } = await open(t);
  append('a');
  await until(() => durable.length === 1);
  outbox.acknowledge(1, durable[0]?.bytes.length ?? 0);
  assert.deepEqual([outbox.frames, outbox.bytes], [0, 0]);
  await until(async () => (await outbox.read(1, 1000)).length === 0);
});
