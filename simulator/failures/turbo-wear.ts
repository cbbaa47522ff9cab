import { noCharger, type FailureMode } from './failure.ts';

const mostBoostLost = 0.6;
/** A shaft that rubs and blades that are worn need so many times longer, at the most. */
const slowest = 4;

/** The charger makes less boost and makes it later: pressure under load falls short, and so does the air that follows. */
export const turboWear: FailureMode = {
  course: { a: 2, b: 1 },
  lacks: noCharger,
  inCar: () => ({
    signals: ['manifoldPressure', 'massAirFlow'],
    act: (wear, health) => {
      health.boostFactor = 1 - mostBoostLost * wear;
      health.spoolFactor = 1 + (slowest - 1) * wear;
    },
  }),
};
