import { signalCount, signalIndex } from '#contract/signals.ts';
import type { Beginning, Driver } from '../driving/driver.ts';
import type { Surroundings } from '../driving/surroundings.ts';
import type { Part } from '../part.ts';
import type { Build } from '../population/build.ts';
import type { Profile } from '../population/profiles.ts';
import type { RandomStream } from '../random.ts';
import { Air } from './air.ts';
import { Catalyst } from './catalyst.ts';
import { Electrics } from './electrics.ts';
import { Engine } from './engine.ts';
import type { Health } from './health.ts';
import { Heat } from './heat.ts';
import { oilPressure } from './lubrication.ts';
import { Mixture } from './mixture.ts';
import { Motion } from './motion.ts';
import { Vibration } from './vibration.ts';

/** Everything between the driver's foot and the sensors. Quasi-static where it is fast, first-order where it is slow. */
export class Powertrain {
  readonly motion = new Motion();
  readonly engine = new Engine();
  readonly air = new Air();
  readonly heat = new Heat();
  readonly mixture = new Mixture();
  readonly catalyst = new Catalyst();
  readonly electrics = new Electrics();
  readonly vibration = new Vibration();
  readonly parts: readonly Part[] = [
    this.motion,
    this.engine,
    this.air,
    this.heat,
    this.mixture,
    this.catalyst,
    this.electrics,
  ];
  /** True values by signal, before any sensor looks at them. */
  readonly values = new Float64Array(signalCount);

  begin(
    how: Beginning,
    speed: number,
    driver: Driver,
    surroundings: Surroundings,
    profile: Profile,
    build: Build,
    random: RandomStream,
  ): void {
    this.motion.speed = speed;
    this.engine.begin(speed, driver.ignition, profile, random);
    this.air.begin(surroundings);
    this.heat.begin(how, surroundings, build, random);
    this.mixture.begin(build, random);
    this.catalyst.begin(how, surroundings, random);
    this.electrics.begin(how, driver, random);
  }

  step(
    dt: number,
    driver: Driver,
    surroundings: Surroundings,
    profile: Profile,
    build: Build,
    health: Health,
    random: RandomStream,
  ): void {
    const { motion, engine, air, heat, mixture, catalyst, electrics } = this;
    engine.breathe(surroundings, heat, profile, health);
    motion.step(dt, engine.strength, driver, surroundings, profile, build, health);
    engine.step(dt, driver, motion, heat, profile, random);
    air.step(dt, engine, motion, heat, surroundings, profile, build, health);
    mixture.step(dt, engine, air, heat, profile, build, health, random);
    heat.step(dt, driver, mixture, engine, motion, surroundings, profile, build, health);
    catalyst.step(dt, air.flow, mixture, engine, surroundings, profile, build, health);
    electrics.step(dt, driver, engine, heat, surroundings, profile, build, health, random);
  }

  /** Fills `values`. */
  observe(surroundings: Surroundings, profile: Profile, build: Build, health: Health): void {
    const { motion, engine, air, heat, mixture, electrics, vibration, values } = this;
    vibration.observe(engine, motion, profile, build, health);
    values[signalIndex.speed] = motion.speed * 3.6;
    values[signalIndex.engineSpeed] = engine.rpm;
    values[signalIndex.throttlePosition] = air.throttle;
    values[signalIndex.manifoldPressure] = air.pressure;
    values[signalIndex.massAirFlow] = air.metered * build.airFlowGain;
    values[signalIndex.intakeAirTemperature] = air.temperature + build.intakeOffset;
    values[signalIndex.coolantTemperature] = heat.coolant + build.coolantOffset;
    values[signalIndex.oilTemperature] = heat.oil;
    values[signalIndex.oilPressure] = oilPressure(engine, heat, profile, build, health);
    values[signalIndex.shortTermFuelTrim] = mixture.shortTrim;
    values[signalIndex.longTermFuelTrim] = mixture.longTrim;
    values[signalIndex.lambda] = mixture.lambda;
    values[signalIndex.catalystTemperature] = this.catalyst.temperature;
    values[signalIndex.batteryVoltage] = electrics.voltage;
    values[signalIndex.batteryCurrent] = electrics.current;
    values[signalIndex.vibrationRms] = vibration.rms;
    values[signalIndex.vibrationKurtosis] = vibration.kurtosis;
    values[signalIndex.ambientTemperature] = surroundings.temperature;
    values[signalIndex.ambientPressure] = surroundings.pressure;
    // A power-split gearbox has no gears.
    values[signalIndex.gear] = profile.hybrid ? Number.NaN : engine.gear;
  }
}
