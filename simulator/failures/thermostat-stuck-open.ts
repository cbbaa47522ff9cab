import type { FailureMode } from './failure.ts';

/** Of its way: a worn wax element or a broken spring still nearly closes; a quarter cools an engine to 50 degC in winter. */
const mostOpen = 0.25;

/**
 * The thermostat no longer closes: wear says below which opening it never falls. Coolant runs through the radiator all
 * the time, so a cold engine hardly warms up and a warm one cools down, most of all at speed; oil follows, and thickens.
 */
export const thermostatStuckOpen: FailureMode = {
  // It sticks where it stood, and does not creep.
  course: { a: 1, b: 0.5 },
  inCar: () => ({
    signals: ['coolantTemperature', 'oilTemperature'],
    act: (wear, health) => {
      health.thermostatStuck = mostOpen * wear;
    },
  }),
};
