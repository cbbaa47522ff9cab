import type { Fleet } from '../fleet.ts';
import { keyedHash, streamSeed } from '../random.ts';
import { carsAt } from '../schedule/stages.ts';

/** More than a fleet may have cars; a rank of 29 bits fits above it. */
const maxCars = 2 ** 24;

export interface Choice {
  /** What they are chosen for, and for which entry of it: each has ranks of its own. */
  purpose: string;
  entry: number;
  cars: number;
  /** ms from the schedule's zero: cars that are there at this moment come first. */
  atMs: number;
  /** Every car, unless given. */
  suits?: (index: number) => boolean;
}

/**
 * Cars that the seed chooses, by index: those of the lowest ranks, a rank being a hash of seed, purpose, entry and index. The
 * same in every process. Where fewer suit than it asks for, it gets fewer.
 */
export function chosenCars(fleet: Fleet, choice: Choice): number[] {
  const present = Math.floor(carsAt(fleet.stages, choice.atMs));
  const there = lowest(fleet, choice, 0, present, choice.cars);
  return [...there, ...lowest(fleet, choice, present, fleet.cars, choice.cars - there.length)];
}

/** Of the cars from … to - 1, the `count` with the lowest ranks. */
function lowest(fleet: Fleet, choice: Choice, from: number, to: number, count: number): number[] {
  if (count <= 0 || to <= from) return [];
  const { purpose, entry, suits = () => true } = choice;
  const keys = streamSeed(fleet.seed, entry, purpose);
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

/** 29 bits. */
function rank(index: number, keys: readonly number[]): number {
  return keyedHash(index, keys) >>> 3;
}
