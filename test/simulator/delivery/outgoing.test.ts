import assert from 'node:assert/strict';
import { test } from 'node:test';
import { signalCount } from '#contract/signals.ts';
import { decodeTelemetry, type TelemetryBatch } from '#contract/telemetry.ts';
import { Marks } from '#simulator/delivery/marks.ts';
import { Outgoing } from '#simulator/delivery/outgoing.ts';
import { ShardCounts } from '#simulator/shard/counts.ts';

const startedAt = 1_700_000_000_000;

/** One car, a connection that is open or not, a clock in the hand. */
function rig(pendingLimit = 3) {
  const state = { nowMs: 0, room: Infinity, published: [] as TelemetryBatch[] };
  const columns = Array.from({ length: signalCount }, () => new Float32Array(2));
  const marks = new Marks(['VINVIN'], Float64Array.of(77));
  const counts = new ShardCounts();
  const outgoing = new Outgoing(
    {
      carrier: {
        hasRoom: () => state.room > 0,
        publish: (_, payload) => {
          state.room--;
          state.published.push(decodeTelemetry(payload));
          return true;
        },
      },
      marks,
      counts,
      vins: ['VINVIN'],
      sessions: Float64Array.of(77),
      qos: 1,
      intervalMs: 1000,
      pendingLimit,
      nowMs: () => state.nowMs,
      startedAt: () => startedAt,
    },
    columns,
  );
  const offer = (message: number): void => {
    for (const [signal, column] of columns.entries()) column.fill(message + signal / 2);
    outgoing.offer(0, message * 1000, message * 10_000);
  };
  return { state, outgoing, marks, counts, offer };
}

test('a message goes out at once where it can, with the next seq and the time at which it was due', () => {
  const { state, outgoing, offer, counts } = rig();
  for (let message = 1; message <= 3; message++) {
    state.nowMs = message * 1000 + 3;
    offer(message);
  }
  assert.deepEqual(
    state.published.map(({ seq, scheduledAt, simTime, session }) => [seq, scheduledAt, simTime, session]),
    [1, 2, 3].map((n) => [n, startedAt + n * 1000, n * 10_000, 77]),
  );
  assert.equal(outgoing.pending, 0);
  assert.equal(counts.sent, 3);
  assert.equal(counts.scheduleToSendMs.count, 3);
  assert.equal(counts.lateByGenerator + counts.lateByWaiting, 0);
});

test('what waits goes out in order, with its own readings, and seqs have no gap', () => {
  const { state, outgoing, offer } = rig();
  offer(1);
  state.room = 0;
  offer(2);
  offer(3);
  assert.equal(outgoing.pending, 2);
  state.room = 1;
  outgoing.drain(0);
  assert.equal(outgoing.pending, 1);
  // A new message does not overtake.
  state.room = 1;
  offer(4);
  assert.equal(state.published.length, 2);
  outgoing.drain(0);
  state.room = Infinity;
  outgoing.drain(0);
  assert.deepEqual(
    state.published.map(({ seq, columns }) => [seq, [...columns[0]!], [...columns[1]!]]),
    [1, 2, 3, 4].map((n) => [n, [n, n], [n + 0.5, n + 0.5]]),
  );
});

test('beyond the limit the oldest is dropped, counted, and takes no seq', () => {
  const { state, outgoing, offer, marks, counts } = rig(3);
  state.room = 0;
  for (let message = 1; message <= 5; message++) offer(message);
  assert.equal(outgoing.pending, 3);
  assert.equal(counts.dropped, 2);
  state.room = Infinity;
  outgoing.drain(0);
  assert.deepEqual(
    state.published.map(({ seq, columns }) => [seq, columns[0]![0]]),
    [
      [1, 3],
      [2, 4],
      [3, 5],
    ],
  );
  assert.deepEqual(marks.of(0), { vin: 'VINVIN', session: 77, sent: 3, acked: 0, dropped: 2 });
});

test('late is more than a second, by the generator or by waiting', () => {
  const { state, outgoing, offer, counts } = rig();
  state.nowMs = 2000;
  offer(1);
  assert.deepEqual([counts.lateByGenerator, counts.lateByWaiting], [0, 0]);
  state.nowMs = 3001;
  offer(2);
  assert.deepEqual([counts.lateByGenerator, counts.lateByWaiting], [1, 0]);
  state.room = 0;
  offer(3);
  state.nowMs = 4001;
  state.room = 1;
  outgoing.drain(0);
  assert.deepEqual([counts.lateByGenerator, counts.lateByWaiting], [1, 1]);
});

test('what still waits at the end is dropped, and counted', () => {
  const { state, outgoing, offer, marks, counts } = rig();
  state.room = 0;
  offer(1);
  offer(2);
  outgoing.giveUp();
  assert.equal(outgoing.pending, 0);
  assert.equal(counts.dropped, 2);
  assert.equal(marks.of(0).dropped, 2);
});
