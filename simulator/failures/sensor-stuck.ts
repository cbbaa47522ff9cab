import { signalIndex } from '#contract/signals.ts';
import type { FailureMode } from './failure.ts';

/** A sensor that reports for ever what it reported at the onset; the car itself is well. Any severity is wholly stuck. */
export const sensorStuck: FailureMode = {
  growth: { a: 1, b: 1 },
  inCar: ({ sensor }) => {
    let stuckAt = Number.NaN;
    return {
      signal: sensor,
      report: (columns, reading) => {
        const column = columns[signalIndex[sensor]]!;
        if (Number.isNaN(stuckAt)) stuckAt = column[reading]!;
        column[reading] = stuckAt;
      },
    };
  },
};
