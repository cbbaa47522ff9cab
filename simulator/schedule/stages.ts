import type { Stage } from '../fleet.ts';

/** A stretch of time in which a car belongs to the fleet, ms from the schedule's zero: from, inclusive, to, exclusive. */
export interface Presence {
  fromMs: number;
  toMs: number;
}

/** How long the stages take. */
export function stagesMs(stages: readonly Stage[]): number {
  return stages.reduce((sum, stage) => sum + stage.forMs, 0);
}

/** Cars of the fleet at a moment, ms from the schedule's zero: not rounded. Car i is there while this is i + 1 or more. */
export function carsAt(stages: readonly Stage[], ms: number): number {
  let from = stages[0]?.cars ?? 0;
  let startMs = 0;
  for (const stage of stages) {
    if (ms < startMs + stage.forMs) return from + ((stage.cars - from) * (ms - startMs)) / stage.forMs;
    from = stage.cars;
    startMs += stage.forMs;
  }
  return 0;
}

/** When car `index` is there: while cars(t) >= index + 1. Pure, so that every process finds the same. */
export function presencesOf(stages: readonly Stage[], index: number): Presence[] {
  const needed = index + 1;
  const presences: Presence[] = [];
  let from = stages[0]?.cars ?? 0;
  let startMs = 0;
  let joinedMs = from >= needed ? 0 : null;
  for (const stage of stages) {
    const there = stage.cars >= needed;
    const crossMs = startMs + (stage.forMs * (needed - from)) / (stage.cars - from);
    if (joinedMs === null && there) joinedMs = crossMs;
    if (joinedMs !== null && !there) {
      if (crossMs > joinedMs) presences.push({ fromMs: joinedMs, toMs: crossMs });
      joinedMs = null;
    }
    from = stage.cars;
    startMs += stage.forMs;
  }
  if (joinedMs !== null && startMs > joinedMs) presences.push({ fromMs: joinedMs, toMs: startMs });
  return presences;
}
