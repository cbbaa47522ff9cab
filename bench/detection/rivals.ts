import { signalCount, signalIndex, type SignalName } from '#contract/signals.ts';
import type { TelemetryBatch } from '#contract/telemetry.ts';

/** A simple detector to stand beside ours: how alarming is a reading? It alarms at its threshold. */
export interface Rival {
  name: string;
  /** Begins a car anew. */
  begin(): void;
  /** Of each reading in turn: a level, and the signal that it would name. */
  level(batch: TelemetryBatch, reading: number): { level: number; signal: SignalName | null };
  /** Its threshold is its own; undefined: calibrated like ours, to a budget of false alarms. */
  threshold: number | undefined;
}

const value = (batch: TelemetryBatch, name: SignalName, reading: number): number =>
  batch.columns[signalIndex[name]]?.[reading] ?? Number.NaN;

/**
 * Fixed limits as on-board diagnosis and a workshop's rules of thumb have them: overheating, oil pressure, charging, fuel
 * trim, lambda. Each must hold for ten seconds.
 */
export function fixedRules(): Rival {
  const rules: [SignalName, (batch: TelemetryBatch, reading: number) => boolean][] = [
    ['coolantTemperature', (b, r) => value(b, 'coolantTemperature', r) > 115],
    ['oilTemperature', (b, r) => value(b, 'oilTemperature', r) > 140],
    ['oilPressure', (b, r) => value(b, 'engineSpeed', r) > 1500 && value(b, 'oilPressure', r) < 100],
    [
      'batteryVoltage',
      (b, r) => value(b, 'engineSpeed', r) > 600 && outside(value(b, 'batteryVoltage', r), 12.4, 15.2),
    ],
    ['longTermFuelTrim', (b, r) => Math.abs(value(b, 'longTermFuelTrim', r)) > 25],
  ];
  const held = rules.map(() => 0);
  return {
    name: 'fixed limits (OBD rules)',
    threshold: 1,
    begin: () => void held.fill(0),
    level(batch, reading) {
      const seconds = batch.intervalMs / 1000;
      let worst: { level: number; signal: SignalName | null } = { level: 0, signal: null };
      for (const [index, [signal, breaks]] of rules.entries()) {
        held[index] = breaks(batch, reading) ? (held[index] ?? 0) + seconds : 0;
        const level = (held[index] ?? 0) / 10;
        if (level > worst.level) worst = { level, signal };
      }
      return worst;
    },
  };
}

/** Mahalanobis distance over the raw signals, smoothed over a minute. @param batches of healthy cars, to learn the spread */
export function mahalanobis(batches: Iterable<TelemetryBatch>): Rival {
  const rows: number[][] = [];
  for (const batch of batches) {
    const row = batch.columns.map((column) => column[0] ?? Number.NaN);
    rows.push(row);
  }
  const mean = Array.from({ length: signalCount }, (_, s) =>
    average(rows.map((row) => row[s] ?? Number.NaN)),
  );
  const centred = rows.map((row) => row.map((x, s) => (Number.isFinite(x) ? x - (mean[s] ?? 0) : 0)));
  const covariance = mean.map((_, i) =>
    mean.map((__, j) => average(centred.map((row) => (row[i] ?? 0) * (row[j] ?? 0))) + (i === j ? 1e-3 : 0)),
  );
  const inverse = inverted(covariance);
  let smoothed = 0;
  return {
    name: 'Mahalanobis distance',
    threshold: undefined,
    begin: () => void (smoothed = signalCount),
    level(batch, reading) {
      const off = mean.map((m, s) => {
        const x = batch.columns[s]?.[reading] ?? Number.NaN;
        return Number.isFinite(x) ? x - m : 0;
      });
      const weighted = inverse.map((row) => row.reduce((sum, weight, j) => sum + weight * (off[j] ?? 0), 0));
      const parts = off.map((d, i) => d * (weighted[i] ?? 0));
      const distance = parts.reduce((sum, part) => sum + part, 0);
      smoothed += ((distance - smoothed) * batch.intervalMs) / 60_000;
      const largest = parts.indexOf(Math.max(...parts));
      const [signal] = Object.entries(signalIndex).find(([, index]) => index === largest) ?? [null];
      return { level: smoothed, signal: signal as SignalName | null };
    },
  };
}

/** Alarms by chance, as often as the budget allows: what a detector that knows nothing reaches. */
export function chance(perVehicleDay: number, seed: number): Rival {
  let state = seed >>> 0;
  const uniform = (): number => {
    // https://en.wikipedia.org/wiki/Linear_congruential_generator (Numerical Recipes)
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return state / 2 ** 32;
  };
  return {
    name: 'chance',
    threshold: 1,
    begin: () => undefined,
    level: (batch) => ({
      level: uniform() < (perVehicleDay * batch.intervalMs) / 86_400_000 ? 1 : 0,
      signal: null,
    }),
  };
}

function outside(x: number, low: number, high: number): boolean {
  return x < low || x > high;
}

function average(values: readonly number[]): number {
  const finite = values.filter((x) => Number.isFinite(x));
  return finite.length === 0 ? 0 : finite.reduce((sum, x) => sum + x, 0) / finite.length;
}

/** Gauss-Jordan with pivoting. */
function inverted(matrix: readonly (readonly number[])[]): number[][] {
  const n = matrix.length;
  const work = matrix.map((row, i) => [...row, ...row.map((_, j) => Number(i === j))]);
  for (let column = 0; column < n; column++) {
    const at = (row: number): number => Math.abs(work[row]?.[column] ?? 0);
    let pivot = column;
    for (let row = column + 1; row < n; row++) if (at(row) > at(pivot)) pivot = row;
    [work[column], work[pivot]] = [work[pivot] ?? [], work[column] ?? []];
    const scale = work[column]?.[column] ?? 1;
    work[column] = (work[column] ?? []).map((x) => x / scale);
    for (let row = 0; row < n; row++) {
      const factor = work[row]?.[column] ?? 0;
      if (row === column || factor === 0) continue;
      work[row] = (work[row] ?? []).map((x, j) => x - factor * (work[column]?.[j] ?? 0));
    }
  }
  return work.map((row) => row.slice(n));
}
