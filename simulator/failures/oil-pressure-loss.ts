import type { FailureMode } from './failure.ts';

/** At the end a pump that leaks inside, or sucks air, still delivers a quarter. */
const mostLost = 0.75;

/** The oil pump delivers less: pressure falls, first and most where it is lowest, at a hot idle. Nothing else changes. */
export const oilPressureLoss: FailureMode = {
  course: { a: 2, b: 1 },
  inCar: () => ({
    signals: ['oilPressure'],
    act: (wear, health) => {
      health.oilPumpFactor = 1 - mostLost * wear;
    },
  }),
};
