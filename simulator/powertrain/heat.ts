import type { Beginning, Driver } from '../driving/driver.ts';
import type { Surroundings } from '../driving/surroundings.ts';
import type { Part } from '../part.ts';
import type { Build } from '../population/build.ts';
import type { Profile } from '../population/profiles.ts';
import type { RandomStream } from '../random.ts';
import type { Engine } from './engine.ts';
import type { Health } from './health.ts';
import type { Mixture } from './mixture.ts';
import type { Motion } from './motion.ts';

/** Kelvin from the thermostat's first opening to its last. */
const thermostatSpan = 7;

/** The electric fan: switches on and off here, degC, and blows as a drive at this speed does, m/s. */
const fanOnC = 97;
const fanOffC = 93;
const fanSpeed = 9;
/** Warm air rises through a radiator that stands: m/s. */
const stillAir = 0.015;

/** Cabin heating takes heat from warm coolant for each kelvin that it is colder than this outside. */
const comfortC = 16;
const cabinKwPerK = 0.03;

/** Share of the heat capacity that is coolant's: some 6 l in an engine of 100 kg. */
const coolantShare = 0.4;
/** A pump that draws a tenth of air moves half as much (and the radiator's upper rows run dry): flow falls far faster. */
const circulationFall = 9;
/** A mixture with glycol boils here once the system no longer holds its pressure; an open circuit steams. */
const boilingPoint = 118;
const steamKwPerK = 1;
/** A leaking head gasket: share of the fuel's heat that its gas carries into the coolant, and gas locks in the pump. */
const gasketHeat = 0.1;
const gasketFall = 3.5;

/** Oil and its sump: kJ/K and kW/K to the coolant, for each litre of displacement. */
const oilCapacity = 7;
const oilToCoolant = 0.046;

/** Coolant with thermostat, radiator and fan; oil. One heat store each, in degC. */
export class Heat implements Part {
  readonly size = 4;
  coolant = 20;
  oil = 20;
  /** 0 closed … 1 open. */
  thermostat = 0;
  /** The radiator's fan runs. */
  fan = false;

  begin(how: Beginning, surroundings: Surroundings, build: Build, random: RandomStream): void {
    // A parked car has a little left of its last trip.
    const rest = 6 * random.uniform();
    const outside = surroundings.temperature;
    this.fan = false;
    this.thermostat = how === 'warm' ? 0.15 : 0;
    this.coolant = how === 'warm' ? build.thermostat + 1 : outside + rest;
    this.oil = how === 'warm' ? build.thermostat + 4 + rest : outside + rest;
  }

  step(
    dt: number,
    driver: Driver,
    mixture: Mixture,
    engine: Engine,
    motion: Motion,
    surroundings: Surroundings,
    profile: Profile,
    build: Build,
    health: Health,
  ): void {
    const outside = surroundings.temperature;
    const closed = health.thermostatStuck;
    const opening = Math.max(closed, Math.min(1, (this.coolant - build.thermostat) / thermostatSpan));
    this.thermostat = Math.max(closed, this.thermostat + ((opening - this.thermostat) * dt) / (5 + dt));
    if (this.coolant > fanOnC) this.fan = driver.ignition;
    else if (this.coolant < fanOffC || !driver.ignition) this.fan = false;
    this.#heatCoolant(dt, mixture.fuelPower, engine, motion, outside, profile, health);
    this.#heatOil(dt, mixture.fuelPower, engine, motion, outside, profile);
  }

  #heatCoolant(
    dt: number,
    fuelPower: number,
    engine: Engine,
    motion: Motion,
    outside: number,
    profile: Profile,
    health: Health,
  ): void {
    const { coolantLost, gasketLeak } = health;
    // About 28 % of the fuel's heat, and half of the friction, ends in the coolant (Heywood, ch. 12).
    const heating = (0.28 + gasketHeat * gasketLeak) * fuelPower + 0.5 * engine.frictionPower;
    let cooling = (0.012 + 0.0005 * motion.speed) * (this.coolant - outside);
    if (engine.running) {
      // A radiator's heat goes with about the root of the air's speed; size goes with the engine's power.
      const air = Math.sqrt(stillAir + Math.max(motion.speed, this.fan ? fanSpeed : 0));
      const radiator = (0.27 * air * profile.maxPowerKw) / 88;
      const flows = Math.exp(-circulationFall * coolantLost - gasketFall * gasketLeak);
      cooling += this.thermostat * radiator * flows * (this.coolant - outside);
      // The heater's core lies high: air gets there first.
      const warm = flows * Math.max(0, Math.min(1, (this.coolant - 60) / 20));
      cooling += cabinKwPerK * Math.max(0, comfortC - outside) * warm;
    }
    cooling += steamKwPerK * coolantLost * Math.max(0, this.coolant - boilingPoint);
    const capacity = profile.heatCapacityKjPerK * (1 - coolantShare * coolantLost);
    this.coolant += ((heating - cooling) * dt) / capacity;
  }

  #heatOil(
    dt: number,
    fuelPower: number,
    engine: Engine,
    motion: Motion,
    outside: number,
    profile: Profile,
  ): void {
    const litres = profile.displacementLitres;
    // A third of the friction, and what the pistons' undersides give (Heywood, ch. 12); a sump in the wind.
    const heating = 0.33 * engine.frictionPower + 0.009 * fuelPower;
    const sump = 0.002 + 0.0003 * motion.speed;
    const exchange = (engine.running ? oilToCoolant : 0.3 * oilToCoolant) * litres;
    const flow = heating + exchange * (this.coolant - this.oil) - sump * (this.oil - outside);
    this.oil += (flow * dt) / (oilCapacity * litres);
  }

  load(memory: Float64Array, at: number): void {
    this.coolant = memory[at]!;
    this.oil = memory[at + 1]!;
    this.thermostat = memory[at + 2]!;
    this.fan = memory[at + 3] === 1;
  }

  store(memory: Float64Array, at: number): void {
    memory[at] = this.coolant;
    memory[at + 1] = this.oil;
    memory[at + 2] = this.thermostat;
    memory[at + 3] = this.fan ? 1 : 0;
  }
}
