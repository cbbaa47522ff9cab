import type { Part } from '../part.ts';
import { RandomStream } from '../random.ts';

/** How one car differs from its profile: drawn once, from (seed, index) alone, and never changed by driving. */
export class Build implements Part {
  readonly size = 12;
  /** Load and equipment: factor on the profile's mass. */
  massFactor = 1;
  /** Factor on breathing: wear, deposits, production scatter. */
  breathing = 1;
  /** Coolant temperature at which the thermostat begins to open, degC. */
  thermostat = 87;
  /** Bearing clearance: factor on oil pressure. */
  oilFactor = 1;
  /** What the engine control has learnt about the injectors, %. */
  fuelTrim = 0;
  /** Regulator set point at 20 degC, V. */
  regulatorVolts = 14;
  /** Factor on engine vibration. */
  roughness = 1;
  /** 0 gentle … 1 hasty. */
  temper = 0.5;
  /** Mean outside temperature where the car lives, degC. */
  climate = 15;
  /** Mean air pressure at its altitude, kPa. */
  pressure = 101.3;
  /** Gain of the air-mass meter. */
  airFlowGain = 1;
  /** Offset of the coolant sensor, K. */
  coolantOffset = 0;

  draw(seed: number, index: number): void {
    const random = RandomStream.of(seed, index, 'build');
    this.massFactor = 1 + 0.12 * random.uniform();
    this.breathing = 1 + 0.02 * random.noise();
    this.thermostat = random.between(87.5, 88.8);
    this.oilFactor = 1 + 0.05 * random.noise();
    this.fuelTrim = 1.5 * random.noise();
    this.regulatorVolts = random.between(13.8, 14.05);
    this.roughness = 1 + 0.08 * random.noise();
    this.temper = random.uniform();
    this.climate = 13 + 5 * random.noise();
    // Barometric formula of the international standard atmosphere, 0 to 600 m.
    this.pressure = 101.325 * (1 - 2.25577e-5 * 600 * random.uniform() ** 2) ** 5.25588;
    this.airFlowGain = 1 + 0.015 * random.noise();
    this.coolantOffset = 0.4 * random.noise();
  }

  load(memory: Float64Array, at: number): void {
    this.massFactor = memory[at]!;
    this.breathing = memory[at + 1]!;
    this.thermostat = memory[at + 2]!;
    this.oilFactor = memory[at + 3]!;
    this.fuelTrim = memory[at + 4]!;
    this.regulatorVolts = memory[at + 5]!;
    this.roughness = memory[at + 6]!;
    this.temper = memory[at + 7]!;
    this.climate = memory[at + 8]!;
    this.pressure = memory[at + 9]!;
    this.airFlowGain = memory[at + 10]!;
    this.coolantOffset = memory[at + 11]!;
  }

  store(memory: Float64Array, at: number): void {
    memory[at] = this.massFactor;
    memory[at + 1] = this.breathing;
    memory[at + 2] = this.thermostat;
    memory[at + 3] = this.oilFactor;
    memory[at + 4] = this.fuelTrim;
    memory[at + 5] = this.regulatorVolts;
    memory[at + 6] = this.roughness;
    memory[at + 7] = this.temper;
    memory[at + 8] = this.climate;
    memory[at + 9] = this.pressure;
    memory[at + 10] = this.airFlowGain;
    memory[at + 11] = this.coolantOffset;
  }
}
