import type { Fleet, FleetFailure } from '../fleet.ts';
import { hasSignal, profiles } from '../population/profiles.ts';
import { Shares } from '../population/shares.ts';
import { streamSeed } from '../random.ts';
import { carsAt } from '../schedule/stages.ts';
import { failureModes } from './failures.ts';

/** More than a fleet may have cars; a rank of 29 bits fits above it. */
const maxCars = 2 ** 24;

/**
 * Which cars of the fleet fail, and how, by index: the same in every process. For each failure in turn the cars of the
 * lowest ranks that it suits and that no failure before it took, those first that are there at its onset. Where fewer
 * are left than it asks for, it gets fewer.
 */
export function failingCars(fleet: Fleet): Map<number, FleetFailure> {
  const failing = new Map<number, FleetFailure>();
  if (!fleet.failures?.length) return failing;
  const shares = new Shares(fleet.profiles, fleet.cars, fleet.seed);
  for (const [entry, failure] of fleet.failures.entries()) {
    const present = Math.floor(carsAt(fleet.stages, failure.atMs));
    const { signal } = failureModes[failure.failure].inCar(failure);
    const suits = (index: number): boolean => {
      const profile = profiles.get(shares.profileOf(index));
      return !failing.has(index) && profile !== undefined && hasSignal(profile, signal);
    };
    const there = lowest(fleet, entry, 0, present, suits, failure.cars);
    const absent = lowest(fleet, entry, present, fleet.cars, suits, failure.cars - there.length);
    for (const index of [...there, ...absent]) failing.set(index, failure);
  }
  return failing;
}

/** Of the cars from … to - 1, the `count` with the lowest ranks. */
function lowest(
  fleet: Fleet,
  entry: number,
  from: number,
  to: number,
  suits: (index: number) => boolean,
  count: number,
): number[] {
  if (count <= 0 || to <= from) return [];
  const keys = streamSeed(fleet.seed, entry, 'failures');
  // Rank and index in one number, so that a sort of plain numbers settles ties as well.
  const ranked = new Float64Array(to - from);
  for (let index = from; index < to; index++) ranked[index - from] = rank(index, keys) * maxCars + index;
  ranked.sort();
  const chosen: number[] = [];
  for (const one of ranked) {
    if (chosen.length === count) break;
    const index = one % maxCars;
    if (suits(index)) chosen.push(index);
  }
  return chosen;
}

/** 29 bits of a keyed hash: MurmurHash3's finaliser, once a key. */
function rank(index: number, keys: readonly number[]): number {
  let hash = index;
  for (const key of keys) {
    hash = Math.imul(hash ^ key ^ (hash >>> 16), 0x85ebca6b);
    hash = Math.imul(hash ^ (hash >>> 13), 0xc2b2ae35);
    hash ^= hash >>> 16;
  }
  return hash >>> 3;
}
