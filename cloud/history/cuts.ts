import { readingsOf, type TelemetryBatch } from '#contract/telemetry.ts';

/** Parts of a batch that are batches themselves: views of its columns, with the simTime of their own first reading. */

/** When its last reading was made, ms on the car's clock. */
export function lastAtOf(batch: TelemetryBatch): number {
  return batch.simTime + Math.max(0, readingsOf(batch) - 1) * batch.intervalMs;
}

/** The readings from `from` to before `to`, ms on the car's clock; null where there is none. */
export function within(batch: TelemetryBatch, span: { from: number; to: number }): TelemetryBatch | null {
  const { simTime, intervalMs } = batch;
  const readings = readingsOf(batch);
  // Without a clock that moves they are all of one moment.
  const readingAt = (at: number): number =>
    intervalMs > 0 ? Math.ceil((at - simTime) / intervalMs) : at > simTime ? readings : 0;
  const first = Math.min(Math.max(readingAt(span.from), 0), readings);
  const end = Math.min(Math.max(readingAt(span.to), 0), readings);
  return first < end ? part(batch, first, end) : null;
}

/** Without the readings that have no finite signal. */
export function withSignals(batch: TelemetryBatch): TelemetryBatch[] {
  const readings = readingsOf(batch);
  const parts: TelemetryBatch[] = [];
  let begin = 0;
  for (let reading = 0; reading <= readings; reading++) {
    if (reading < readings && hasSignal(batch.columns, reading)) continue;
    if (reading > begin) parts.push(part(batch, begin, reading));
    begin = reading + 1;
  }
  return parts;
}

function hasSignal(columns: readonly Float32Array[], reading: number): boolean {
  for (const column of columns) if (Number.isFinite(column[reading])) return true;
  return false;
}

function part(batch: TelemetryBatch, first: number, end: number): TelemetryBatch {
  if (first === 0 && end === readingsOf(batch)) return batch;
  const simTime = batch.simTime + first * batch.intervalMs;
  return { ...batch, simTime, columns: batch.columns.map((column) => column.subarray(first, end)) };
}
