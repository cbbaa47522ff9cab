import type { Part } from '../part.ts';
import { RandomStream } from '../random.ts';

/** Where cars live, degrees north. */
export const homes = { south: 35, north: 60 };

/** How one car differs from its profile: drawn once, from (seed, index) alone, and never changed by driving. */
export class Build implements Part {
  readonly size = 18;
  /** Years. */
  age = 8;
  /** Load and equipment: factor on the profile's mass. */
  massFactor = 1;
  /** Factor on breathing: wear, deposits, production scatter. */
  breathing = 1;
  /** Coolant temperature at which the thermostat begins to open, degC. */
  thermostat = 88;
  /** Bearing clearance and pump: factor on oil pressure. */
  oilFactor = 1;
  /** Fuel that an injection gives, beside what it should. */
  injectorGain = 1;
  /** Gain of the air-mass meter. */
  airFlowGain = 1;
  /** What the mixture misses beyond these, at low and at high load, %. */
  mixtureError = 0;
  /** Regulator set point at 20 degC, V. */
  regulatorVolts = 14;
  /** Share of the battery's capacity that is left. */
  batteryFactor = 1;
  /** Share of the catalyst's conversion that is left. */
  catalystFactor = 1;
  /** Factor on engine vibration. */
  roughness = 1;
  /** 0 gentle … 1 hasty. */
  temper = 0.5;
  /** Where it lives: degrees north, m above the sea. */
  latitude = 48;
  altitude = 200;
  /** Mean air pressure at this altitude, kPa. */
  pressure = 101.3;
  /** Offset of the coolant sensor, K. */
  coolantOffset = 0;
  /** Offset of the intake air sensor, K. */
  intakeOffset = 0;

  draw(seed: number, index: number): void {
    const random = RandomStream.of(seed, index, 'build');
    this.age = random.between(0, 16);
    this.massFactor = 1 + 0.12 * random.uniform();
    this.breathing = 1 - 0.002 * this.age + 0.015 * random.noise();
    this.thermostat = random.between(87.5, 88.8);
    this.oilFactor = 1.05 - 0.006 * this.age + 0.04 * random.noise();
    this.injectorGain = 1 - 0.001 * this.age + 0.014 * random.noise();
    this.airFlowGain = 1 + 0.015 * random.noise();
    this.mixtureError = 0.4 * random.noise();
    this.regulatorVolts = random.between(13.7, 13.95);
    // Starter batteries are changed every six years or so.
    this.batteryFactor = 1 - 0.05 * (this.age % 6) - 0.05 * random.uniform();
    this.catalystFactor = 1 - 0.008 * this.age - 0.03 * random.uniform();
    this.roughness = 0.96 + 0.005 * this.age + 0.07 * random.noise();
    this.temper = random.uniform();
    this.latitude = random.between(homes.south, homes.north);
    this.altitude = 1500 * random.uniform() ** 4;
    // Barometric formula of the standard atmosphere (ISO 2533).
    this.pressure = 101.325 * (1 - 2.25577e-5 * this.altitude) ** 5.25588;
    this.coolantOffset = 0.4 * random.noise();
    this.intakeOffset = 0.5 * random.noise();
  }

  load(memory: Float64Array, at: number): void {
    this.age = memory[at]!;
    this.massFactor = memory[at + 1]!;
    this.breathing = memory[at + 2]!;
    this.thermostat = memory[at + 3]!;
    this.oilFactor = memory[at + 4]!;
    this.injectorGain = memory[at + 5]!;
    this.airFlowGain = memory[at + 6]!;
    this.mixtureError = memory[at + 7]!;
    this.regulatorVolts = memory[at + 8]!;
    this.batteryFactor = memory[at + 9]!;
    this.catalystFactor = memory[at + 10]!;
    this.roughness = memory[at + 11]!;
    this.temper = memory[at + 12]!;
    this.latitude = memory[at + 13]!;
    this.altitude = memory[at + 14]!;
    this.pressure = memory[at + 15]!;
    this.coolantOffset = memory[at + 16]!;
    this.intakeOffset = memory[at + 17]!;
  }

  store(memory: Float64Array, at: number): void {
    memory[at] = this.age;
    memory[at + 1] = this.massFactor;
    memory[at + 2] = this.breathing;
    memory[at + 3] = this.thermostat;
    memory[at + 4] = this.oilFactor;
    memory[at + 5] = this.injectorGain;
    memory[at + 6] = this.airFlowGain;
    memory[at + 7] = this.mixtureError;
    memory[at + 8] = this.regulatorVolts;
    memory[at + 9] = this.batteryFactor;
    memory[at + 10] = this.catalystFactor;
    memory[at + 11] = this.roughness;
    memory[at + 12] = this.temper;
    memory[at + 13] = this.latitude;
    memory[at + 14] = this.altitude;
    memory[at + 15] = this.pressure;
    memory[at + 16] = this.coolantOffset;
    memory[at + 17] = this.intakeOffset;
  }
}
