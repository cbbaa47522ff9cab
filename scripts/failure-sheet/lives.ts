import { signalIndex, type SignalName } from '#contract/signals.ts';
import { CarLives } from '#simulator/car-life.ts';
import type { FailureTimes } from '#simulator/failures/failing-car.ts';
import type { Fleet } from '#simulator/fleet.ts';
import { timetableOf } from '#simulator/schedule/timetable.ts';
import type { Scene } from './scenes.ts';

/** Of a picture, on the car's clock: how long before the onset, from it to the failure, and after that. */
export const beforeMs = 6 * 60_000;
export const overMs = 10 * 60_000;
export const afterMs = 4 * 60_000;

const intervalMs = 5000;
const speedup = 100;

/** The same car with and without its failure. */
export interface Lives {
  /** Of each reading, ms after the onset. */
  at: number[];
  healthy: Map<SignalName, number[]>;
  failing: Map<SignalName, number[]>;
  times: FailureTimes;
}

export function livesOf(scene: Scene): Lives {
  const { id: failure, profile, start, car, severity, sensor } = scene;
  const cars = car + 1;
  const well: Fleet = {
    ...{ seed: 42, cars, profiles: { [profile]: 1 }, intervalMs, readingsPerMessage: 1, speedup, start },
    simStartMs: Date.UTC(2026, 3, 14, 8),
    stages: [{ forMs: (beforeMs + overMs + afterMs) / speedup, cars }],
  };
  const ill = {
    ...well,
    failures: [{ failure, atMs: beforeMs / speedup, overMs, severity, cars, sensor }],
  };
  let times: FailureTimes | undefined;
  const healthy = read(scene, new CarLives(well, [car]), well);
  const failing = read(scene, new CarLives(ill, [car], (_, told) => (times = told)), ill);
  if (!times) throw new Error(`${profile} cars cannot have ${failure}`);
  const { onsetSim } = times;
  const at = healthy.simTimes.map((simTime) => simTime - onsetSim);
  return { at, healthy: healthy.bySignal, failing: failing.bySignal, times };
}

function read(
  { car, signals }: Scene,
  lives: CarLives,
  fleet: Fleet,
): { simTimes: number[]; bySignal: Map<SignalName, number[]> } {
  const simTimes: number[] = [];
  const bySignal = new Map<SignalName, number[]>(signals.map((name) => [name, []]));
  for (const { simTime } of timetableOf(fleet, car)) {
    lives.live(0, simTime);
    simTimes.push(simTime);
    for (const [name, values] of bySignal) values.push(lives.columns[signalIndex[name]]![0]!);
  }
  return { simTimes, bySignal };
}
