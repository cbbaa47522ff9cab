import type { FailureMode } from './failure.ts';

/** One cylinder of four. */
const oneCylinder = 0.25;
/** A worn plug or coil fails in spells of so long, and in between now and then. */
const spellMs = 20_000;
const spellChance = 0.4;
const betweenSpells = 0.2;

/**
 * Combustions of one cylinder fail, in spells that come with the wear: at all of it, that cylinder fires in no spell. The
 * engine shakes at half its speed, unburnt oxygen makes the exhaust look lean, and unburnt fuel heats the catalyst.
 */
export const misfire: FailureMode = {
  course: { a: 2, b: 1 },
  inCar: (_, chance) => ({
    signals: [
      'vibrationRms',
      'vibrationKurtosis',
      'lambda',
      'shortTermFuelTrim',
      'longTermFuelTrim',
      'catalystTemperature',
    ],
    act: (wear, health, simTime) => {
      const isSpell = chance.uniform(Math.floor(simTime / spellMs)) < spellChance;
      health.misfireShare = oneCylinder * wear * (isSpell ? 1 : betweenSpells);
    },
  }),
};
