import type { FailureMode } from './failure.ts';

/**
 * The filter holds air back, with the square of the flow: pressure before the engine falls, the throttle opens further for
 * the same torque, and full load gives less. At idle nothing shows.
 */
export const airFilterClogging: FailureMode = {
  course: { a: 1, b: 1 },
  inCar: () => ({
    signals: ['manifoldPressure', 'massAirFlow', 'throttlePosition', 'lambda'],
    act: (wear, health) => {
      // What is left of the area counts: half of the dust stops much more than half of it.
      health.filterRestriction = 1 - (1 - wear) ** 2;
    },
  }),
};
