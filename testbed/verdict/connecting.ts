import { count, plural } from './figures.ts';

/** How the first stage's cars came in. */
export interface Connecting {
  /** null: not all of them did. */
  perSecond: number | null;
  /** Attempts that ended without a connection, by reason. */
  failures: Record<string, number>;
  /** What a person should know of it, in words. */
  notes: string[];
}

/** connect.rate is kept when it is met to within this. */
export const keptWithin = 0.05;
/** A shorter ramp is mostly the time that one connection takes. */
const shortestRampSeconds = 2;

/** @param given seconds: until every car of the first stage was connected; null: not all were */
export function connectingOf(given: {
  firstCars: number;
  ratePerSecond: number;
  seconds: number | null;
  failures: Record<string, number>;
}): Connecting {
  const { firstCars, ratePerSecond, seconds, failures } = given;
  const perSecond = seconds === null || seconds === 0 ? null : Math.round((firstCars / seconds) * 10) / 10;
  const isLong = firstCars / ratePerSecond >= shortestRampSeconds;
  const notes =
    perSecond !== null && isLong && perSecond < ratePerSecond * (1 - keptWithin)
      ? [
          `the cars connected at ${count(Math.round(perSecond))}/s, as fast as they could: connect.rate asks for ${count(ratePerSecond)}/s${inWords(failures)}`,
        ]
      : [];
  return { perSecond, failures, notes };
}

function inWords(failures: Record<string, number>): string {
  const reasons = Object.entries(failures).map(([reason, times]) => `${reason} ${count(times)}`);
  if (reasons.length === 0) return '';
  const sum = Object.values(failures).reduce((total, times) => total + times, 0);
  return `; ${plural(sum, 'attempt')} failed (${reasons.join(', ')})`;
}
