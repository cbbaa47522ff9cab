import type { FailureMode } from './failure.ts';

/** Share of the heat capacity that is coolant's: some 6 l in an engine of 100 kg. */
const coolantShare = 0.4;
/** Air in the pump and in the radiator's upper rows: flow falls much faster than the level does. */
const circulationFall = 7;
/** An open circuit steams. */
const steamKwPerK = 1;

/**
 * A leak: wear is the share of the coolant that is gone. The thermostat opens further for as long as it can, then the
 * temperature climbs with the load; a cold engine warms faster and does not stop at its thermostat.
 */
export const coolantLoss: FailureMode = {
  growth: { a: 1, b: 1 },
  inCar: () => ({
    signal: 'coolantTemperature',
    act: (lost, { heat }) => {
      heat.capacityFactor = 1 - coolantShare * lost;
      heat.circulationFactor = Math.exp(-circulationFall * lost);
      heat.steamKwPerK = steamKwPerK * lost;
    },
  }),
};
