import { signalIndex, signals } from '#contract/signals.ts';
import type { FailureMode } from './failure.ts';

/**
 * A failure laid over one recorded signal: value x factor + offset at the end, coming from nothing at the onset. Recorded
 * cars have no physics that could do more; what such a failure would do to other signals is not there.
 */
export const signalEffect: FailureMode = {
  course: { a: 1, b: 1 },
  lacks: () => 'recorded signals to lay it over (fleet.recorded)',
  inCar: ({ sensor, factor = 1, offset = 0 }) => {
    const index = signalIndex[sensor];
    const { resolution, range } = signals[index]!;
    return {
      signals: [sensor],
      report: (wear, columns, reading) => {
        const column = columns[index]!;
        const value = column[reading]!;
        const seen = value * (1 + (factor - 1) * wear) + offset * wear;
        if (Number.isNaN(value) || seen === value) return;
        const counted = Math.round(seen / resolution) * resolution;
        column[reading] = Math.max(range.min, Math.min(range.max, counted));
      },
    };
  },
};
