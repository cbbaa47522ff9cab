import { noCharger, type FailureMode } from './failure.ts';

/** Of the charge air, through a hose that has come off its clamp. */
const mostLost = 0.6;

/**
 * Charge air leaves between the air-mass meter and the manifold: under boost the manifold's pressure falls short, while
 * the meter still counts the air that is lost, so the mixture becomes rich and trims fall. Without boost nothing shows.
 */
export const boostLeak: FailureMode = {
  course: { a: 2, b: 1 },
  lacks: noCharger,
  inCar: () => ({
    signals: ['manifoldPressure', 'massAirFlow', 'shortTermFuelTrim', 'longTermFuelTrim', 'lambda'],
    act: (wear, health) => {
      health.chargeLeak = mostLost * wear;
    },
  }),
};
