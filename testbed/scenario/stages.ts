import type { Stage } from './scenario.ts';

/** Most cars that are connected at once. */
export function largestStageCars(stages: readonly Stage[]): number {
  return Math.max(0, ...stages.map((stage) => stage.cars));
}

/** From the schedule's zero to the end of its last stage. */
export function scheduleMs(stages: readonly Stage[]): number {
  return stages.reduce((sum, stage) => sum + stage.forMs, 0);
}

/** --cars: the same shape, its largest stage with this many cars. A stage that had cars keeps at least one. */
export function scaleCars(stages: readonly Stage[], cars: number): Stage[] {
  const factor = cars / largestStageCars(stages);
  return stages.map((stage) => ({
    ...stage,
    cars: stage.cars === 0 ? 0 : Math.max(1, Math.round(stage.cars * factor)),
  }));
}

/** --duration: the same shape, its stages together as long as this. */
export function scaleDuration(stages: readonly Stage[], durationMs: number): Stage[] {
  const factor = durationMs / scheduleMs(stages);
  let elapsedMs = 0;
  let endedMs = 0;
  // Ends are rounded, not lengths, so that they add up to the whole.
  return stages.map((stage) => {
    elapsedMs += stage.forMs * factor;
    const forMs = Math.round(elapsedMs) - endedMs;
    endedMs += forMs;
    return { ...stage, forMs };
  });
}
