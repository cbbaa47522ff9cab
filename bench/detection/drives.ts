import { kindOf, type FailureKind } from '#contract/failures.ts';
import type { TelemetryBatch } from '#contract/telemetry.ts';
import { CarLives } from '#simulator/car-life.ts';
import { failingCars } from '#simulator/failures/choice.ts';
import type { Fleet, FleetFailure } from '#simulator/fleet.ts';
import { vinOf } from '#simulator/population/vin.ts';
import { timetableOf } from '#simulator/schedule/timetable.ts';

/** A fleet that drives for some minutes of its own time: readings every two seconds, ten in a message, 30 % cold starts. */
export interface Drives {
  seed: number;
  cars: number;
  minutes: number;
  /** At these minutes of the cars' time. */
  failures?: readonly (Omit<FleetFailure, 'atMs' | 'overMs'> & { atMinute: number; overMinutes: number })[];
}

export interface Car {
  /** What goes wrong with it, and when, on its own clock. */
  failure: { from: FleetFailure; kind: FailureKind; onset: number; failureAt: number } | undefined;
  /** Its whole life; `isVisible`: its failure showed before it was complete, as the ground truth has it. */
  live(): { batches: TelemetryBatch[]; isVisible: boolean };
}

const speedup = 60;
const intervalMs = 2000;
const simStartMs = Date.UTC(2026, 0, 5, 8);

/** Every car of the fleet; its messages are simulated when they are asked for, the same each time. */
export function carsOf({ seed, cars, minutes, failures = [] }: Drives): Car[] {
  const fleet: Fleet = {
    seed,
    cars,
    profiles: { petrol: 0.5, turbo: 0.25, diesel: 0.15, hybrid: 0.1 },
    intervalMs,
    readingsPerMessage: 10,
    speedup,
    start: 'mixed',
    simStartMs,
    stages: [{ forMs: minutes * 1000, cars }],
    failures: failures.map(({ atMinute, overMinutes, ...rest }) => ({
      ...rest,
      atMs: (atMinute * 60_000) / speedup,
      overMs: overMinutes * 60_000,
    })),
  };
  const failing = failingCars(fleet);
  return Array.from({ length: cars }, (_, index): Car => {
    const from = failing.get(index);
    const onset = simStartMs + (from?.atMs ?? 0) * speedup;
    return {
      failure: from && {
        from,
        kind: kindOf(from.failure) ?? 'engine',
        onset,
        failureAt: onset + from.overMs,
      },
      live: () => lifeOf(fleet, index),
    };
  });
}

function lifeOf(fleet: Fleet, index: number): ReturnType<Car['live']> {
  let isVisible = false;
  const lives = new CarLives(fleet, [index], (_, { detectableAtSim }) => {
    isVisible ||= detectableAtSim !== null;
  });
  const vin = vinOf(fleet.seed, index);
  const batches: TelemetryBatch[] = [];
  for (const { simTime } of timetableOf(fleet, index)) {
    lives.live(0, simTime);
    const columns = lives.columns.map((column) => column.slice());
    const message = { vin, session: index + 1, seq: batches.length + 1, scheduledAt: simTime, simTime };
    batches.push({ ...message, intervalMs, columns });
  }
  return { batches, isVisible };
}
