import { signalCount, signalIndex, type SignalName } from '#contract/signals.ts';
import { CarLives } from '#simulator/car-life.ts';
import type { FailureId } from '#simulator/failures/failures.ts';
import type { FailureTimes } from '#simulator/failures/failing-car.ts';
import type { Fleet, FleetFailure } from '#simulator/fleet.ts';
import { timetableOf } from '#simulator/schedule/timetable.ts';
import { fleetWith } from '../fleets.ts';
import { failureWith } from './fleets.ts';

/** What a failure does to many cars, beside the same cars without it. */

const minuteMs = 60_000;
/** On the cars' clock: the onset after eight minutes, the failure after eighteen, the end after twenty-four. */
export const onsetMs = 8 * minuteMs;
export const overMs = 10 * minuteMs;
const endMs = 24 * minuteMs;
const speedup = 100;

/** Readings of one car, ten seconds apart, signal by signal. */
interface Lived {
  simTimes: number[];
  columns: Float32Array[];
  times: FailureTimes | undefined;
}

export interface Case {
  id: FailureId;
  profiles: Record<string, number>;
  cars: number;
  severity?: number;
  sensor?: SignalName;
  start?: Fleet['start'];
}

export interface Effect {
  /** By car: mean difference of a signal between two moments, ms after the onset; readings that are NaN left out. */
  meanOf(signal: SignalName, fromMs: number, toMs: number): number[];
  /** By car: the failing car reports something else of this signal between two moments, ms after the onset. */
  differs(signal: SignalName, fromMs: number, toMs: number): boolean[];
  times: FailureTimes[];
  cars: { well: Lived; failing: Lived }[];
}

export function fleetOf({ profiles, cars, start = 'warm' }: Case, failure?: FleetFailure): Fleet {
  return fleetWith({
    cars,
    profiles,
    start,
    speedup,
    intervalMs: 10_000,
    readingsPerMessage: 6,
    stages: [{ forMs: endMs / speedup, cars }],
    ...(failure && { failures: [failure] }),
  });
}

/** Healthy lives are the same for every failure. */
const wellByFleet = new Map<string, Lived[]>();

export function effectOf(asked: Case): Effect {
  const { id, cars, severity = 1, sensor = 'coolantTemperature' } = asked;
  const failure = failureWith({
    ...{ failure: id, atMs: onsetMs / speedup, overMs, severity, cars, sensor },
  });
  const healthy = fleetOf(asked);
  const key = JSON.stringify(healthy);
  const well = wellByFleet.get(key) ?? livesOf(healthy);
  wellByFleet.set(key, well);
  const failing = livesOf(fleetOf(asked, failure));
  const pairs = well.map((one, index) => ({ well: one, failing: failing[index]! }));
  const onsetSim = healthy.simStartMs + onsetMs;
  const differences = (
    signal: SignalName,
    { well: one, failing: other }: (typeof pairs)[number],
    from: number,
    to: number,
  ): number[] => {
    const wells = one.columns[signalIndex[signal]]!;
    const fails = other.columns[signalIndex[signal]]!;
    return one.simTimes.flatMap((at, n) =>
      at - onsetSim >= from && at - onsetSim < to ? [fails[n]! - wells[n]!] : [],
    );
  };
  return {
    cars: pairs,
    times: failing.map(({ times }) => times!),
    meanOf: (signal, from, to) =>
      pairs.map((pair) => {
        const finite = differences(signal, pair, from, to).filter((one) => !Number.isNaN(one));
        return finite.reduce((sum, one) => sum + one, 0) / Math.max(1, finite.length);
      }),
    differs: (signal, from, to) =>
      pairs.map(({ well: one, failing: other }) => {
        const wells = one.columns[signalIndex[signal]]!;
        const fails = other.columns[signalIndex[signal]]!;
        return one.simTimes.some(
          (at, n) => at - onsetSim >= from && at - onsetSim < to && !Object.is(wells[n], fails[n]),
        );
      }),
  };
}

function livesOf(fleet: Fleet): Lived[] {
  const times = new Map<number, FailureTimes>();
  const indices = [...Array(fleet.cars).keys()];
  const lives = new CarLives(fleet, indices, (slot, told) => times.set(slot, told));
  return indices.map((slot): Lived => {
    const due = [...timetableOf(fleet, slot)];
    const { intervalMs, readingsPerMessage } = fleet;
    const columns = Array.from(
      { length: signalCount },
      () => new Float32Array(due.length * readingsPerMessage),
    );
    const simTimes: number[] = [];
    for (const [message, { simTime }] of due.entries()) {
      lives.live(slot, simTime);
      for (const [signal, column] of lives.columns.entries())
        columns[signal]!.set(column, message * readingsPerMessage);
      for (let n = 0; n < readingsPerMessage; n++) simTimes.push(simTime + n * intervalMs);
    }
    return { simTimes, columns, times: times.get(slot) };
  });
}

export function mean(values: readonly number[]): number {
  return values.reduce((sum, value) => sum + value, 0) / values.length;
}

export function share(values: readonly boolean[]): number {
  return values.filter(Boolean).length / values.length;
}
