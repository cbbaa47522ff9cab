import type { Beginning } from '../driving/driver.ts';
import type { Surroundings } from '../driving/surroundings.ts';
import type { Part } from '../part.ts';
import type { Build } from '../population/build.ts';
import type { Profile } from '../population/profiles.ts';
import type { RandomStream } from '../random.ts';
import type { Engine } from './engine.ts';
import type { Motion } from './motion.ts';

/** Kelvin from the thermostat's first opening to its last. */
const thermostatSpan = 7;

/** A mixture with glycol boils here once the system no longer holds its pressure, degC. */
const boilingPoint = 118;

/** Coolant with thermostat and radiator, oil, catalyst: one heat store each. All in degC. */
export class Heat implements Part {
  readonly size = 4;
  coolant = 20;
  oil = 20;
  catalyst = 20;
  /** 0 closed … 1 open. */
  thermostat = 0;
  /** What failures set before a step, and heal() takes back; no part of what is stored. Factor on the heat capacity. */
  capacityFactor = 1;
  /** Factor on the heat that coolant carries to the radiator. */
  circulationFactor = 1;
  /** Heat that leaves as steam, kW for each kelvin above the boiling point. */
  steamKwPerK = 0;

  begin(how: Beginning, surroundings: Surroundings, build: Build, random: RandomStream): void {
    // A parked car has a little left of its last trip.
    const rest = 6 * random.uniform();
    const outside = surroundings.temperature;
    this.thermostat = how === 'warm' ? 0.15 : 0;
    this.coolant = how === 'warm' ? build.thermostat + 1 : outside + rest;
    this.oil = how === 'warm' ? build.thermostat + 4 + rest : outside + rest;
    this.catalyst = how === 'warm' ? 420 + 20 * rest : outside + rest;
  }

  /** @param fuelPower heating value of the fuel burnt, kW */
  step(
    dt: number,
    fuelPower: number,
    engine: Engine,
    motion: Motion,
    surroundings: Surroundings,
    profile: Profile,
    build: Build,
  ): void {
    const outside = surroundings.temperature;
    const opening = Math.max(0, Math.min(1, (this.coolant - build.thermostat) / thermostatSpan));
    this.thermostat += ((opening - this.thermostat) * dt) / (5 + dt);
    // About 28 % of the fuel's heat, and half of the friction, ends in the coolant (Heywood, ch. 12).
    const heating = 0.28 * fuelPower + 0.5 * engine.frictionPower;
    const radiator = ((0.9 + 0.02 * motion.speed) * profile.maxPowerKw) / 88;
    const housing = 0.012 + 0.0005 * motion.speed;
    const circulating = this.thermostat * radiator * this.circulationFactor;
    const steam = this.steamKwPerK * Math.max(0, this.coolant - boilingPoint);
    const cooling = (housing + circulating) * (this.coolant - outside) + steam;
    this.coolant += ((heating - cooling) * dt) / (profile.heatCapacityKjPerK * this.capacityFactor);

    const stirring = engine.running ? 2 + (22 * engine.rpm) / profile.redlineRpm + 8 * engine.loadShare : -2;
    this.oil += ((this.coolant + stirring - this.oil) * dt) / (150 + dt);

    const full = profile.fuel === 'diesel' ? 620 : 880;
    const base = profile.fuel === 'diesel' ? 160 : 330;
    if (fuelPower > 0) {
      const exhaust = base + (full - base) * Math.sqrt(Math.min(1, fuelPower / (2.7 * profile.maxPowerKw)));
      this.catalyst += ((exhaust - this.catalyst) * dt) / (45 + dt);
    } else {
      this.catalyst += ((outside - this.catalyst) * dt) / ((engine.running ? 240 : 900) + dt);
    }
  }

  heal(): void {
    this.capacityFactor = 1;
    this.circulationFactor = 1;
    this.steamKwPerK = 0;
  }

  load(memory: Float64Array, at: number): void {
    this.coolant = memory[at]!;
    this.oil = memory[at + 1]!;
    this.catalyst = memory[at + 2]!;
    this.thermostat = memory[at + 3]!;
  }

  store(memory: Float64Array, at: number): void {
    memory[at] = this.coolant;
    memory[at + 1] = this.oil;
    memory[at + 2] = this.catalyst;
    memory[at + 3] = this.thermostat;
  }
}
