import type { Part } from '../part.ts';
import type { Build } from '../population/build.ts';
import type { Health } from '../powertrain/health.ts';
import type { RandomStream } from '../random.ts';
import { hourOfDay, seasonOfYear } from './calendar.ts';

/** Standard atmosphere (ISO 2533): so much colder with each metre. */
const lapsePerMetre = 0.0065;
/** Hills pass in half a minute, air pressure changes in hours, air masses in a day. */
const hillSeconds = 30;
const weatherSeconds = 14_400;
const airMassSeconds = 86_400;
const weatherKpa = 0.6;
const airMassC = 3;

/** Outside air and the slope of the road. */
export class Surroundings implements Part {
  readonly size = 3;
  /** degC */
  temperature = 15;
  /** kPa */
  pressure = 101.3;
  /** kg/m3 */
  density = 1.2;
  /** Rise over run, what circumstances add included. */
  slope = 0;
  /** The road's own slope. */
  #hill = 0;
  /** Weather's part of the pressure, kPa, and of the temperature, K. */
  #weather = 0;
  #airMass = 0;

  begin(simTime: number, build: Build, health: Health, random: RandomStream): void {
    this.#hill = hilliness(build) * random.noise();
    this.#weather = weatherKpa * random.noise();
    this.#airMass = airMassC * random.noise();
    this.#look(simTime, build, health);
  }

  step(dt: number, simTime: number, build: Build, health: Health, random: RandomStream): void {
    // Ornstein-Uhlenbeck, each of them.
    this.#hill +=
      (-this.#hill * dt) / hillSeconds +
      hilliness(build) * Math.sqrt((2 * dt) / hillSeconds) * random.noise();
    this.#weather +=
      (-this.#weather * dt) / weatherSeconds +
      weatherKpa * Math.sqrt((2 * dt) / weatherSeconds) * random.noise();
    this.#airMass +=
      (-this.#airMass * dt) / airMassSeconds +
      airMassC * Math.sqrt((2 * dt) / airMassSeconds) * random.noise();
    this.#look(simTime, build, health);
  }

  #look(simTime: number, build: Build, health: Health): void {
    // Near the climate normals of cities by the sea: Athens 19 degC over the year and 9 K to each side, Helsinki 6 and 11.
    const season = seasonOfYear(simTime);
    const yearly = 40 - 0.57 * build.latitude + (4 + 0.12 * build.latitude) * season;
    const daily = (4.5 + 1.5 * season) * hourOfDay(simTime);
    this.temperature =
      yearly + daily - lapsePerMetre * build.altitude + this.#airMass + health.ambientOffsetC;
    this.pressure = build.pressure + this.#weather;
    // Ideal gas.
    this.density = this.pressure / (0.287 * (this.temperature + 273.15));
    this.slope = this.#hill + health.addedSlope;
  }

  load(memory: Float64Array, at: number): void {
    this.#hill = memory[at]!;
    this.#weather = memory[at + 1]!;
    this.#airMass = memory[at + 2]!;
  }

  store(memory: Float64Array, at: number): void {
    memory[at] = this.#hill;
    memory[at + 1] = this.#weather;
    memory[at + 2] = this.#airMass;
  }
}

/** Standard deviation of slopes: where one lives high there are mountains. */
function hilliness(build: Build): number {
  return 0.011 + 8e-6 * build.altitude;
}
