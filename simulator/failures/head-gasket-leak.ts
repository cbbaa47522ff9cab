import type { FailureMode } from './failure.ts';

/**
 * The gasket between a cylinder and the coolant leaks: combustion gas heats the coolant and coolant is pressed out, so it
 * runs hot with the load; after a cold start the cylinder that drew coolant misfires.
 */
export const headGasketLeak: FailureMode = {
  course: { a: 2, b: 1 },
  inCar: () => ({
    signals: ['coolantTemperature', 'oilTemperature', 'manifoldPressure', 'vibrationRms', 'lambda'],
    act: (wear, health) => {
      health.gasketLeak = wear;
    },
  }),
};
