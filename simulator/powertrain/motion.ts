import type { Driver } from '../driving/driver.ts';
import type { Surroundings } from '../driving/surroundings.ts';
import type { Part } from '../part.ts';
import type { Build } from '../population/build.ts';
import type { Profile } from '../population/profiles.ts';
import type { Health } from './health.ts';

const gravity = 9.81;
const drivelineEfficiency = 0.92;

/** The car on the road: what power it takes to follow the driver, and the speed that results. */
export class Motion implements Part {
  readonly size = 1;
  /** m/s */
  speed = 0;
  /** kW at the gearbox; negative when the car pushes the engine. */
  power = 0;

  /**
   * Road load: rolling, slope, air and inertia (Bosch Automotive Handbook, "Motor-vehicle dynamics").
   * @param strength share of its power that the engine can make now
   */
  step(
    dt: number,
    strength: number,
    driver: Driver,
    surroundings: Surroundings,
    profile: Profile,
    build: Build,
    health: Health,
  ): void {
    const mass = profile.massKg * build.massFactor + health.addedMassKg;
    const rolling = mass * gravity * (this.speed > 0 ? profile.rollingResistance + surroundings.slope : 0);
    const dragArea = profile.dragAreaM2 + health.addedDragM2;
    const resistance = rolling + 0.5 * surroundings.density * dragArea * this.speed * this.speed;
    let acceleration = driver.acceleration;
    // A start takes low gears: full power is there from about 70 km/h on.
    const motor = profile.hybrid?.motorKw ?? 0;
    const most = (profile.maxPowerKw * strength + 0.5 * motor) * drivelineEfficiency;
    const available = driver.ignition ? most * Math.min(1, 0.2 + this.speed / 24) : 0;
    const possible = ((available * 1000) / Math.max(this.speed, 1) - resistance) / mass;
    if (acceleration > possible) acceleration = possible;
    this.power = ((mass * acceleration + resistance) * this.speed) / 1000;
    this.power *= this.power > 0 ? 1 / drivelineEfficiency : drivelineEfficiency;
    this.speed += acceleration * dt;
    if (this.speed < 0.3) this.speed = 0;
    if (this.speed === 0 && driver.acceleration > 0.3 && driver.ignition) this.speed = 0.3;
  }

  load(memory: Float64Array, at: number): void {
    this.speed = memory[at]!;
  }

  store(memory: Float64Array, at: number): void {
    memory[at] = this.speed;
  }
}
