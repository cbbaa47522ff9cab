import { largestRemainder, Shares } from '../population/shares.ts';
import { chosenCars } from '../population/chosen.ts';
import { profiles } from '../population/profiles.ts';
import type { Fleet, FleetFailure } from '../fleet.ts';
import { modeOf } from './failures.ts';

const known = new WeakMap<Fleet, Map<number, FleetFailure>>();

/** As choose(), once for each Fleet: who lives a large fleet in many parts asks for each of them. */
export function failingCars(fleet: Fleet): ReadonlyMap<number, FleetFailure> {
  const chosen = known.get(fleet) ?? choose(fleet);
  known.set(fleet, chosen);
  return chosen;
}

/**
 * Which cars of the fleet fail, and how, by index: the same in every process. For each failure in turn the cars of the
 * lowest ranks that it suits and that no failure before it took, those first that are there at its onset. Where fewer
 * are left than it asks for, it gets fewer.
 */
function choose(fleet: Fleet): Map<number, FleetFailure> {
  const failing = new Map<number, FleetFailure>();
  if (!fleet.failures?.length) return failing;
  const shares = new Shares(fleet.profiles, fleet.cars, fleet.seed);
  for (const [entry, failure] of fleet.failures.entries()) {
    const kinds = new Set(suitedProfiles(failure, Object.keys(fleet.profiles)).suited);
    // A recorded car is of no kind.
    const isSuited = (index: number): boolean =>
      fleet.recorded !== undefined || kinds.has(shares.profileOf(index));
    const suits = (index: number): boolean => !failing.has(index) && isSuited(index);
    const chosen = chosenCars(fleet, { ...failure, purpose: 'failures', entry, suits });
    for (const index of chosen) failing.set(index, failure);
  }
  return failing;
}

/** Which of these kinds of cars can fail so, and what the first of the others lacks: "a charger". */
export function suitedProfiles(
  { failure, sensor }: Pick<FleetFailure, 'failure' | 'sensor'>,
  kinds: readonly string[],
): { suited: string[]; lacking: string | undefined } {
  const suited: string[] = [];
  let lacking: string | undefined;
  for (const kind of kinds) {
    const profile = profiles.get(kind);
    if (!profile) continue;
    const missed = modeOf(failure).lacks?.(profile, sensor);
    if (missed === undefined) suited.push(kind);
    else lacking ??= missed;
  }
  return { suited, lacking };
}

/** How many cars of the whole fleet can fail so. @param shares of each kind of car, of any sum */
export function suitedCars(
  failure: Pick<FleetFailure, 'failure' | 'sensor'>,
  shares: Record<string, number>,
  cars: number,
): number {
  const kinds = Object.keys(shares).sort();
  const suited = new Set(suitedProfiles(failure, kinds).suited);
  const counts = largestRemainder(
    kinds.map((kind) => shares[kind] ?? 0),
    cars,
  );
  return kinds.reduce((sum, kind, place) => sum + (suited.has(kind) ? (counts[place] ?? 0) : 0), 0);
}
