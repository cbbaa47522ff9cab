/** Between two attempts to connect, in ms. */
export interface Backoff {
  minMs: number;
  maxMs: number;
}

/**
 * The ceiling doubles from 2 * minMs up to maxMs; the wait is in its upper half, by chance, so that a fleet that lost its
 * broker at once does not come back at once. `random` is in [0, 1).
 */
export function backoffMs(backoff: Backoff, failures: number, random: number): number {
  const ceiling = Math.min(backoff.maxMs, backoff.minMs * 2 ** (Math.min(failures, 30) + 1));
  return (ceiling / 2) * (1 + random);
}
