import type { Part } from '../part.ts';
import type { Build } from '../population/build.ts';
import type { Profile } from '../population/profiles.ts';
import type { RandomStream } from '../random.ts';
import type { Heat } from './heat.ts';
import type { Motion } from './motion.ts';

const accessoriesKw = 1;

/** Gear, speed and torque of the engine; for a hybrid also whether it runs at all. */
export class Engine implements Part {
  readonly size = 6;
  /** 0 = neutral. */
  gear = 0;
  rpm = 0;
  running = true;
  /** The car pushes the engine and injection is cut. */
  overrun = false;
  /** Share of the torque that it could give at this speed, 0 to 1. */
  loadShare = 0;
  /** Torque from combustion: what it gives and what it spends on friction, Nm. */
  indicatedTorque = 0;
  /** kW */
  frictionPower = 0;
  /** Seconds until a hybrid may start or stop its engine again. */
  #holdSeconds = 0;
  /** State of charge of the traction battery, 0 to 1. */
  #charge = 0.6;

  begin(speed: number, profile: Profile, random: RandomStream): void {
    this.running = true;
    this.gear = 0;
    this.loadShare = 0;
    this.#holdSeconds = 5;
    this.#charge = random.between(0.5, 0.65);
    this.rpm = profile.idleRpm;
    if (speed > 1 && !profile.hybrid) {
      this.gear = profile.rpmPerKmh.findIndex((ratio) => ratio * speed * 3.6 < profile.upshiftRpm) + 1;
      if (this.gear === 0) this.gear = profile.rpmPerKmh.length;
      this.rpm = Math.max(profile.idleRpm, speed * 3.6 * (profile.rpmPerKmh[this.gear - 1] ?? 0));
    }
  }

  step(dt: number, motion: Motion, heat: Heat, profile: Profile, build: Build, random: RandomStream): void {
    // Fast idle while cold, and the idle controller hunts by a few rpm.
    const cold = Math.max(0, Math.min(1, (60 - heat.coolant) / 80));
    const idle = Math.min(1060, profile.idleRpm + 240 * cold) + 5 * random.noise();
    let power = motion.power;
    if (profile.hybrid) power = this.#splitPower(dt, motion, heat, profile);
    else this.#shift(motion.speed * 3.6, profile, build);
    this.#turn(dt, idle, power, motion.speed * 3.6, profile);
    this.#pull(power, heat, profile);
  }

  /** Electric alone while warm, slow and gentle; @returns kW that the engine gives to the wheels and the battery. */
  #splitPower(dt: number, motion: Motion, heat: Heat, profile: Profile): number {
    const { motorKw, batteryKwh } = profile.hybrid ?? { motorKw: 0, batteryKwh: 1 };
    this.#holdSeconds -= dt;
    const wanted =
      heat.coolant < (this.running ? 50 : 42) ||
      motion.power > (this.running ? 7 : 12) ||
      motion.speed > 21 ||
      this.#charge < (this.running ? 0.55 : 0.42);
    if (wanted !== this.running && this.#holdSeconds <= 0) {
      this.running = wanted;
      this.#holdSeconds = 8;
    }
    let electric = Math.max(-motorKw * 0.5, Math.min(motorKw, motion.power));
    if (this.running) electric = motion.power < 0 ? electric : (this.#charge - 0.6) * 30;
    this.#charge = Math.max(0.3, Math.min(0.8, this.#charge - (electric * dt) / 3600 / batteryKwh));
    return this.running ? Math.max(0, motion.power - electric) : 0;
  }

  #shift(kmh: number, profile: Profile, build: Build): void {
    const ratios = profile.rpmPerKmh;
    if (kmh < 4) {
      this.gear = kmh > 0 ? 1 : 0;
      return;
    }
    this.gear = Math.max(1, this.gear);
    const up = Math.min(
      0.92 * profile.redlineRpm,
      profile.upshiftRpm * (1 + 0.35 * build.temper + 0.9 * this.loadShare * this.loadShare),
    );
    const here = kmh * ratios[this.gear - 1]!;
    const higher = kmh * (ratios[this.gear] ?? 0);
    const lower = kmh * (ratios[this.gear - 2] ?? Infinity);
    if (here > up && higher > 1.3 * profile.idleRpm) this.gear++;
    else if (here < 1.45 * profile.idleRpm && lower < up) this.gear--;
    else if (this.loadShare > 0.93 && lower < 0.85 * profile.redlineRpm) this.gear--;
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
    this.rpm += ((wanted - this.rpm) * dt) / (0.3 + dt);
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
    const most = Math.min(profile.maxTorqueNm * shape, (profile.maxPowerKw * 1000) / turning);
    const torque = Math.min(most, ((Math.max(0, power) + accessoriesKw) * 1000) / turning);
    this.overrun = power < -0.5 && this.rpm > 1.5 * profile.idleRpm;
    this.loadShare = this.overrun ? 0 : Math.max(0, torque / most);
    this.indicatedTorque = this.overrun ? 0 : torque + frictionTorque;
    this.frictionPower = (frictionTorque * turning) / 1000;
  }

  load(memory: Float64Array, at: number): void {
    this.gear = memory[at]!;
    this.rpm = memory[at + 1]!;
    this.running = memory[at + 2] === 1;
    this.loadShare = memory[at + 3]!;
    this.#holdSeconds = memory[at + 4]!;
    this.#charge = memory[at + 5]!;
  }

  store(memory: Float64Array, at: number): void {
    memory[at] = this.gear;
    memory[at + 1] = this.rpm;
    memory[at + 2] = this.running ? 1 : 0;
    memory[at + 3] = this.loadShare;
    memory[at + 4] = this.#holdSeconds;
    memory[at + 5] = this.#charge;
  }
}
