import type { Driver } from '../driving/driver.ts';
import type { Surroundings } from '../driving/surroundings.ts';
import type { Part } from '../part.ts';
import type { Profile } from '../population/profiles.ts';
import type { RandomStream } from '../random.ts';
import { filterKpa } from './air.ts';
import { shifted } from './gearbox.ts';
import type { Health } from './health.ts';
import type { Heat } from './heat.ts';
import type { Motion } from './motion.ts';

const accessoriesKw = 1;
/** Air pressure at which an engine gives what its data sheet says, kPa. */
const standardKpa = 101.3;
/** A worn cylinder head gasket: combustions that fail while coolant from the night burns off, and filling that is lost. */
const gasketMisfire = 0.2;
const gasketSeconds = 90;
const gasketFilling = 0.12;

/** Gear, speed and torque of the engine; for a hybrid also whether it runs at all. */
export class Engine implements Part {
  readonly size = 7;
  /** 0 = neutral. */
  gear = 0;
  rpm = 0;
  running = true;
  /** The car pushes the engine and injection is cut. */
  overrun = false;
  /** Share of the torque that it could give at this speed, 0 to 1. */
  loadShare = 0;
  /** Torque that all combustions together would give, did none fail: what it gives and what friction takes, Nm. */
  indicatedTorque = 0;
  /** kW */
  frictionPower = 0;
  /** Share of its full torque that it can make with this air and in this health. */
  strength = 1;
  /** Share of combustions that fail. */
  misfire = 0;
  /** Since the engine was started, up to an hour. */
  runSeconds = 0;
  /** Seconds until a hybrid may start or stop its engine again. */
  #holdSeconds = 0;
  /** State of charge of the traction battery, 0 to 1. */
  #charge = 0.6;

  begin(speed: number, ignition: boolean, profile: Profile, random: RandomStream): void {
    this.running = ignition;
    this.gear = 0;
    this.loadShare = 0;
    this.runSeconds = 0;
    this.#holdSeconds = 5;
    this.#charge = random.between(0.5, 0.65);
    this.rpm = ignition ? profile.idleRpm : 0;
    if (speed > 1 && !profile.hybrid) {
      this.gear = profile.rpmPerKmh.findIndex((ratio) => ratio * speed * 3.6 < profile.upshiftRpm) + 1;
      if (this.gear === 0) this.gear = profile.rpmPerKmh.length;
      this.rpm = Math.max(profile.idleRpm, speed * 3.6 * (profile.rpmPerKmh[this.gear - 1] ?? 0));
    }
  }

  /** What it could give at most, before anybody asks for it. */
  breathe(surroundings: Surroundings, heat: Heat, profile: Profile, health: Health): void {
    this.misfire = health.misfireShare;
    if (health.gasketLeak > 0) {
      const wet = Math.exp(-this.runSeconds / gasketSeconds);
      const cold = Math.max(0, Math.min(1, (70 - heat.coolant) / 50));
      this.misfire = Math.min(0.9, this.misfire + gasketMisfire * health.gasketLeak * wet * cold);
    }
    // Torque goes with the mass of air. The filter's drop at the flow that is left: p - d s^2 = p s.
    const outside = surroundings.pressure;
    const drop = filterKpa(health);
    const filter = (Math.sqrt(outside * (outside + 4 * drop)) - outside) / (2 * drop);
    const boost = profile.maxBoostKpa * health.boostFactor * (1 - health.chargeLeak);
    const filled = Math.min(1.05, (1.01 * outside * filter + boost) / (standardKpa + profile.maxBoostKpa));
    // A diesel engine's torque goes with its fuel; a petrol engine's trims make up for it.
    const fuelled = profile.fuel === 'diesel' ? Math.min(1, health.injectorFactor) : 1;
    this.strength = filled * fuelled * (1 - this.misfire) * (1 - gasketFilling * health.gasketLeak);
  }

  step(dt: number, driver: Driver, motion: Motion, heat: Heat, profile: Profile, random: RandomStream): void {
    // Fast idle while cold, and the idle controller hunts by a few rpm; more when combustions fail.
    const cold = Math.max(0, Math.min(1, (60 - heat.coolant) / 80));
    const hunting = 5 * (1 + 12 * this.misfire) * random.noise();
    const idle = Math.max(610, Math.min(1060, profile.idleRpm + 240 * cold) + hunting);
    const kmh = motion.speed * 3.6;
    let power = motion.power;
    if (profile.hybrid) power = this.#splitPower(dt, driver.ignition, motion, heat, profile);
    else {
      // Switched off, and not while it rolls.
      this.running = driver.ignition || motion.speed > 0;
      this.gear = shifted(this.gear, kmh, this.loadShare, driver.temper, profile);
    }
    this.runSeconds = this.running ? Math.min(3600, this.runSeconds + dt) : 0;
    this.#turn(dt, idle, power, kmh, profile);
    this.#pull(power, heat, profile);
  }

  /** Electric alone while warm, slow and gentle; @returns kW that the engine gives to the wheels and the battery. */
  #splitPower(dt: number, ignition: boolean, motion: Motion, heat: Heat, profile: Profile): number {
    const { motorKw, batteryKwh } = profile.hybrid ?? { motorKw: 0, batteryKwh: 1 };
    this.#holdSeconds -= dt;
    const wanted =
      heat.coolant < (this.running ? 72 : 64) ||
      motion.power > (this.running ? 7 : 12) ||
      motion.speed > 21 ||
      this.#charge < (this.running ? 0.55 : 0.42);
    if (wanted !== this.running && this.#holdSeconds <= 0) {
      this.running = wanted;
      this.#holdSeconds = 8;
    }
    if (!ignition && motion.speed === 0) {
      this.running = false;
      return 0;
    }
    let electric = Math.max(-motorKw * 0.5, Math.min(motorKw, motion.power));
    if (this.running) electric = motion.power < 0 ? electric : (this.#charge - 0.6) * 30;
    this.#charge = Math.max(0.3, Math.min(0.8, this.#charge - (electric * dt) / 3600 / batteryKwh));
    return this.running ? Math.max(0, motion.power - electric) : 0;
  }

  #turn(dt: number, idle: number, power: number, kmh: number, profile: Profile): void {
    if (!this.running) {
      this.rpm = 0;
      return;
    }
    if (profile.hybrid) {
      const wanted = Math.max(idle, Math.min(profile.redlineRpm, idle + 42 * power, 900 + 60 * kmh));
      this.rpm = this.rpm === 0 ? idle : this.rpm + ((wanted - this.rpm) * dt) / (1 + dt);
      return;
    }
    const wheels = this.gear === 0 ? 0 : kmh * profile.rpmPerKmh[this.gear - 1]!;
    const wanted = Math.max(idle, Math.min(profile.redlineRpm, wheels));
    this.rpm = this.rpm === 0 ? idle : this.rpm + ((wanted - this.rpm) * dt) / (0.3 + dt);
  }

  #pull(power: number, heat: Heat, profile: Profile): void {
    if (!this.running) {
      this.loadShare = 0;
      this.overrun = false;
      this.indicatedTorque = 0;
      this.frictionPower = 0;
      return;
    }
    const turning = (this.rpm * Math.PI) / 30;
    // Friction mean effective pressure of small engines: about 1 bar, rising with speed (Heywood, ch. 13).
    const cold = Math.max(0, Math.min(1, (90 - heat.oil) / 110));
    const frictionKpa = (95 + 0.018 * this.rpm) * (1 + 0.6 * cold);
    const frictionTorque = (frictionKpa * profile.displacementLitres) / (4 * Math.PI);
    const shape = Math.min(1, 0.65 + (0.35 * (this.rpm - profile.idleRpm)) / 1900);
    const most = this.strength * Math.min(profile.maxTorqueNm * shape, (profile.maxPowerKw * 1000) / turning);
    const torque = Math.min(most, ((Math.max(0, power) + accessoriesKw) * 1000) / turning);
    this.overrun = power < -0.5 && this.rpm > 1.5 * profile.idleRpm;
    this.loadShare = this.overrun ? 0 : Math.max(0, torque / most);
    this.indicatedTorque = this.overrun ? 0 : (torque + frictionTorque) / (1 - this.misfire);
    this.frictionPower = (frictionTorque * turning) / 1000;
  }

  load(memory: Float64Array, at: number): void {
    this.gear = memory[at]!;
    this.rpm = memory[at + 1]!;
    this.running = memory[at + 2] === 1;
    this.loadShare = memory[at + 3]!;
    this.#holdSeconds = memory[at + 4]!;
    this.#charge = memory[at + 5]!;
    this.runSeconds = memory[at + 6]!;
  }

  store(memory: Float64Array, at: number): void {
    memory[at] = this.gear;
    memory[at + 1] = this.rpm;
    memory[at + 2] = this.running ? 1 : 0;
    memory[at + 3] = this.loadShare;
    memory[at + 4] = this.#holdSeconds;
    memory[at + 5] = this.#charge;
    memory[at + 6] = this.runSeconds;
  }
}
