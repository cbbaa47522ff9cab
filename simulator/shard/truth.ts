import assert from 'node:assert/strict';
import { dtcOf, kindOf } from '#contract/failures.ts';
import type { Truth } from '#contract/records.ts';
import type { FailureTimes } from '../failures/failing-car.ts';
import type { Fleet } from '../fleet.ts';

/** What is known of a failing car so far. @param startedAt the schedule's zero, ms since 1970 */
export function truthOf(vin: string, times: FailureTimes, fleet: Fleet, startedAt: number): Truth {
  const { failure, onsetSim, detectableAtSim, failureAtSim } = times;
  const kind = kindOf(failure.failure);
  assert(kind, `${failure.failure} is in the table of failures`);
  const wall = (simTime: number): number =>
    Math.round(startedAt + (simTime - fleet.simStartMs) / fleet.speedup);
  return {
    vin,
    failure: failure.failure,
    dtc: dtcOf(failure.failure, failure.sensor),
    kind,
    severity: failure.severity,
    onsetSim,
    detectableAtSim,
    failureAtSim,
    onset: wall(onsetSim),
    detectableAt: detectableAtSim === null ? null : wall(detectableAtSim),
    failureAt: wall(failureAtSim),
  };
}
