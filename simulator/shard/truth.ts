import { failures } from '#contract/failures.ts';
import type { Truth } from '#contract/records.ts';
import type { FailureTimes } from '../failures/failing-car.ts';
import type { Fleet } from '../fleet.ts';

/** What is known of a failing car so far. @param startedAt the schedule's zero, ms since 1970 */
export function truthOf(vin: string, times: FailureTimes, fleet: Fleet, startedAt: number): Truth {
  const { failure, onsetSim, detectableAtSim, failureAtSim } = times;
  const listed = failures.find(({ id }) => id === failure.failure);
  if (!listed) throw new RangeError(`${failure.failure} is not in the table of failures`);
  const wall = (simTime: number): number =>
    Math.round(startedAt + (simTime - fleet.simStartMs) / fleet.speedup);
  return {
    vin,
    failure: listed.id,
    dtc: listed.dtc,
    kind: listed.kind,
    severity: failure.severity,
    onsetSim,
    detectableAtSim,
    failureAtSim,
    onset: wall(onsetSim),
    detectableAt: detectableAtSim === null ? null : wall(detectableAtSim),
    failureAt: wall(failureAtSim),
  };
}
