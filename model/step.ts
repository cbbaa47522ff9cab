/** A gap in a car's readings is no evidence: no reading counts for longer. */
const longestStepSeconds = 5;
/** Readings of one moment are not to be divided by. */
const shortestStepSeconds = 0.001;

/** For how long one reading speaks, s. */
export function stepSeconds(intervalMs: number): number {
  return Math.min(longestStepSeconds, Math.max(shortestStepSeconds, intervalMs / 1000));
}
