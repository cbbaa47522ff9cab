import type { Beginning, Driver } from '../driving/driver.ts';
import type { Surroundings } from '../driving/surroundings.ts';
import type { Part } from '../part.ts';
import type { Build } from '../population/build.ts';
import type { Profile } from '../population/profiles.ts';
import type { RandomStream } from '../random.ts';
import type { Engine } from './engine.ts';
import type { Health } from './health.ts';
import type { Heat } from './heat.ts';

/** Lead-acid battery at rest, V: empty, and what charge adds (Bosch Automotive Handbook, "Starter batteries"). */
const emptyVolts = 11.8;
const chargeVolts = 0.95;
/** Beside the acid's mean, plates that have just been charged stand higher, V; and how long that takes and lasts. */
const surfaceVolts = 0.4;
const surfaceSeconds = 60;
const restSeconds = 1800;
/** Ohm at 25 degC, for a battery of 60 Ah; so much more for each kelvin below. */
const resistance = 0.007;
const coldResistance = 0.012;
/** Charging, plates take so much less, ohm; and the fuller it is, the less it takes: ohm x Ah that are missing. */
const plateResistance = 0.01;
const acceptance = 0.125;

const fanAmperes = 22;
/** Control units that sleep. */
const parkedAmperes = 0.03;
/** A start costs so much, Ah. */
const startAh = 0.06;
/** A hybrid has a converter in its alternator's place, which does not hang on engine speed. */
const idleShare = 0.62;

/** 12 V side: alternator of limited current, regulator, consumers that come and go, a battery with its charge. */
export class Electrics implements Part {
  readonly size = 6;
  /** V */
  voltage = 13.9;
  /** A, positive into the battery. */
  current = 0;
  /** What the battery lacks, Ah. */
  #missing = 1;
  /** V above rest. */
  #surface = 0;
  /** A */
  #consumers = 20;
  #consumerSeconds = 0;
  /** 1 while the engine or the converter is on. */
  #on = 1;

  begin(how: Beginning, driver: Driver, random: RandomStream): void {
    this.#on = driver.ignition ? 1 : 0;
    this.voltage = driver.ignition ? 13.7 : 12.6;
    this.#missing = how === 'cold' ? random.between(2.5, 5) : random.between(0.3, 1);
    this.#surface = driver.ignition ? surfaceVolts : 0;
    this.#consumers = random.between(12, 35);
    this.#consumerSeconds = random.exponential(60);
  }

  step(
    dt: number,
    driver: Driver,
    engine: Engine,
    heat: Heat,
    surroundings: Surroundings,
    profile: Profile,
    build: Build,
    health: Health,
    random: RandomStream,
  ): void {
    this.#consumerSeconds -= dt;
    if (this.#consumerSeconds <= 0) {
      this.#consumerSeconds = 10 + random.exponential(80);
      // Heated screens and seats in the cold.
      const heating = surroundings.temperature < 5 ? 15 : 0;
      this.#consumers = random.between(12, 35 + heating);
    }
    const isOn = driver.ignition;
    if (isOn && this.#on === 0) this.#missing += startAh;
    this.#on = isOn ? 1 : 0;
    this.#missing = Math.max(this.#missing, health.batteryMissingAh);

    const capacity = profile.batteryAh * build.batteryFactor;
    const taken = isOn ? this.#consumers + (heat.fan ? fanAmperes : 0) : parkedAmperes;
    const rest = emptyVolts + chargeVolts * Math.max(0, 1 - this.#missing / capacity);
    const emf = rest + this.#surface;
    const cold = 1 + coldResistance * Math.max(0, 25 - surroundings.temperature);
    const inner = (resistance * cold * 60) / capacity;
    const charging = inner + plateResistance + acceptance / Math.max(0.05, this.#missing);
    const wanted = this.#wantedVolts(engine, surroundings, build);
    const needed = taken + (wanted - emf) / charging;
    const made = isOn ? Math.max(0, Math.min(needed, this.#most(engine, profile, health))) : 0;
    this.current = made - taken;
    const volts = emf + this.current * (this.current > 0 ? charging : inner);
    this.voltage += ((Math.max(6, volts) - this.voltage) * dt) / (1.5 + dt);

    this.#missing = Math.max(0.05, Math.min(capacity, this.#missing - (this.current * dt) / 3600));
    const plates = this.current > 0 ? surfaceVolts : 0;
    const seconds = this.current > 0 ? surfaceSeconds : this.current < -2 ? 2 * surfaceSeconds : restSeconds;
    this.#surface += ((plates - this.#surface) * dt) / (seconds + dt);
  }

  /** Lead-acid takes less voltage when hot; the engine control eases the alternator under load, charges in overrun. */
  #wantedVolts(engine: Engine, surroundings: Surroundings, build: Build): number {
    let wanted = build.regulatorVolts - 0.006 * (surroundings.temperature - 20) - 0.005 * this.#consumers;
    if (engine.overrun) wanted += 0.15;
    else if (engine.loadShare > 0.55) wanted -= 0.45;
    return Math.max(13.05, Math.min(14.25, wanted));
  }

  /** A: an alternator's current rises with its speed towards its rating (ISO 8854: idle, rated). */
  #most(engine: Engine, profile: Profile, health: Health): number {
    const rated = profile.alternatorA * health.alternatorFactor;
    if (profile.hybrid) return rated;
    if (!engine.running) return 0;
    const above = Math.max(0, engine.rpm - profile.idleRpm) / profile.idleRpm;
    return rated * (idleShare + ((1 - idleShare) * above) / (0.6 + above));
  }

  load(memory: Float64Array, at: number): void {
    this.voltage = memory[at]!;
    this.#missing = memory[at + 1]!;
    this.#surface = memory[at + 2]!;
    this.#consumers = memory[at + 3]!;
    this.#consumerSeconds = memory[at + 4]!;
    this.#on = memory[at + 5]!;
  }

  store(memory: Float64Array, at: number): void {
    memory[at] = this.voltage;
    memory[at + 1] = this.#missing;
    memory[at + 2] = this.#surface;
    memory[at + 3] = this.#consumers;
    memory[at + 4] = this.#consumerSeconds;
    memory[at + 5] = this.#on;
  }
}
