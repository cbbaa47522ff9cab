import { signalCount } from '#contract/signals.ts';
import { readingsOf, type TelemetryBatch } from '#contract/telemetry.ts';
import type { Vehicle } from './vehicles.ts';

/** Bounds of what is kept: 80 bytes a reading, so 48 MB. */
export interface SeriesBounds {
  vehicles: number;
  readings: number;
  /** At least so many vehicles share the readings, whatever the length of their series. */
  leastVehicles: number;
}

const defaultBounds: SeriesBounds = { vehicles: 300, readings: 600_000, leastVehicles: 40 };

/** The whole series of one car, from its first reading on. */
export interface Series {
  vehicle: Vehicle;
  readings: number;
  /** On the car's own clock. */
  simulatedMs: number;
  /** Unpacked as they are walked over. */
  batches: Iterable<TelemetryBatch>;
}

interface Packed {
  /** All but columns. */
  head: Omit<TelemetryBatch, 'columns'>;
  /** Column after column. */
  values: Float32Array;
}

interface Kept {
  vehicle: Vehicle;
  readings: number;
  simulatedMs: number;
  batches: Packed[];
}

/**
 * Whole series of vehicles that no network learns from: those with the smallest draws, as many as the bounds allow.
 * Which ones does not hang on the order in which vehicles come.
 */
export class KeptSeries {
  readonly #bounds: SeriesBounds;
  /** By ascending draw. */
  readonly #kept: Kept[] = [];
  readonly #byVin = new Map<string, Kept>();
  #readings = 0;
  /** A vehicle whose draw is this or larger had to go, or would have to. */
  #belowDraw = Number.POSITIVE_INFINITY;

  constructor(bounds: SeriesBounds = defaultBounds) {
    this.#bounds = bounds;
  }

  /** Takes a copy of the batch, or leaves it. */
  offer(vehicle: Vehicle, batch: TelemetryBatch): void {
    const readings = readingsOf(batch);
    const series = this.#seriesOf(vehicle);
    if (!series || readings === 0) return;
    if (series.readings + readings > this.#bounds.readings / this.#bounds.leastVehicles) return;
    const { columns, ...head } = batch;
    const values = new Float32Array(readings * signalCount);
    for (const [signal, column] of columns.entries()) values.set(column, signal * readings);
    series.batches.push({ head, values });
    series.readings += readings;
    series.simulatedMs += readings * batch.intervalMs;
    this.#readings += readings;
    while (this.#readings > this.#bounds.readings) this.#dropLast();
  }

  /** By ascending draw, taken in turn: one for calibration, the next for the test. */
  halves(): { calibration: Series[]; test: Series[] } {
    const all = this.#kept.map(unpacked);
    return {
      calibration: all.filter((_, index) => index % 2 === 0),
      test: all.filter((_, index) => index % 2 === 1),
    };
  }

  #seriesOf(vehicle: Vehicle): Kept | undefined {
    const known = this.#byVin.get(vehicle.vin);
    if (known || vehicle.draw >= this.#belowDraw) return known;
    const series: Kept = { vehicle, readings: 0, simulatedMs: 0, batches: [] };
    let at = this.#kept.length;
    while (at > 0 && this.#kept[at - 1]!.vehicle.draw > vehicle.draw) at--;
    this.#kept.splice(at, 0, series);
    this.#byVin.set(vehicle.vin, series);
    while (this.#kept.length > this.#bounds.vehicles) this.#dropLast();
    return this.#byVin.get(vehicle.vin);
  }

  #dropLast(): void {
    const last = this.#kept.pop();
    if (!last) return;
    this.#byVin.delete(last.vehicle.vin);
    this.#readings -= last.readings;
    this.#belowDraw = last.vehicle.draw;
  }
}

function unpacked({ vehicle, readings, simulatedMs, batches }: Kept): Series {
  return { vehicle, readings, simulatedMs, batches: { [Symbol.iterator]: () => walk(batches) } };
}

function* walk(batches: readonly Packed[]): Generator<TelemetryBatch> {
  for (const { head, values } of batches) {
    const length = values.length / signalCount;
    const columns = Array.from({ length: signalCount }, (_, signal) =>
      values.subarray(signal * length, (signal + 1) * length),
    );
    yield { ...head, columns };
  }
}
