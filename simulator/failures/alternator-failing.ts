import type { FailureMode } from './failure.ts';

/**
 * The alternator makes less and less current: once consumers take more than that, the battery gives the rest, its current
 * turns negative, and the voltage falls from the regulator's to the battery's and on.
 */
export const alternatorFailing: FailureMode = {
  course: { a: 1, b: 1 },
  lacks: ({ hybrid }) => (hybrid ? 'an alternator' : undefined),
  inCar: () => ({
    signals: ['batteryVoltage', 'batteryCurrent'],
    act: (wear, health) => {
      // Diodes and brushes go one after the other, and each takes its part of what is left.
      health.alternatorFactor = (1 - wear) ** 2;
    },
  }),
};
