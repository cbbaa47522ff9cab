import type { FailureMode } from './failure.ts';

const hottestK = 25;

/** A heat wave: nothing fails, but intake air and fan, oil and battery work as they seldom do. */
export const hotDay: FailureMode = {
  course: 'while-it-lasts',
  inCar: () => ({
    signals: ['ambientTemperature', 'intakeAirTemperature', 'coolantTemperature'],
    act: (wear, health) => {
      health.ambientOffsetC = hottestK * wear;
    },
  }),
};
