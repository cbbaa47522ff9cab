/**
 * How long a bridge that does not have an edge waits before it takes it. Whoever owns the edge comes before those who
 * stand by; chance lets these come one after the other.
 */
export type Occasion =
  /** Whoever had the edge is gone: the broker has said so. */
  | 'vacated'
  /** Nobody is named; whoever has the edge may only not have been heard of yet. */
  | 'silence';

const waitsMs = {
  vacated: { owner: 50, standby: 300 },
  silence: { owner: 500, standby: 1_500 },
};
/** Of a bridge that loses an edge again and again: two that fight for one grow slow. */
const longestMs = 15_000;

/** `losses`: how often the edge was lost lately. `random` is in [0, 1). */
export function patienceMs(occasion: Occasion, owns: boolean, losses: number, random: number): number {
  const shortest = waitsMs[occasion][owns ? 'owner' : 'standby'] * 2 ** Math.min(losses, 10);
  return Math.min(longestMs, shortest) * (1 + random);
}
