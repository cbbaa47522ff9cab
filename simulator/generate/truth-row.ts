import { kindOf } from '#contract/failures.ts';
import type { Truth } from '#contract/records.ts';
import type { SignalName } from '#contract/signals.ts';
import type { FailureTimes } from '../failures/failing-car.ts';
import type { Fleet } from '../fleet.ts';
import { truthOf } from '../shard/truth.ts';

/** What really is wrong with a car: the Truth record, and of a sensor's fault which sensor. */
export interface TruthRow extends Truth {
  signal: SignalName | null;
}

/** Nobody waits for the car's clock, so wall-clock times are those of the car. */
export function truthRowOf(vin: string, times: FailureTimes, fleet: Fleet): TruthRow {
  const truth = truthOf(vin, times, fleet, fleet.simStartMs);
  const { failure, sensor } = times.failure;
  return { ...truth, signal: kindOf(failure) === 'sensor' ? sensor : null };
}
