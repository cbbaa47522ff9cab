import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { messageIntervalMs, ownCars, type Fleet } from '#simulator/fleet.ts';
import { connectAheadMs, Schedule } from '#simulator/schedule/schedule.ts';
import { timetableOf } from '#simulator/schedule/timetable.ts';
import { fleetWith } from '../fleets.ts';

type Happened = {
  what: 'due' | 'skip' | 'nears' | 'join' | 'leave';
  slot: number;
  at: number;
  simTime?: number;
};

/** Runs a schedule in steps of time from `beginMs` to its end. */
function play(
  fleet: Fleet,
  indices: number[],
  options: { beginMs?: number; stepMs: number; limit?: number; isBusy?: boolean },
) {
  const happened: Happened[] = [];
  let now = options.beginMs ?? 0;
  const schedule = new Schedule(fleet, indices, {
    due: (slot, at, simTime) => {
      assert(at <= now, 'a message was early');
      happened.push({ what: 'due', slot, at, simTime });
    },
    skip: (slot, simTime) => happened.push({ what: 'skip', slot, at: now, simTime }),
    nears: (slot) => happened.push({ what: 'nears', slot, at: now }),
    join: (slot) => happened.push({ what: 'join', slot, at: now }),
    leave: (slot) => happened.push({ what: 'leave', slot, at: now }),
  });
  schedule.begin(now);
  while (!schedule.isOver(now)) {
    now += options.stepMs;
    let turns = 0;
    while (!schedule.run(now, options.limit ?? 1e9) && !options.isBusy)
      assert(turns++ < 1e5, 'it does not come to an end');
  }
  return happened;
}

const fleets = fc
  .record({
    cars: fc.integer({ min: 1, max: 12 }),
    seed: fc.nat(),
    speedup: fc.constantFrom(1, 3, 10, 50, 2000),
    readingsPerMessage: fc.constantFrom(1, 5, 10),
    stages: fc.array(
      fc.record({
        forMs: fc.integer({ min: 1, max: 8000 }),
        cars: fc.double({ min: 0, max: 1, noNaN: true }),
      }),
      { minLength: 1, maxLength: 4 },
    ),
  })
  .map(({ cars, stages, ...rest }) =>
    fleetWith({
      ...rest,
      cars,
      stages: stages.map((stage) => ({ ...stage, cars: Math.round(stage.cars * cars) })),
    }),
  );

test('what is due is each car’s timetable, for any split and any steps of time', () => {
  fc.assert(
    fc.property(
      fleets,
      fc.integer({ min: 1, max: 3 }),
      fc.double({ min: 0.5, max: 900, noNaN: true }),
      fc.constantFrom(3, 1e9),
      (fleet, processes, stepMs, limit) => {
        for (let process = 0; process < processes; process++) {
          const indices = ownCars(fleet.cars, { process, processes, worker: 0, workers: 1 });
          const happened = play(fleet, indices, { stepMs, limit });
          for (const [slot, index] of indices.entries()) {
            const due = happened.filter((one) => one.slot === slot && one.what === 'due');
            assert.deepEqual(
              due.map(({ at, simTime }) => [at, simTime]),
              [...timetableOf(fleet, index)].map(({ dueMs, simTime }) => [dueMs, simTime]),
            );
          }
        }
      },
    ),
    { numRuns: 60 },
  );
});

/** A process that joins at `beginMs`: every car's life without a hole, the past skipped, the rest sent. */
function assertJoins(fleet: Fleet, beginMs: number, isBusy: boolean): void {
  const indices = ownCars(fleet.cars, { process: 0, processes: 1, worker: 0, workers: 1 });
  const happened = play(fleet, indices, { beginMs, stepMs: 20, limit: 5, isBusy });
  for (const [slot, index] of indices.entries()) {
    const own = happened.filter((one) => one.slot === slot && (one.what === 'due' || one.what === 'skip'));
    const expected = [...timetableOf(fleet, index)].map(({ simTime }) => simTime);
    if (!isBusy) assert.equal(own.length, expected.length);
    assert.deepEqual(
      own.map(({ simTime }) => simTime),
      expected.slice(0, own.length),
    );
    for (const { what, at } of own) if (what === 'due') assert(at >= beginMs);
    const firstDue = own.findIndex(({ what }) => what === 'due');
    if (firstDue >= 0) assert(own.slice(firstDue).every(({ what }) => what === 'due'));
  }
}

test('a process that joins later lives through what was due and sends the rest', () => {
  fc.assert(
    // A busy process gets through a few messages in each step, and catches up while cars come and go.
    fc.property(
      fleets,
      fc.double({ min: 0.01, max: 0.99, noNaN: true }),
      fc.boolean(),
      (fleet, share, isBusy) => {
        const totalMs = fleet.stages.reduce((sum, stage) => sum + stage.forMs, 0);
        assertJoins(fleet, share * totalMs, isBusy);
      },
    ),
    { numRuns: 200 },
  );
});

test('a car that leaves and comes back before it has caught up goes on with its life', () => {
  const stages = [
    { forMs: 20_000, cars: 12 },
    { forMs: 200, cars: 0 },
    { forMs: 200, cars: 12 },
    { forMs: 8000, cars: 12 },
  ];
  assertJoins(fleetWith({ cars: 12, speedup: 100, stages }), 19_990, true);
});

test('joins and leaves alternate, and a car leaves after its last message', () => {
  const fleet = fleetWith({
    cars: 20,
    stages: [
      { forMs: 3000, cars: 20 },
      { forMs: 2000, cars: 0 },
      { forMs: 3000, cars: 20 },
    ],
  });
  const happened = play(fleet, ownCars(20, { process: 0, processes: 1, worker: 0, workers: 1 }), {
    stepMs: 1,
  });
  for (let slot = 0; slot < 20; slot++) {
    let isThere = false;
    for (const { what } of happened.filter((one) => one.slot === slot && one.what !== 'nears')) {
      if (what === 'join') assert.equal(isThere, false);
      else assert.equal(isThere, true, what);
      isThere = what !== 'leave';
    }
  }
  assert.equal(happened.filter(({ what }) => what === 'leave').length, 20);
});

test('who joins later is told of so much ahead, or at once where less is left; who is there at the beginning is not', () => {
  const fleet = fleetWith({
    cars: 40,
    stages: [
      { forMs: 1000, cars: 10 },
      { forMs: 9000, cars: 40 },
    ],
  });
  const indices = ownCars(40, { process: 0, processes: 1, worker: 0, workers: 1 });
  for (const beginMs of [0, 4500]) {
    const happened = play(fleet, indices, { beginMs, stepMs: 1 });
    const joined = happened.filter(({ what, at }) => what === 'join' && at > beginMs);
    assert(joined.length > 10);
    for (const { slot, at } of joined) {
      const told = happened.filter((one) => one.what === 'nears' && one.slot === slot);
      assert.deepEqual(
        told.map((one) => one.at),
        [Math.max(beginMs + 1, at - connectAheadMs)],
      );
    }
    assert.equal(happened.filter(({ what }) => what === 'nears').length, joined.length);
  }
});

test('phases spread a fleet that begins at one moment over the whole interval: no burst', () => {
  const fleet = fleetWith({ cars: 2000, stages: [{ forMs: 4000, cars: 2000 }] });
  const intervalMs = messageIntervalMs(fleet);
  const perSlice = Array.from({ length: 20 }, () => 0);
  for (let index = 0; index < fleet.cars; index++)
    for (const { dueMs } of timetableOf(fleet, index))
      perSlice[Math.floor((dueMs % intervalMs) / (intervalMs / 20))]!++;
  // 400 expected in each, of 8,000 messages.
  for (const count of perSlice) assert(count > 280 && count < 520, `${count} messages in a slice of 400`);
});

test('consecutive readings of a presence are one interval apart, across messages too', () => {
  for (const speedup of [0.7, 1, 3, 7.77, 100]) {
    const fleet = fleetWith({ speedup, stages: [{ forMs: 60_000, cars: 24 }] });
    for (const index of [0, 5, 23]) {
      const times = [...timetableOf(fleet, index)].map(({ simTime }) => simTime);
      for (const [n, time] of times.entries()) {
        assert(Number.isSafeInteger(time));
        if (n > 0) assert.equal(time - times[n - 1]!, 10_000);
      }
    }
  }
});
