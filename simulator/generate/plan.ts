import { stagesMs } from '../schedule/stages.ts';
import { messageIntervalMs, type Fleet } from '../fleet.ts';

/** What the readings become: text or columns for files, or TelemetryBatch records. */
export const formats = ['csv', 'ndjson', 'parquet', 'kafka'] as const;
export type Format = (typeof formats)[number];

/** A fleet whose stages are flat and whose speedup is 1: nobody waits for its clock. */
export interface GeneratePlan {
  fleet: Fleet;
  format: Format;
}

/** Rows of a Parquet file that are read as one. A smaller group costs readers, a larger one our memory. */
export const rowsPerGroup = 65_536;
/** What a worker takes at a time, in readings: small, so that all workers end at about the same time. */
const readingsPerSegment = 16_384;

/** Cars that a worker lives through in one go. Hangs on the plan alone: a Parquet row group ends with its segment. */
export function carsPerSegment({ fleet, format }: GeneratePlan): number {
  const ofCar = messagesPerCar(fleet) * fleet.readingsPerMessage;
  const readings = format === 'parquet' ? rowsPerGroup : readingsPerSegment;
  return Math.max(1, Math.floor(readings / Math.max(1, ofCar)));
}

export function segmentsOf(plan: GeneratePlan): number {
  return Math.ceil(plan.fleet.cars / carsPerSegment(plan));
}

/** Indices of a segment's cars. */
export function carsOf(plan: GeneratePlan, segment: number): number[] {
  const size = carsPerSegment(plan);
  const from = segment * size;
  const length = Math.min(size, plan.fleet.cars - from);
  return Array.from({ length }, (_, place) => from + place);
}

/** Whether all cars send as many messages: the hours are a multiple of the message interval. */
export function isExact(fleet: Fleet): boolean {
  return stagesMs(fleet.stages) % messageIntervalMs(fleet) === 0;
}

/** Of the whole fleet; where it is not exact, within a message a car. */
export function expectedReadings(fleet: Fleet): number {
  const messages = stagesMs(fleet.stages) / messageIntervalMs(fleet);
  return Math.round(fleet.cars * messages * fleet.readingsPerMessage);
}

function messagesPerCar(fleet: Fleet): number {
  return Math.ceil(stagesMs(fleet.stages) / messageIntervalMs(fleet));
}
