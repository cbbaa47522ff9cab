/**
 * What is wrong with a car, and what unusual circumstances it is in: the one object between failures and physics.
 * Failures set it before a step, physics reads it. It is no part of what is stored: heal() makes the car well again, and
 * only what the failure did to temperatures, charge and trims stays.
 */
export class Health {
  /** Share of the coolant that is gone, 0 to 1. */
  coolantLost = 0;
  /** The thermostat never closes below this opening, 0 to 1. */
  thermostatStuck = 0;
  /** Share of combustions that fail, 0 to 1. */
  misfireShare = 0;
  /** What the oil pump still delivers, 0 to 1. */
  oilPumpFactor = 1;
  /** 0 new … 1 worn out: impacts. */
  bearingWear = 0;
  /** Share of the charge air (what is above ambient) that leaves between air-mass meter and manifold. */
  chargeLeak = 0;
  /** Share of the charger's highest boost that it still makes. */
  boostFactor = 1;
  /** How many times longer the charger takes. */
  spoolFactor = 1;
  /** Fuel that an injection gives, beside what it should. */
  injectorFactor = 1;
  /** Share of the current that the alternator can still make. */
  alternatorFactor = 1;
  /** Share of the catalyst's conversion that is left. */
  catalystFactor = 1;
  /** Air filter, 0 clean … 1 nearly shut: its pressure drop grows with the flow squared. */
  filterRestriction = 0;
  /** 0 to 1: combustion gas into the coolant (heat), coolant into a cylinder (misfire after a cold start), lost filling. */
  gasketLeak = 0;

  // Circumstances that are no failures.

  /** Hot day, K above the season's. */
  ambientOffsetC = 0;
  /** Trailer, kg. */
  addedMassKg = 0;
  /** Trailer, m2 of drag area. */
  addedDragM2 = 0;
  /** Steep grade, rise over run. */
  addedSlope = 0;
  /** Added to the driver's temper, -1 to 1. */
  temperOffset = 0;
  /** After a jump start: at least so much is missing in the battery, Ah. Set once, at the onset. */
  batteryMissingAh = 0;

  /** All well again. */
  heal(): void {
    this.coolantLost = 0;
    this.thermostatStuck = 0;
    this.misfireShare = 0;
    this.oilPumpFactor = 1;
    this.bearingWear = 0;
    this.chargeLeak = 0;
    this.boostFactor = 1;
    this.spoolFactor = 1;
    this.injectorFactor = 1;
    this.alternatorFactor = 1;
    this.catalystFactor = 1;
    this.filterRestriction = 0;
    this.gasketLeak = 0;
    this.ambientOffsetC = 0;
    this.addedMassKg = 0;
    this.addedDragM2 = 0;
    this.addedSlope = 0;
    this.temperOffset = 0;
    this.batteryMissingAh = 0;
  }
}
