import { notPetrol, type FailureMode } from './failure.ts';

const mostLost = 0.95;

/** The catalyst converts less, so less of the heat of conversion warms it. Nothing else of the car notices. */
export const catalystAgeing: FailureMode = {
  course: { a: 1, b: 1 },
  lacks: notPetrol,
  inCar: () => ({
    signals: ['catalystTemperature'],
    act: (wear, health) => {
      health.catalystFactor = 1 - mostLost * wear;
    },
  }),
};
