import { signalCount, signalIndex } from '#contract/signals.ts';
import type { Beginning, Driver } from '../driving/driver.ts';
import type { Surroundings } from '../driving/surroundings.ts';
import type { Part } from '../part.ts';
import type { Build } from '../population/build.ts';
import type { Profile } from '../population/profiles.ts';
import type { RandomStream } from '../random.ts';
import { Air } from './air.ts';
import { Electrics } from './electrics.ts';
import { Engine } from './engine.ts';
import { Heat } from './heat.ts';
import { oilPressure } from './lubrication.ts';
import { Mixture } from './mixture.ts';
import { Motion } from './motion.ts';
import { healthyKurtosis, vibrationRms } from './vibration.ts';

/** Everything between the driver's foot and the sensors. Quasi-static where it is fast, first-order where it is slow. */
export class Powertrain {
  readonly motion = new Motion();
  readonly engine = new Engine();
  readonly air = new Air();
  readonly heat = new Heat();
  readonly mixture = new Mixture();
  readonly electrics = new Electrics();
  readonly parts: readonly Part[] = [
    this.motion,
    this.engine,
    this.air,
    this.heat,
    this.mixture,
    this.electrics,
  ];
  /** True values by signal, before any sensor looks at them. */
  readonly values = new Float64Array(signalCount);

  begin(
    how: Beginning,
    speed: number,
    surroundings: Surroundings,
    profile: Profile,
    build: Build,
    random: RandomStream,
  ): void {
    this.motion.speed = speed;
    this.engine.begin(speed, profile, random);
    this.air.begin(surroundings);
    this.heat.begin(how, surroundings, build, random);
    this.mixture.begin(random);
    this.electrics.begin(how, random);
  }

  step(
    dt: number,
    driver: Driver,
    surroundings: Surroundings,
    profile: Profile,
    build: Build,
    random: RandomStream,
  ): void {
    const { motion, engine, air, heat, mixture, electrics } = this;
    motion.step(dt, driver, surroundings, profile, build);
    engine.step(dt, motion, heat, profile, build, random);
    air.step(dt, engine, motion, heat, surroundings, profile, build);
    mixture.step(dt, engine, air, heat, profile, build, random);
    heat.step(dt, mixture.fuelPower, engine, motion, surroundings, profile, build);
    electrics.step(dt, engine, surroundings, build, random);
  }

  /** Fills `values`. */
  observe(surroundings: Surroundings, profile: Profile, build: Build): void {
    const { motion, engine, air, heat, mixture, electrics, values } = this;
    values[signalIndex.speed] = motion.speed * 3.6;
    values[signalIndex.engineSpeed] = engine.rpm;
    values[signalIndex.throttlePosition] = air.throttle;
    values[signalIndex.manifoldPressure] = air.pressure;
    values[signalIndex.massAirFlow] = air.flow * build.airFlowGain;
    values[signalIndex.intakeAirTemperature] = air.temperature;
    values[signalIndex.coolantTemperature] = heat.coolant + build.coolantOffset;
    values[signalIndex.oilTemperature] = heat.oil;
    values[signalIndex.oilPressure] = oilPressure(engine, heat, profile, build);
    values[signalIndex.shortTermFuelTrim] = mixture.shortTrim;
    values[signalIndex.longTermFuelTrim] = mixture.longTrim;
    values[signalIndex.lambda] = mixture.lambda;
    values[signalIndex.catalystTemperature] = heat.catalyst;
    values[signalIndex.batteryVoltage] = electrics.voltage;
    values[signalIndex.batteryCurrent] = electrics.current;
    values[signalIndex.vibrationRms] = vibrationRms(engine, motion, profile, build);
    values[signalIndex.vibrationKurtosis] = healthyKurtosis;
    values[signalIndex.ambientTemperature] = surroundings.temperature;
    values[signalIndex.ambientPressure] = surroundings.pressure;
    // A power-split gearbox has no gears.
    values[signalIndex.gear] = profile.hybrid ? Number.NaN : engine.gear;
  }
}
