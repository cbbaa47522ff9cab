import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ownCars, type Fleet } from '#simulator/fleet.ts';
import { timetableOf } from '#simulator/schedule/timetable.ts';
import { SlowConsumers } from '#simulator/spoils/slow-consumers.ts';
import { SpoiledCars } from '#simulator/spoils/spoiled-cars.ts';
import { fleetWith } from '../fleets.ts';
import { spoilWith } from './fleets.ts';

const all = (fleet: Fleet): number[] => [...Array(fleet.cars).keys()];

/** "index/message kind" of all that is spoiled of these cars. */
function hitsOf(fleet: Fleet, indices: readonly number[]): string[] {
  const spoiled = SpoiledCars.of(fleet, indices);
  return indices.flatMap((index, slot) =>
    [...timetableOf(fleet, index)].flatMap(({ dueMs, message, simTime }) => {
      const hit = spoiled?.hit(slot, dueMs);
      const skewed = (spoiled?.clock(slot, dueMs, simTime) ?? simTime) - simTime;
      return [
        ...(hit ? [`${index}/${message} ${hit.kind} ${hit.random().bits()}`] : []),
        ...(skewed === 0 ? [] : [`${index}/${message} ${skewed}`]),
      ];
    }),
  );
}

const carsOf = (hits: readonly string[]): Set<string> => new Set(hits.map((hit) => hit.split('/')[0]!));

test('where nothing is spoiled there is nothing to ask', () => {
  assert.equal(SpoiledCars.of(fleetWith(), [0, 1]), undefined);
  const fleet = fleetWith({ spoils: [spoilWith({ cars: 1 })] });
  const [named] = carsOf(hitsOf(fleet, all(fleet)));
  const others = all(fleet).filter((index) => index !== Number(named));
  assert.equal(SpoiledCars.of(fleet, others), undefined);
  const slow = fleetWith({ spoils: [spoilWith({ kind: 'slow-consumer' })] });
  assert.equal(SpoiledCars.of(slow, all(slow)), undefined);
  assert.equal(SlowConsumers.of(fleet, all(fleet), assert.fail), undefined);
});

test('each N-th message that is due in its time is hit, of as many cars as it asks for', () => {
  // A message a second, 20 of each car.
  const fleet = fleetWith({ spoils: [spoilWith({ atMs: 5000, forMs: 10_000, every: 3, cars: 7 })] });
  const hits = hitsOf(fleet, all(fleet));
  assert.equal(carsOf(hits).size, 7);
  assert.equal(hits.length, 7 * 3);
  for (const hit of hits) {
    const message = Number(hit.split('/')[1]!.split(' ')[0]);
    assert([7, 10, 13].includes(message), hit);
  }
});

test('the seed and the entry choose', () => {
  const fleet = fleetWith({
    cars: 1000,
    spoils: [spoilWith({ cars: 50 }), spoilWith({ cars: 50, kind: 'oversize' })],
  });
  const of = (kind: string, from: Fleet): string[] =>
    [...carsOf(hitsOf(from, all(from)).filter((hit) => hit.includes(kind)))].sort();
  assert.deepEqual(of('corrupt', fleet), of('corrupt', fleet));
  assert.notDeepEqual(of('corrupt', fleet), of('corrupt', { ...fleet, seed: 43 }));
  assert.notDeepEqual(of('corrupt', fleet), of('oversize', fleet));
});

test('the same is spoiled however the fleet is divided', () => {
  const spoils = [
    spoilWith({ cars: 8 }),
    spoilWith({ kind: 'reorder', cars: 12, every: 1 }),
    spoilWith({ kind: 'skew', cars: 6, byMs: -5000, atMs: 2000, forMs: 3000 }),
    spoilWith({ kind: 'duplicate', cars: 24, every: 7 }),
  ];
  const fleet = fleetWith({ spoils });
  const whole = hitsOf(fleet, all(fleet)).sort();
  assert(whole.length > 100);
  for (const [processes, workers] of [
    [1, 4],
    [3, 1],
    [2, 2],
  ] as const) {
    const parts: string[] = [];
    for (let process = 0; process < processes; process++)
      for (let worker = 0; worker < workers; worker++)
        parts.push(...hitsOf(fleet, ownCars(fleet.cars, { process, processes, worker, workers })));
    assert.deepEqual(parts.sort(), whole);
  }
});

test('of two that hit one message the first is done; a message that is held back is never the next one, too', () => {
  const both = fleetWith({
    spoils: [spoilWith({ cars: 24 }), spoilWith({ kind: 'duplicate', cars: 24, every: 1 })],
  });
  const hits = hitsOf(both, [3]);
  assert.equal(hits.filter((hit) => hit.includes('corrupt')).length, 10);
  assert.equal(hits.filter((hit) => hit.includes('duplicate')).length, 10);
  const reorder = fleetWith({ spoils: [spoilWith({ kind: 'reorder', cars: 24, every: 1 })] });
  assert.equal(hitsOf(reorder, [3]).length, 10);
});

test('cars that read nothing do so for their time, once, also where two entries overlap', () => {
  const spoils = [
    spoilWith({ kind: 'slow-consumer', cars: 24, atMs: 1000, forMs: 2000 }),
    spoilWith({ kind: 'slow-consumer', cars: 24, atMs: 2000, forMs: 2000 }),
  ];
  const told: string[] = [];
  const slow = SlowConsumers.of(fleetWith({ spoils }), [5], (slot, reads) => told.push(`${slot} ${reads}`))!;
  slow.run(999);
  assert.deepEqual([told, slow.size], [[], 0]);
  slow.run(3500);
  assert.deepEqual([told, slow.size], [['0 false'], 1]);
  slow.run(4000);
  assert.deepEqual([told, slow.size], [['0 false', '0 true'], 0]);
});

test('the end of the schedule lets everybody read', () => {
  const told: string[] = [];
  const spoils = [spoilWith({ kind: 'slow-consumer', cars: 24 })];
  const slow = SlowConsumers.of(fleetWith({ spoils }), [5, 6], (slot, reads) =>
    told.push(`${slot} ${reads}`),
  )!;
  slow.run(0);
  slow.end();
  slow.run(2_000_000);
  assert.deepEqual(told, ['0 false', '1 false', '0 true', '1 true']);
});
