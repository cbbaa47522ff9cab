import assert from 'node:assert/strict';
import { hash } from 'node:crypto';
import { test } from 'node:test';
import fc from 'fast-check';
import { spoiledCodec, type SpoiledMessage } from '#contract/ledger-records.ts';
import { signalCount } from '#contract/signals.ts';
import { decodeTelemetry, TelemetryError } from '#contract/telemetry.ts';
import { Marks } from '#simulator/delivery/marks.ts';
import { Outgoing } from '#simulator/delivery/outgoing.ts';
import { ownCars, type Fleet, type FleetSpoil } from '#simulator/fleet.ts';
import { timetableOf } from '#simulator/schedule/timetable.ts';
import { ShardCounts } from '#simulator/shard/counts.ts';
import { SpoiledCars } from '#simulator/spoils/spoiled-cars.ts';
import { SpoiledLog } from '#simulator/spoils/spoiled-log.ts';
import { secondTime, SpoilingCarrier } from '#simulator/spoils/spoiling-carrier.ts';
import { fleetWith } from '../fleets.ts';
import { spoilWith } from './fleets.ts';

const startedAt = 1_790_000_000_000;
const oversizeBytes = 64 * 1024;

/** A shard's way of a message without sockets: connections with a window, which the test acknowledges and closes. */
function rig(fleet: Fleet, options: { qos?: 0 | 1; window?: number; indices?: number[] } = {}) {
  const { qos = 1, window = 32, indices = [0] } = options;
  const vins = indices.map((index) => `VIN${index}`);
  const sessions = Float64Array.from(indices, (index) => 1000 + index);
  const columns = Array.from({ length: signalCount }, () => new Float32Array(2));
  const marks = new Marks(vins, sessions);
  const counts = new ShardCounts();
  const told: SpoiledMessage[] = [];
  const log = new SpoiledLog('simulator-1-1', (bytes) => told.push(...spoiledCodec.decode(bytes).messages));
  const sent: { slot: number; payload: Buffer; seq: number }[] = [];
  const inFlight: number[][] = indices.map(() => []);
  const asked: (() => void)[] = [];
  let nowMs = 0;
  let isShut = false;
  const carrier = {
    hasRoom: (slot: number) => !isShut && inFlight[slot]!.length < window,
    publish: (slot: number, payload: Buffer, seq: number) => {
      if (isShut || inFlight[slot]!.length >= window) return false;
      if (qos === 1) inFlight[slot]!.push(seq);
      sent.push({ slot, payload, seq });
      return true;
    },
    isIdle: (slot: number) => inFlight[slot]!.length === 0,
    ping: (_slot: number, answered: () => void) => void asked.push(answered),
    forget: (slot: number, seq: number) => void inFlight[slot]!.splice(inFlight[slot]!.indexOf(seq), 1),
  };
  const onRoom = (slot: number): void => {
    spoiling.sendOwed(slot);
    outgoing.drain(slot);
  };
  const ofCars = { marks, counts, vins, sessions, qos };
  const spoiling = new SpoilingCarrier({
    ...ofCars,
    carrier,
    cars: SpoiledCars.of(fleet, indices)!,
    log,
    onRoom,
    onGivenUp: (slot, seq) => marks.acked(slot, seq),
  });
  const outgoing = new Outgoing(
    {
      ...ofCars,
      carrier: spoiling,
      intervalMs: fleet.intervalMs,
      pendingLimit: 1000,
      nowMs: () => nowMs,
      startedAt: () => startedAt,
    },
    columns,
  );
  return {
    marks,
    counts,
    told,
    sent,
    asked,
    outgoing,
    spoiling,
    onRoom,
    isIdle: carrier.isIdle,
    /** All messages of the fleet's schedule that are due by then, in its order. */
    live: (untilMs: number) => {
      const due = indices
        .flatMap((index, slot) => [...timetableOf(fleet, index)].map((one) => ({ ...one, slot })))
        .filter(({ dueMs }) => dueMs >= nowMs && dueMs < untilMs)
        .sort((a, b) => a.dueMs - b.dueMs);
      for (const { slot, dueMs, simTime, message } of due) {
        nowMs = dueMs;
        for (const [signal, column] of columns.entries()) column.fill(message + signal / 2);
        outgoing.offer(slot, dueMs, simTime);
      }
      nowMs = untilMs;
    },
    ack: (slot: number) => {
      const seq = inFlight[slot]!.shift();
      if (seq === undefined) return;
      if (seq !== secondTime) marks.acked(slot, seq);
      spoiling.acked(slot, seq);
      onRoom(slot);
    },
    close: (slot: number) => {
      spoiling.closed(slot);
      onRoom(slot);
    },
    tell: () => log.flush(),
    shut: () => (isShut = true),
  };
}

/** One car; a message a second. */
const fleetOf = (...spoils: Partial<FleetSpoil>[]): Fleet =>
  fleetWith({ cars: 1, spoils: spoils.map((spoil) => spoilWith({ cars: 1, ...spoil })) });
const seqs = (sent: readonly { payload: Buffer }[]): number[] =>
  sent.map(({ payload }) => decodeTelemetry(payload).seq);

test('reorder: held back, sent after its successor, with seqs as they were due, and not late', () => {
  const { live, sent, counts, told, tell, marks } = rig(fleetOf({ kind: 'reorder', every: 3, forMs: 9000 }));
  live(20_000);
  assert.deepEqual(seqs(sent).slice(0, 12), [1, 2, 4, 3, 5, 7, 6, 8, 10, 9, 11, 12]);
  const due = (seq: number): number =>
    decodeTelemetry(sent.find((one) => one.seq === seq)!.payload).scheduledAt;
  assert.equal(due(4) - due(3), 1000);
  assert.deepEqual([counts.lateByGenerator, counts.lateByWaiting, counts.sent], [0, 0, 20]);
  tell();
  assert.deepEqual(
    told.map(({ seq, kind }) => [seq, kind]),
    [3, 6, 9].map((seq) => [seq, 'reorder']),
  );
  for (const { seq, hash: told_ } of told)
    assert.equal(told_, hash('sha1', sent.find((one) => one.seq === seq)!.payload, 'base64'));
  assert.equal(marks.of(0).sent, 20);
});

test('reorder: what is held back does not count as sent, and is sent at the end', () => {
  const { live, sent, marks, spoiling } = rig(fleetOf({ kind: 'reorder', every: 20 }));
  live(20_000);
  assert.equal(sent.length, 19);
  assert.equal(marks.of(0).sent, 19);
  assert(spoiling.isBusy(0) && spoiling.waiting === 1);
  spoiling.release(0);
  assert.deepEqual(seqs(sent).at(-1), 20);
  assert.equal(marks.of(0).sent, 20);
  assert.deepEqual([spoiling.isBusy(0), spoiling.waiting], [false, 0]);
});

test('reorder: what cannot be sent any more at the end is dropped, and counted', () => {
  const { live, marks, spoiling, counts, shut } = rig(fleetOf({ kind: 'reorder', every: 10 }));
  live(10_000);
  shut();
  spoiling.releaseAll();
  spoiling.giveUp();
  const { sent, dropped } = marks.of(0);
  assert.deepEqual([sent, dropped, counts.dropped, spoiling.waiting], [9, 1, 1, 0]);
});

test('duplicate: the same bytes twice in a row; the second is no message', () => {
  const { live, sent, marks, counts, told, tell, ack } = rig(
    fleetOf({ kind: 'duplicate', every: 2, forMs: 4000 }),
    {
      window: 32,
    },
  );
  live(20_000);
  assert.deepEqual(seqs(sent).slice(0, 8), [1, 2, 2, 3, 4, 4, 5, 6]);
  assert(sent[1]!.payload.equals(sent[2]!.payload));
  assert.deepEqual([counts.sent, counts.spoiled.get('duplicate')], [20, 2]);
  for (let n = 0; n < 22; n++) ack(0);
  assert.deepEqual([marks.of(0).sent, marks.of(0).acked, marks.unacked], [20, 20, 0]);
  tell();
  assert.deepEqual(told, []);
});

test('oversize at QoS 1: nothing else is on its way with it; it is not sent again; what comes after is', () => {
  const { live, sent, ack, close, marks, told, tell, isIdle } = rig(
    fleetOf({ kind: 'oversize', every: 4, forMs: 4000 }),
  );
  live(6000);
  assert.equal(sent.length, 3);
  for (let n = 0; n < 3; n++) ack(0);
  assert.equal(sent.length, 4);
  assert(sent[3]!.payload.length > oversizeBytes);
  live(8000);
  assert.equal(sent.length, 4);
  close(0);
  assert.deepEqual(seqs(sent.slice(4)), [5, 6, 7, 8]);
  for (let n = 0; n < 4; n++) ack(0);
  assert(isIdle(0));
  assert.deepEqual([marks.of(0).sent, marks.of(0).acked, marks.unacked], [8, 8, 0]);
  tell();
  assert.deepEqual(
    told.map(({ seq, kind }) => [seq, kind]),
    [[4, 'oversize']],
  );
});

test('oversize at QoS 1: a broker that takes it is believed', () => {
  const { live, sent, ack, marks } = rig(fleetOf({ kind: 'oversize', every: 1, forMs: 3000 }));
  live(6000);
  for (let n = 0; n < 6; n++) ack(0);
  assert.deepEqual([sent.length, marks.of(0).acked, marks.unacked], [6, 6, 0]);
});

test('oversize at QoS 0: it waits until all before it is read, and the next until the connection has ended', () => {
  const { live, sent, asked, close, spoiling } = rig(fleetOf({ kind: 'oversize', every: 2, forMs: 4000 }), {
    qos: 0,
  });
  live(3000);
  assert.deepEqual([sent.length, asked.length], [1, 1]);
  asked.pop()!();
  assert.equal(sent.length, 2);
  assert(sent[1]!.payload.length > oversizeBytes && spoiling.isBusy(0));
  close(0);
  // The third is an ordinary one; the fourth asks again.
  live(6000);
  assert.equal(sent.length, 3);
  asked.pop()!();
  assert.equal(sent.length, 4);
  // It was taken after all.
  asked.pop()!();
  assert.deepEqual([sent.length, spoiling.isBusy(0)], [6, false]);
});

test('cars send the same bytes however they are divided; those that are not named send what they always do', () => {
  const spoils = [
    spoilWith({ cars: 6, every: 3 }),
    spoilWith({ kind: 'wrong-schema', cars: 6, every: 4 }),
    spoilWith({ kind: 'duplicate', cars: 6, every: 5 }),
    spoilWith({ kind: 'reorder', cars: 6, every: 3 }),
  ];
  const fleet = fleetWith({ spoils });
  const sentBy = (parts: number[][]): Map<string, string[]> => {
    const byCar = new Map<string, string[]>();
    for (const indices of parts) {
      const { live, sent } = rig(fleet, { indices, window: 1000 });
      live(20_000);
      for (const { slot, payload } of sent) {
        const vin = `VIN${indices[slot]}`;
        byCar.set(vin, [...(byCar.get(vin) ?? []), payload.toString('base64')]);
      }
    }
    return byCar;
  };
  const parts = (processes: number, workers: number): number[][] =>
    Array.from({ length: processes * workers }, (_, n) =>
      ownCars(fleet.cars, { process: n % processes, processes, worker: Math.floor(n / processes), workers }),
    );
  const whole = sentBy(parts(1, 1));
  assert.deepEqual(sentBy(parts(1, 4)), whole);
  assert.deepEqual(sentBy(parts(3, 2)), whole);
  let unspoiled = 0;
  for (const [vin, sent] of whole) {
    if (SpoiledCars.of(fleet, [Number(vin.slice(3))])) continue;
    unspoiled++;
    assert.deepEqual(
      seqs(sent.map((text) => ({ payload: Buffer.from(text, 'base64') }))),
      [...Array(20).keys()].map((n) => n + 1),
    );
  }
  assert(unspoiled >= 1, 'a car that no entry names');
});

test('through narrow windows, late acknowledgements and ends of connections every seq leaves once, and marks add up', () => {
  const kinds = ['duplicate', 'reorder', 'corrupt', 'oversize', 'wrong-schema'] as const;
  const entry = fc.record({ kind: fc.constantFrom(...kinds), every: fc.integer({ min: 1, max: 6 }) });
  const step = fc.constantFrom('live', 'ack', 'ack', 'ack', 'close');
  fc.assert(
    fc.property(
      fc.array(entry, { minLength: 1, maxLength: 3 }),
      fc.integer({ min: 1, max: 32 }),
      fc.array(step, { maxLength: 120 }),
      (entries, window, steps) => {
        const { live, ack, close, marks, sent, spoiling, outgoing, isIdle, tell, told } = rig(
          fleetOf(...entries),
          { window },
        );
        let nowMs = 0;
        for (const what of steps) {
          if (what === 'live') live((nowMs += 700));
          else if (what === 'ack') ack(0);
          else close(0);
        }
        live(20_000);
        for (let n = 0; n < 200 && (outgoing.pending > 0 || !isIdle(0) || spoiling.waiting > 0); n++) {
          if (outgoing.pending === 0 && isIdle(0)) spoiling.releaseAll();
          ack(0);
        }
        const { sent: highest, acked, dropped } = marks.of(0);
        assert.deepEqual([highest, acked, dropped, marks.unacked, spoiling.waiting], [20, 20, 0, 0, 0]);
        tell();
        const damaged = new Set(told.filter(({ kind }) => kind !== 'reorder').map(({ seq }) => seq));
        const once = sent.filter(({ seq }) => seq !== secondTime);
        assert.deepEqual(
          once.map(({ seq }) => seq).sort((a, b) => a - b),
          [...Array(20).keys()].map((n) => n + 1),
        );
        for (const { seq, payload } of once) {
          if (damaged.has(seq)) assert.throws(() => decodeTelemetry(payload), TelemetryError);
          else assert.equal(decodeTelemetry(payload).seq, seq);
        }
      },
    ),
    { numRuns: 500 },
  );
});
