import type { RandomStream } from '../random.ts';

/** One stretch of a trip: how long, how fast, how often the wanted speed changes, and what may follow. */
export interface Segment {
  name: 'idle' | 'urban' | 'rural' | 'motorway';
  meanSeconds: number;
  minSeconds: number;
  /** Wanted speed, km/h. */
  minSpeed: number;
  maxSpeed: number;
  /** Share of demands that are a stop (traffic light, crossing). */
  stops: number;
  /** How long one wanted speed holds. */
  meanHoldSeconds: number;
  /** Chance of each segment next, in the order of the table. */
  next: readonly [idle: number, urban: number, rural: number, motorway: number];
}

/** Shares and speeds lean on WLTC class 3b (low, medium, high, extra high: 30 min, 46 km/h on average). */
export const segments: readonly Segment[] = [
  {
    name: 'idle',
    meanSeconds: 45,
    minSeconds: 15,
    minSpeed: 0,
    maxSpeed: 0,
    stops: 1,
    meanHoldSeconds: 60,
    next: [0, 0.8, 0.2, 0],
  },
  {
    name: 'urban',
    meanSeconds: 300,
    minSeconds: 60,
    minSpeed: 18,
    maxSpeed: 56,
    stops: 0.28,
    meanHoldSeconds: 18,
    next: [0.15, 0.2, 0.45, 0.2],
  },
  {
    name: 'rural',
    meanSeconds: 420,
    minSeconds: 90,
    minSpeed: 48,
    maxSpeed: 98,
    stops: 0.04,
    meanHoldSeconds: 35,
    next: [0.05, 0.45, 0.2, 0.3],
  },
  {
    name: 'motorway',
    meanSeconds: 700,
    minSeconds: 150,
    minSpeed: 88,
    maxSpeed: 135,
    stops: 0,
    meanHoldSeconds: 70,
    next: [0.02, 0.28, 0.5, 0.2],
  },
];

/** Index of the segment that follows. */
export function nextSegment(current: number, random: RandomStream): number {
  const chances = segments[current]!.next;
  let left = random.uniform();
  for (let index = 0; index < chances.length; index++) {
    left -= chances[index]!;
    if (left < 0) return index;
  }
  return current;
}
