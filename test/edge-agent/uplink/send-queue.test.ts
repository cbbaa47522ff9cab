import assert from 'node:assert/strict';
import { test } from 'node:test';
import { setImmediate as turn } from 'node:timers/promises';
import { encodeFrame } from '#contract/frame.ts';
import type { StoredFrame } from '../../../edge-agent/outbox/store.ts';
import { SendQueue } from '../../../edge-agent/uplink/send-queue.ts';

const epoch = '0123456789abcdef';

/** Frames on disk, each about this large. */
function onDisk(sizes: number[]): StoredFrame[] {
  return sizes.map((size, index) => ({
    position: index + 1,
    bytes: encodeFrame({
      epoch,
      number: index + 1,
      createdAt: 1,
      entries: [{ destination: 'fleet.telemetry', key: 'VIN', value: Buffer.alloc(size) }],
    }),
  }));
}

test('a frame that does not fit waits on disk until one has left, and is not read over and over', async () => {
  const frames = onDisk([300, 300, 900, 5000, 10]);
  let reads = 0;
  let failure: unknown;
  const queue = new SendQueue({
    outbox: {
      firstPosition: 1,
      nextPosition: frames.length + 1,
      read: (from, maxBytes) => {
        reads += 1;
        assert.ok(reads <= 10, 'the disk is read over and over');
        let total = 0;
        const found = frames.filter(
          ({ position, bytes }) => position >= from && (total += bytes.length) <= maxBytes,
        );
        return Promise.resolve(found.length > 0 ? found : frames.slice(from - 1, from));
      },
    },
    maxBytes: 1000,
    chunkBytes: 800,
    onReady: () => queue.peek(),
    onError: (error) => (failure ??= error),
  });
  const sent: number[] = [];
  for (let turns = 0; turns < 200 && sent.length < frames.length; turns++) {
    const frame = queue.peek();
    assert.ok(queue.bytes <= 1000, `${queue.bytes} bytes in memory`);
    // The window is open only now and then.
    if (frame && turns % 20 === 19) {
      sent.push(frame.position);
      queue.shift();
    }
    await turn();
  }
  assert.equal(failure, undefined);
  assert.deepEqual(sent, [1, 2, 3, 4, 5]);
});
