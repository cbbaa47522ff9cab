import type { TelemetryBatch } from '#contract/telemetry.ts';
import { signalIndex, type SignalName } from '#contract/signals.ts';
import { carLife } from '#simulator/car-life.ts';
import { fleetWith } from '#test/simulator/fleets.ts';

export const intervalMs = 2000;
export const readingsPerBatch = 10;

/** Whole lives of healthy cars of every profile, 30 % of them from a cold start. */
export function livesOf(seed: number, cars: number, minutes: number): TelemetryBatch[][] {
  const forMs = (minutes * 60_000) / 10;
  const stages = [{ forMs, cars }];
  const fleet = fleetWith({
    seed,
    cars,
    intervalMs,
    readingsPerMessage: readingsPerBatch,
    speedup: 10,
    stages,
  });
  return Array.from({ length: cars }, (_, index) => [
    ...batchesOf(carLife(fleet, index), `VIN${index}`, index + 1),
  ]);
}

function* batchesOf(
  life: ReturnType<typeof carLife>,
  vin: string,
  session: number,
): Generator<TelemetryBatch> {
  let seq = 0;
  for (const { simTime, columns } of life) {
    const own = columns.map((column) => column.slice());
    yield { vin, session, seq: ++seq, scheduledAt: 0, simTime, intervalMs, columns: own };
  }
}

/** The same life, but from `onsetSeconds` on its sensor says what `change` makes of the value. */
export function changed(
  life: readonly TelemetryBatch[],
  signal: SignalName,
  onsetSeconds: number,
  change: (value: number, secondsSinceOnset: number) => number,
): TelemetryBatch[] {
  return life.map((batch, index) => {
    const column = batch.columns[signalIndex[signal]]!.map((value, reading) => {
      const seconds = ((index * readingsPerBatch + reading) * intervalMs) / 1000 - onsetSeconds;
      return seconds < 0 ? value : change(value, seconds);
    });
    return { ...batch, columns: batch.columns.with(signalIndex[signal], column) };
  });
}

/** Says for ever what it said first. */
export function frozen(): (value: number) => number {
  let first: number | undefined;
  return (value) => (first ??= value);
}

/** The same readings in batches of one. */
export function oneByOne(life: readonly TelemetryBatch[]): TelemetryBatch[] {
  return life.flatMap((batch) =>
    Array.from(batch.columns[0]!, (_, reading) => ({
      ...batch,
      simTime: batch.simTime + reading * batch.intervalMs,
      columns: batch.columns.map((column) => column.slice(reading, reading + 1)),
    })),
  );
}
