import type { RandomStream } from '../random.ts';

export type SegmentName =
  | 'parked'
  | 'start'
  | 'idle'
  | 'stop-and-go'
  | 'urban'
  | 'suburban'
  | 'rural'
  | 'motorway';

/** One stretch of a trip: how long, how fast, how often the wanted speed changes, and what may follow. */
export interface Segment {
  name: SegmentName;
  meanSeconds: number;
  minSeconds: number;
  /** Wanted speed, km/h. */
  minSpeed: number;
  maxSpeed: number;
  /** Share of demands that are a stop (traffic light, crossing, queue), and how long one stands on average. */
  stops: number;
  standSeconds: number;
  /** How long one wanted speed holds, on average. */
  holdSeconds: number;
  /** Chance of each segment next, in the order of the table. */
  next: readonly number[];
}

/**
 * Four of them are the phases of WLTC class 3b (UN GTR 15): low 589 s, 18.9 km/h on average, 26.5 % standing; medium
 * 433 s, 39.5 km/h, 11.1 %; high 455 s, 56.7 km/h, 6.8 %; extra high 323 s, 92.0 km/h, 2.2 %. Stop-and-go is as slow as
 * the New York City Cycle (EPA NYCC: 598 s, 11.4 km/h). Speeds, stops and holds are set so that these means come out;
 * test/simulator/driving holds them.
 */
export const segments: readonly Segment[] = [
  {
    name: 'parked',
    meanSeconds: 0,
    minSeconds: 0,
    minSpeed: 0,
    maxSpeed: 0,
    stops: 1,
    standSeconds: 60,
    holdSeconds: 60,
    next: [0, 1, 0, 0, 0, 0, 0, 0],
  },
  {
    // Someone who has just started the engine waits a moment before driving off.
    name: 'start',
    meanSeconds: 30,
    minSeconds: 8,
    minSpeed: 0,
    maxSpeed: 0,
    stops: 1,
    standSeconds: 60,
    holdSeconds: 60,
    next: [0, 0, 0, 0, 0.7, 0.3, 0, 0],
  },
  {
    name: 'idle',
    meanSeconds: 80,
    minSeconds: 20,
    minSpeed: 0,
    maxSpeed: 0,
    stops: 1,
    standSeconds: 60,
    holdSeconds: 60,
    next: [0, 0, 0, 0.1, 0.6, 0.3, 0, 0],
  },
  {
    name: 'stop-and-go',
    meanSeconds: 300,
    minSeconds: 60,
    minSpeed: 8,
    maxSpeed: 37,
    stops: 0.45,
    standSeconds: 8,
    holdSeconds: 4,
    next: [0, 0, 0.05, 0, 0.5, 0.2, 0.05, 0.2],
  },
  {
    name: 'urban',
    meanSeconds: 589,
    minSeconds: 90,
    minSpeed: 13,
    maxSpeed: 48,
    stops: 0.31,
    standSeconds: 15,
    holdSeconds: 8,
    next: [0, 0, 0.08, 0.12, 0, 0.5, 0.2, 0.1],
  },
  {
    name: 'suburban',
    meanSeconds: 433,
    minSeconds: 90,
    minSpeed: 30,
    maxSpeed: 72,
    stops: 0.18,
    standSeconds: 13,
    holdSeconds: 16,
    next: [0, 0, 0.05, 0.05, 0.3, 0, 0.4, 0.2],
  },
  {
    name: 'rural',
    meanSeconds: 455,
    minSeconds: 90,
    minSpeed: 42,
    maxSpeed: 92,
    stops: 0.12,
    standSeconds: 12,
    holdSeconds: 24,
    next: [0, 0, 0.02, 0, 0.18, 0.4, 0.1, 0.3],
  },
  {
    // WLTC's extra high phase is short; real motorway trips go on.
    name: 'motorway',
    meanSeconds: 500,
    minSeconds: 150,
    minSpeed: 76,
    maxSpeed: 123,
    stops: 0.045,
    standSeconds: 10,
    holdSeconds: 40,
    next: [0, 0, 0, 0.08, 0.07, 0.25, 0.4, 0.2],
  },
];

export const segmentIndex = Object.fromEntries(segments.map(({ name }, index) => [name, index])) as Record<
  SegmentName,
  number
>;

/** Index of the segment that follows. One draw. */
export function nextSegment(current: number, random: RandomStream): number {
  const chances = segments[current]!.next;
  let left = random.uniform();
  for (let index = 0; index < chances.length; index++) {
    left -= chances[index]!;
    if (left < 0) return index;
  }
  return current;
}
