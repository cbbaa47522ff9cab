import { notPetrol, type FailureMode } from './failure.ts';

/** Fuel that is missing in each injection at the end: trims correct up to some 25 %. */
const mostLost = 0.3;

/** Deposits in the injectors: each injection gives less, lambda control adds time, first short-term, then for good. */
export const injectorClogging: FailureMode = {
  course: { a: 1, b: 1 },
  lacks: notPetrol,
  inCar: () => ({
    signals: ['shortTermFuelTrim', 'longTermFuelTrim', 'lambda'],
    act: (wear, health) => {
      health.injectorFactor = 1 - mostLost * wear;
    },
  }),
};
