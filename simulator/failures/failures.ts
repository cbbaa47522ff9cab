import { coolantLoss } from './coolant-loss.ts';
import type { FailureMode } from './failure.ts';
import { sensorStuck } from './sensor-stuck.ts';

/** Failures that are built, by their id in contract/failures.ts. */
export const failureModes = {
  'coolant-loss': coolantLoss,
  'sensor-stuck': sensorStuck,
} as const satisfies Record<string, FailureMode>;

export type FailureId = keyof typeof failureModes;

export const failureIds = Object.keys(failureModes) as [FailureId, ...FailureId[]];
