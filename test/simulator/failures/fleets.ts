import { signalIndex, type SignalName } from '#contract/signals.ts';
import { CarLives } from '#simulator/car-life.ts';
import type { FailureTimes } from '#simulator/failures/failing-car.ts';
import type { Fleet, FleetFailure } from '#simulator/fleet.ts';
import { timetableOf } from '#simulator/schedule/timetable.ts';

/** Coolant loss in one car at the schedule's zero; `changes` says what the test is about. */
export function failureWith(changes: Partial<FleetFailure> = {}): FleetFailure {
  return {
    failure: 'coolant-loss',
    atMs: 0,
    overMs: 600_000,
    severity: 0.7,
    cars: 1,
    sensor: 'coolantTemperature',
    ...changes,
  };
}

/** One car's life, reading by reading. */
export interface LivedCar {
  /** The car's clock, of each reading. */
  simTimes: number[];
  columns: Record<SignalName, number[]>;
  /** What was told of its failure, in order. */
  told: FailureTimes[];
}

export function lived(fleet: Fleet, index: number): LivedCar {
  const told: FailureTimes[] = [];
  const lives = new CarLives(fleet, [index], (_, times) => told.push(times));
  const simTimes: number[] = [];
  const names = Object.keys(signalIndex) as SignalName[];
  const columns = Object.fromEntries(names.map((name) => [name, [] as number[]])) as LivedCar['columns'];
  for (const { simTime } of timetableOf(fleet, index)) {
    lives.live(0, simTime);
    for (let reading = 0; reading < fleet.readingsPerMessage; reading++)
      simTimes.push(simTime + reading * fleet.intervalMs);
    for (const name of names) columns[name].push(...lives.columns[signalIndex[name]]!);
  }
  return { simTimes, columns, told };
}

export function quantile(values: readonly number[], share: number): number {
  return values.toSorted((a, b) => a - b)[Math.floor(share * (values.length - 1))]!;
}
