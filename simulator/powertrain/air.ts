import type { Surroundings } from '../driving/surroundings.ts';
import type { Part } from '../part.ts';
import type { Build } from '../population/build.ts';
import type { Profile } from '../population/profiles.ts';
import type { Engine } from './engine.ts';
import type { Heat } from './heat.ts';
import type { Motion } from './motion.ts';

/** Specific gas constant of air, J/(kg K). */
const gasConstant = 287;

/** Intake: throttle, manifold pressure, air mass by speed and density, intake temperature. */
export class Air implements Part {
  readonly size = 2;
  /** Manifold, kPa. */
  pressure = 100;
  /** Intake, degC. */
  temperature = 20;
  /** g/s */
  flow = 0;
  /** % */
  throttle = 0;

  begin(surroundings: Surroundings): void {
    this.pressure = surroundings.pressure;
    this.temperature = surroundings.temperature + 6;
  }

  step(
    dt: number,
    engine: Engine,
    motion: Motion,
    heat: Heat,
    surroundings: Surroundings,
    profile: Profile,
    build: Build,
  ): void {
    const outside = surroundings.pressure;
    const wanted = this.#wantedPressure(engine, outside, profile, build);
    // A charger needs most of a second; a throttle empties the manifold at once.
    const lagSeconds = wanted > outside && wanted > this.pressure ? 0.9 : 0.1;
    this.pressure += ((wanted - this.pressure) * dt) / (lagSeconds + dt);
    const boost = Math.max(0, this.pressure - outside);
    const underBonnet = 22 * Math.exp(-motion.speed / 8) * Math.max(0, Math.min(1, heat.coolant / 90));
    const inlet = surroundings.temperature + 5 + underBonnet + 0.18 * boost;
    this.temperature += ((inlet - this.temperature) * dt) / (45 + dt);
    this.flow = this.#flow(engine, profile, build);
    this.throttle = this.#throttle(engine, outside, profile);
  }

  #wantedPressure(engine: Engine, outside: number, profile: Profile, build: Build): number {
    if (!engine.running) return outside;
    const spooled = profile.maxBoostKpa * Math.max(0, Math.min(1, (engine.rpm - 950) / 1300));
    if (profile.fuel === 'diesel') return 0.985 * outside + spooled * engine.loadShare ** 0.8;
    if (engine.overrun) return 0.205 * outside + 0.0004 * engine.rpm;
    // Mean effective pressure is near proportional to the charge: 16.8 kPa for each kPa above what exhaust gas fills.
    const effective = (engine.indicatedTorque * 4 * Math.PI) / profile.displacementLitres;
    const wanted = 17 + effective / (16.8 * build.breathing);
    return Math.max(19.5, Math.min(0.98 * outside + spooled, wanted));
  }

  /** Speed-density: the cylinders take their volume of manifold air every second turn. */
  #flow(engine: Engine, profile: Profile, build: Build): number {
    const speed = engine.rpm / profile.redlineRpm - 0.6;
    let filling = build.breathing * (0.9 - 0.25 * speed * speed);
    // Exhaust gas takes the place of air at part load.
    if (profile.fuel === 'diesel') filling *= 1 - 0.3 * (1 - engine.loadShare);
    const volumePerSecond = (profile.displacementLitres * engine.rpm) / 120;
    return (filling * volumePerSecond * this.pressure * 1000) / (gasConstant * (this.temperature + 273.15));
  }

  #throttle(engine: Engine, outside: number, profile: Profile): number {
    if (profile.fuel === 'diesel') return engine.running ? 88 - 6 * (1 - engine.loadShare) : 90;
    if (!engine.running) return 8;
    // Flow through an orifice: choked below a pressure ratio of 0.53, falling to nothing at 1.
    const ratio = Math.max(0, Math.min(1, (this.pressure / outside - 0.53) / 0.47));
    const drive = Math.max(0.12, Math.sqrt(1 - ratio * ratio));
    const most = 0.00028 * outside * profile.displacementLitres * profile.redlineRpm * 0.28;
    return Math.min(95, 10 + 85 * Math.min(1, this.flow / most / drive) ** 0.75);
  }

  load(memory: Float64Array, at: number): void {
    this.pressure = memory[at]!;
    this.temperature = memory[at + 1]!;
  }

  store(memory: Float64Array, at: number): void {
    memory[at] = this.pressure;
    memory[at + 1] = this.temperature;
  }
}
