import type { FailureMode } from './failure.ts';

/**
 * A main bearing spalls: impacts, which raise the vibration's kurtosis long before its root mean square, and a gap through
 * which oil pressure leaks at the end.
 */
export const bearingWear: FailureMode = {
  // A spall breeds spalls: long nothing, then fast.
  course: { a: 3, b: 1.5 },
  inCar: () => ({
    signals: ['vibrationKurtosis', 'vibrationRms', 'oilPressure'],
    act: (wear, health) => {
      health.bearingWear = wear;
    },
  }),
};
