import type { FailureMode } from './failure.ts';

/**
 * A leak: wear is the share of the coolant that is gone. The thermostat opens further for as long as it can, then the
 * temperature climbs with the load; a cold engine warms faster and does not stop at its thermostat.
 */
export const coolantLoss: FailureMode = {
  course: { a: 1, b: 1 },
  inCar: () => ({
    signals: ['coolantTemperature', 'oilTemperature', 'oilPressure'],
    act: (wear, health) => {
      health.coolantLost = wear;
    },
  }),
};
