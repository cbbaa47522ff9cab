import type { FailureMode } from './failure.ts';

/** Someone else at the wheel, in a hurry: harder starts, later gear changes, more speed. Nothing fails. */
export const sportDriving: FailureMode = {
  course: 'while-it-lasts',
  inCar: () => ({
    signals: ['engineSpeed', 'throttlePosition', 'manifoldPressure'],
    act: (wear, health) => {
      health.temperOffset = wear;
    },
  }),
};
