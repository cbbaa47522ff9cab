import type { FailureMode } from './failure.ts';

/** Of a car battery of some 60 Ah: flat enough that it could not start the engine. */
const mostMissingAh = 40;

/** After a jump start: the battery is flat and takes all the current that it gets for a while. Nothing fails. */
export const jumpStart: FailureMode = {
  course: 'at-once',
  inCar: () => {
    let isFlat = false;
    return {
      signals: ['batteryCurrent', 'batteryVoltage'],
      // Flat once: from then on it takes charge.
      act: (wear, health) => {
        health.batteryMissingAh = isFlat ? 0 : mostMissingAh * wear;
        isFlat = true;
      },
    };
  },
};
