import type { Surroundings } from '../driving/surroundings.ts';
import type { Part } from '../part.ts';
import type { Build } from '../population/build.ts';
import type { Profile } from '../population/profiles.ts';
import type { Engine } from './engine.ts';
import type { Health } from './health.ts';
import type { Heat } from './heat.ts';
import type { Motion } from './motion.ts';

/** Specific gas constant of air, J/(kg K). */
const gasConstant = 287;
/** An engine takes about so much air at full power (0.3 kg of fuel for each kWh), g/s for each kW. */
const airPerKw = 1;
/** Pressure drop of a clean filter at full flow, kPa; an orifice's goes with the flow squared. */
const cleanFilterKpa = 1.2;
/** A shut filter leaves the rest of its area. */
const shutFilter = 0.94;
const filterSeconds = 0.5;

/** Below this no engine control closes its throttle. */
const lowestKpa = 20;

/** Pressure drop of the filter at full flow, were that possible, kPa. */
export function filterKpa(health: Health): number {
  const open = 1 - shutFilter * health.filterRestriction;
  return cleanFilterKpa / (open * open);
}

/** Intake: filter, charger, throttle, manifold pressure, air mass by speed and density, intake temperature. */
export class Air implements Part {
  readonly size = 4;
  /** Manifold, kPa. */
  pressure = 100;
  /** Intake, degC. */
  temperature = 20;
  /** Into the cylinders, g/s. */
  flow = 0;
  /** Past the air-mass meter, g/s: what leaks behind it included. */
  metered = 0;
  /** % */
  throttle = 0;
  /** Of the filter, kPa. */
  #drop = 0;

  begin(surroundings: Surroundings): void {
    this.pressure = surroundings.pressure;
    this.temperature = surroundings.temperature + 6;
    this.flow = 0;
    this.#drop = 0;
  }

  step(
    dt: number,
    engine: Engine,
    motion: Motion,
    heat: Heat,
    surroundings: Surroundings,
    profile: Profile,
    build: Build,
    health: Health,
  ): void {
    const outside = surroundings.pressure;
    const part = this.flow / (airPerKw * profile.maxPowerKw);
    const drop = Math.min(0.6 * outside, filterKpa(health) * part * part);
    this.#drop += ((drop - this.#drop) * dt) / (filterSeconds + dt);
    const inlet = outside - this.#drop;

    const wanted = this.#wantedPressure(engine, inlet, profile, build, health);
    // A charger needs most of a second; a throttle empties the manifold at once.
    const charges = wanted > outside && wanted > this.pressure;
    const lagSeconds = charges ? 0.9 * health.spoolFactor : 0.1;
    this.pressure += ((wanted - this.pressure) * dt) / (lagSeconds + dt);
    const boost = Math.max(0, this.pressure - inlet);
    const underBonnet = 22 * Math.exp(-motion.speed / 8) * Math.max(0, Math.min(1, heat.coolant / 90));
    const charged = surroundings.temperature + 5 + underBonnet + 0.18 * boost;
    this.temperature += ((charged - this.temperature) * dt) / (40 + dt);
    this.flow = this.#flow(engine, profile, build, health);
    // Of what the charger made above ambient, a share left on the way.
    const made = boost / Math.max(0.05, 1 - health.chargeLeak);
    this.metered = this.flow * (1 + (health.chargeLeak * made) / this.pressure);
    this.throttle = this.#throttle(engine, inlet, outside, profile);
  }

  #wantedPressure(engine: Engine, inlet: number, profile: Profile, build: Build, health: Health): number {
    if (!engine.running) return inlet;
    const spooled = profile.maxBoostKpa * Math.max(0, Math.min(1, (engine.rpm - 950) / 1300));
    const makes = spooled * health.boostFactor * (1 - health.chargeLeak);
    if (profile.fuel === 'diesel') return 0.985 * inlet + makes * root34(engine.loadShare);
    if (engine.overrun) return Math.max(lowestKpa, 0.205 * inlet + 0.0004 * engine.rpm);
    // Mean effective pressure is near proportional to the charge: 16.8 kPa for each kPa above what exhaust gas fills;
    // charged, later ignition against knock takes some of it.
    const effective = (engine.indicatedTorque * 4 * Math.PI) / profile.displacementLitres;
    const gas = 16.8 * build.breathing * (1 - 0.12 * health.gasketLeak);
    let wanted = 17 + effective / gas;
    if (wanted > 100) wanted += 0.3 * (wanted - 100);
    return Math.max(lowestKpa, Math.min(0.98 * inlet + makes, wanted));
  }

  /** Speed-density: the cylinders take their volume of manifold air every second turn. */
  #flow(engine: Engine, profile: Profile, build: Build, health: Health): number {
    const speed = engine.rpm / profile.redlineRpm - 0.6;
    let filling = build.breathing * (0.9 - 0.25 * speed * speed) * (1 - 0.06 * health.gasketLeak);
    // Exhaust gas takes the place of air at part load.
    if (profile.fuel === 'diesel') filling *= 1 - 0.3 * (1 - engine.loadShare);
    const volumePerSecond = (profile.displacementLitres * engine.rpm) / 120;
    return (filling * volumePerSecond * this.pressure * 1000) / (gasConstant * (this.temperature + 273.15));
  }

  #throttle(engine: Engine, inlet: number, outside: number, profile: Profile): number {
    if (profile.fuel === 'diesel') return engine.running ? 88 - 6 * (1 - engine.loadShare) : 90;
    if (!engine.running) return 8;
    // Flow through an orifice: choked below a pressure ratio of 0.53, falling to nothing at 1 (Heywood, app. C).
    const ratio = Math.max(0, Math.min(1, (this.pressure / inlet - 0.53) / 0.47));
    const drive = Math.max(0.12, Math.sqrt(1 - ratio * ratio));
    const most = 0.00028 * outside * profile.displacementLitres * profile.redlineRpm * 0.28;
    return Math.min(95, 10 + 85 * root34(Math.min(1, this.flow / most / drive)));
  }

  load(memory: Float64Array, at: number): void {
    this.pressure = memory[at]!;
    this.temperature = memory[at + 1]!;
    this.flow = memory[at + 2]!;
    this.#drop = memory[at + 3]!;
  }

  store(memory: Float64Array, at: number): void {
    memory[at] = this.pressure;
    memory[at + 1] = this.temperature;
    memory[at + 2] = this.flow;
    memory[at + 3] = this.#drop;
  }
}

/** x to the power of 3/4, without the cost of a power. */
function root34(x: number): number {
  const root = Math.sqrt(x);
  return root * Math.sqrt(root);
}
