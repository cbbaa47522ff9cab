import type { RandomStream } from '../random.ts';

const hourMs = 3_600_000;
const dayMs = 24 * hourMs;

/**
 * Trips that a parked car begins in each hour of a day: some three a day, most of them to work and back and for errands,
 * hardly any at night (shares by hour near those of the household survey Mobilität in Deutschland 2017).
 */
const workday = [
  0.01, 0.005, 0.005, 0.005, 0.02, 0.07, 0.19, 0.3, 0.2, 0.15, 0.16, 0.16, 0.17, 0.17, 0.17, 0.22, 0.29, 0.28,
  0.2, 0.13, 0.09, 0.06, 0.04, 0.02,
] as const;
const weekend = [
  0.03, 0.02, 0.01, 0.01, 0.01, 0.02, 0.04, 0.07, 0.13, 0.2, 0.25, 0.24, 0.19, 0.19, 0.21, 0.2, 0.19, 0.18,
  0.15, 0.11, 0.08, 0.06, 0.05, 0.04,
] as const;

const shortestTripSeconds = 180;

/** Does a parked car leave within the `dt` seconds that end at `simTime` (its local time)? One draw. */
export function leaves(dt: number, simTime: number, random: RandomStream): boolean {
  const hour = Math.floor(simTime / hourMs) % 24;
  const perHour = (isWeekend(simTime) ? weekend : workday)[hour] ?? 0;
  return random.uniform() < (perHour * dt) / 3600;
}

/** How long the trip takes that begins at `simTime`: commutes are longer than errands. One draw. */
export function tripSeconds(simTime: number, random: RandomStream): number {
  const hour = (simTime / hourMs) % 24;
  const commutes = !isWeekend(simTime) && ((hour >= 6 && hour < 9) || (hour >= 15.5 && hour < 18.5));
  return shortestTripSeconds + random.exponential(commutes ? 1300 : 700);
}

function isWeekend(simTime: number): boolean {
  // 1970 began on a Thursday.
  const weekday = (Math.floor(simTime / dayMs) + 4) % 7;
  return weekday === 0 || weekday === 6;
}
