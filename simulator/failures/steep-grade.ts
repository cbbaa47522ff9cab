import type { FailureMode } from './failure.ts';

/** A pass in the Alps: 8 % and more are rare on main roads. */
const steepest = 0.08;

/** A long climb: high load at low speed, with little wind through the radiator. Nothing fails. */
export const steepGrade: FailureMode = {
  course: 'while-it-lasts',
  inCar: () => ({
    signals: ['manifoldPressure', 'massAirFlow', 'coolantTemperature'],
    act: (wear, health) => {
      health.addedSlope = steepest * wear;
    },
  }),
};
