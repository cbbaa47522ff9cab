import type { FailureMode } from './failure.ts';

/** A caravan: its mass, and what its front adds behind the car. */
const heaviestKg = 1500;
const widestM2 = 1.2;

/** A trailer: every start, hill and motorway takes more load, and more heat comes of it. Nothing fails. */
export const trailer: FailureMode = {
  course: 'while-it-lasts',
  inCar: () => ({
    signals: ['manifoldPressure', 'massAirFlow', 'coolantTemperature'],
    act: (wear, health) => {
      health.addedMassKg = heaviestKg * wear;
      health.addedDragM2 = widestM2 * wear;
    },
  }),
};
