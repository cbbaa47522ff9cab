import { signalIndex, type SignalName } from '#contract/signals.ts';
import type { TelemetryBatch } from '#contract/telemetry.ts';
import { carLife } from '#simulator/car-life.ts';
import { vinOf } from '#simulator/population/vin.ts';
import { fleetWith } from '#test/simulator/fleets.ts';

export interface Drives {
  cars: number;
  /** Of the cars' own time. */
  seconds: number;
  seed?: number;
  /** What becomes of a reading's value, for a car (by its number) that is not healthy. */
  spoil?: (car: number, second: number, name: SignalName, value: number) => number;
}

/** The history of a simulated fleet, car after car: readings of 2 s, ten in a batch. */
export function* drives({ cars, seconds, seed = 42, spoil }: Drives): Generator<TelemetryBatch> {
  const speedup = 100;
  const intervalMs = 2000;
  const stages = [{ forMs: (seconds * 1000) / speedup, cars }];
  const fleet = fleetWith({ seed, cars, speedup, intervalMs, stages });
  for (let car = 0; car < cars; car++) {
    let seq = 0;
    for (const { simTime, columns } of carLife(fleet, car)) {
      const after = (simTime - fleet.simStartMs) / 1000;
      yield {
        vin: vinOf(seed, car),
        session: car + 1,
        seq: ++seq,
        scheduledAt: simTime,
        simTime,
        intervalMs,
        columns: columns.map((column, signal) => {
          const name = names[signal]!;
          return spoil ? column.map((value, n) => spoil(car, after + 2 * n, name, value)) : column.slice();
        }),
      };
    }
  }
}

const names = Object.keys(signalIndex) as SignalName[];
