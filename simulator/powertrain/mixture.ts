import type { Part } from '../part.ts';
import type { Build } from '../population/build.ts';
import type { Profile } from '../population/profiles.ts';
import type { RandomStream } from '../random.ts';
import type { Air } from './air.ts';
import type { Engine } from './engine.ts';
import { FuelTrims } from './fuel-trims.ts';
import type { Health } from './health.ts';
import type { Heat } from './heat.ts';

/** Grams of air that burn one gram of fuel, and its heat, kJ/g. */
const petrol = { airRatio: 14.7, heat: 43 };
const diesel = { airRatio: 14.5, heat: 42.6, efficiency: 0.42 };

/** Lambda is given up to here; more air than this reads the same. */
const leanest = 1.99;
const richest = 0.65;

/** What no table of the engine control foresees: wall film, tank vapour; %, and how long it lasts. */
const passingError = 1.4;
const passingSeconds = 4;
/** Fuel quality, deposits. */
const slowError = 0.5;
const slowSeconds = 900;

/** A combustion that fails leaves its oxygen, and fuel that the sensor does not wholly burn: it reads lean. */
const misfireLean = 0.35;

/** Lambda control is ready: sensor hot, engine not too cold; tables are learnt when it is warm. */
const sensorSeconds = 15;
const closedLoopC = 20;
const learningC = 60;

/** Injection: fuel for the metered air, lambda, and what lambda control corrects. */
export class Mixture implements Part {
  readonly #trims = new FuelTrims();
  readonly size = 2 + this.#trims.size;
  lambda = 1;
  /** %; NaN for a diesel, which has no such control. */
  shortTrim = 0;
  longTrim = 0;
  /** Heating value of the fuel that burns in the engine, kW, and of what leaves it unburnt. */
  fuelPower = 0;
  unburntPower = 0;
  /** %, fuel that is too little (above 0) or too much. */
  #passing = 0;
  #slow = 0;

  begin(build: Build, random: RandomStream): void {
    this.#passing = 0;
    this.#slow = slowError * random.noise();
    this.#trims.begin(leanness(build, 1) + this.#slow);
  }

  step(
    dt: number,
    engine: Engine,
    air: Air,
    heat: Heat,
    profile: Profile,
    build: Build,
    health: Health,
    random: RandomStream,
  ): void {
    // Drawn in every state, so that the stream does not hang on which one it is.
    const passing = random.noise();
    const slow = random.noise();
    const kept = passingSeconds / (passingSeconds + dt);
    this.#passing = this.#passing * kept + passingError * Math.sqrt(1 - kept * kept) * passing;
    this.#slow += (-this.#slow * dt) / slowSeconds + slowError * Math.sqrt((2 * dt) / slowSeconds) * slow;
    if (profile.fuel === 'diesel') this.#burnDiesel(engine, air);
    else this.#burnPetrol(dt, engine, air, heat, build, health);
  }

  #burnDiesel(engine: Engine, air: Air): void {
    this.shortTrim = Number.NaN;
    this.longTrim = Number.NaN;
    const injectedKw = (engine.indicatedTorque * engine.rpm * Math.PI) / 30_000 / diesel.efficiency;
    const fuel = injectedKw / diesel.heat;
    this.unburntPower = injectedKw * engine.misfire;
    this.fuelPower = injectedKw - this.unburntPower;
    this.lambda = fuel > 0 ? Math.max(1.05, Math.min(leanest, air.flow / fuel / diesel.airRatio)) : leanest;
  }

  #burnPetrol(dt: number, engine: Engine, air: Air, heat: Heat, build: Build, health: Health): void {
    const burning = engine.running && !engine.overrun;
    const rich = engine.loadShare > 0.92;
    const closed = burning && !rich && heat.coolant > closedLoopC && engine.runSeconds > sensorSeconds;
    // The fuel that is missing beside what the metered air asks for, %: what the trims would have to be.
    const leak = air.flow > 0 ? air.metered / air.flow : 1;
    const factor = leanness(build, health.injectorFactor) + this.#passing + this.#slow;
    const tilt = build.mixtureError * (2 * engine.loadShare - 1);
    const fuelled = 100 / leak;
    const seesLean = 100 * misfireLean * engine.misfire;
    const needed = (1 + (factor + tilt) / 100) * fuelled - 100;
    this.#trims.step(dt, needed + seesLean, engine.loadShare, closed, closed && heat.coolant > learningC);
    this.shortTrim = this.#trims.short;
    this.longTrim = this.#trims.long;
    if (!burning) {
      this.lambda = leanest;
      this.fuelPower = 0;
      this.unburntPower = 0;
      return;
    }
    // Protects the catalyst at full load, keeps a cold engine running.
    const wanted = rich ? 0.88 : 1 - 0.08 * Math.max(0, Math.min(1, (30 - heat.coolant) / 50));
    const trimmed = 100 + this.shortTrim + this.longTrim;
    const real = (wanted * (100 + needed)) / trimmed;
    this.lambda = Math.max(richest, Math.min(leanest, real * (1 + seesLean / 100)));
    const injectedKw = (air.flow / (petrol.airRatio * real)) * petrol.heat;
    this.unburntPower = injectedKw * engine.misfire;
    this.fuelPower = injectedKw - this.unburntPower;
  }

  load(memory: Float64Array, at: number): void {
    this.#passing = memory[at]!;
    this.#slow = memory[at + 1]!;
    this.#trims.load(memory, at + 2);
  }

  store(memory: Float64Array, at: number): void {
    memory[at] = this.#passing;
    memory[at + 1] = this.#slow;
    this.#trims.store(memory, at + 2);
  }
}

/** By how much the fuel for the metered air is too little, %: injectors that give less, a meter that reads low. */
function leanness(build: Build, injectorFactor: number): number {
  return 100 / (build.injectorGain * injectorFactor * build.airFlowGain) - 100;
}
