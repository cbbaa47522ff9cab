import type { Truth } from '#contract/records.ts';
import type { TelemetryBatch } from '#contract/telemetry.ts';
import { carLife } from '#simulator/car-life.ts';
import { failingCars } from '#simulator/failures/choice.ts';
import type { Fleet, FleetFailure } from '#simulator/fleet.ts';
import { vinOf } from '#simulator/population/vin.ts';

/** A fleet that drives for some minutes of its own time: readings every two seconds, ten in a message, 30 % cold starts. */
export interface Drives {
  seed: number;
  cars: number;
  minutes: number;
  /** At these minutes of the cars' time. */
  failures?: readonly (Omit<FleetFailure, 'atMs' | 'overMs'> & { atMinute: number; overMinutes: number })[];
}

export interface Car {
  vin: string;
  /** What goes wrong with it, and when, on its own clock. */
  failure: { id: Truth['failure']; severity: number; onset: number; failureAt: number } | undefined;
  batches(): Generator<TelemetryBatch>;
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
    const failure = failing.get(index);
    const onset = simStartMs + (failure?.atMs ?? 0) * speedup;
    return {
      vin: vinOf(seed, index),
      failure: failure && {
        id: failure.failure,
        severity: failure.severity,
        onset,
        failureAt: onset + failure.overMs,
      },
      *batches() {
        let seq = 0;
        for (const { simTime, columns } of carLife(fleet, index)) {
          const copies = columns.map((column) => column.slice());
          const message = { vin: this.vin, session: index + 1, seq: ++seq, scheduledAt: simTime, simTime };
          yield { ...message, intervalMs, columns: copies };
        }
      },
    };
  });
}
