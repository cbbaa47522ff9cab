import type { Part } from '../part.ts';
import type { Build } from '../population/build.ts';
import type { Profile } from '../population/profiles.ts';
import type { RandomStream } from '../random.ts';
import type { Air } from './air.ts';
import type { Engine } from './engine.ts';
import type { Heat } from './heat.ts';

/** Grams of air that burn one gram of fuel, and its heat, kJ/g. */
const petrol = { airRatio: 14.7, heat: 43 };
const diesel = { airRatio: 14.5, heat: 42.6, efficiency: 0.42 };

/** Lambda is given up to here; more air than this reads the same. */
const leanest = 1.99;

/** Injection: fuel, lambda, and what lambda control corrects. */
export class Mixture implements Part {
  readonly size = 2;
  lambda = 1;
  /** %; NaN for a diesel, which has no such control. */
  shortTrim = 0;
  longTrim = 0;
  /** kW */
  fuelPower = 0;
  #short = 0;
  #drift = 0;

  begin(random: RandomStream): void {
    this.#short = 0;
    this.#drift = 0.5 * random.noise();
  }

  step(
    dt: number,
    engine: Engine,
    air: Air,
    heat: Heat,
    profile: Profile,
    build: Build,
    random: RandomStream,
  ): void {
    // Drawn in every state, so that the stream does not hang on which one it is.
    const chance = random.noise();
    const ripple = random.noise();
    this.#short += (-this.#short * dt) / (3 + dt) + 1.3 * Math.sqrt((2 * dt) / (4 + dt)) * chance;
    this.#drift += (-this.#drift * dt) / 900 + 0.5 * Math.sqrt((2 * dt) / 900) * ripple;
    if (profile.fuel === 'diesel') this.#burnDiesel(engine, air);
    else this.#burnPetrol(engine, air, heat, build, ripple);
  }

  #burnDiesel(engine: Engine, air: Air): void {
    this.shortTrim = Number.NaN;
    this.longTrim = Number.NaN;
    const indicatedKw = (engine.indicatedTorque * engine.rpm * Math.PI) / 30_000;
    this.fuelPower = indicatedKw / diesel.efficiency;
    const fuel = this.fuelPower / diesel.heat;
    this.lambda = fuel > 0 ? Math.max(1.05, Math.min(leanest, air.flow / fuel / diesel.airRatio)) : leanest;
  }

  #burnPetrol(engine: Engine, air: Air, heat: Heat, build: Build, ripple: number): void {
    this.longTrim = build.fuelTrim + this.#drift;
    const burning = engine.running && !engine.overrun;
    const rich = engine.loadShare > 0.92;
    const closedLoop = burning && !rich && heat.coolant > 30;
    this.shortTrim = closedLoop ? this.#short : 0;
    if (!burning) {
      this.lambda = leanest;
      this.fuelPower = 0;
      return;
    }
    // Protects the catalyst at full load, keeps a cold engine running.
    const wanted = rich ? 0.88 : 1 - 0.08 * Math.max(0, Math.min(1, (30 - heat.coolant) / 50));
    this.lambda = wanted + 0.006 * ripple;
    this.fuelPower = (air.flow / (petrol.airRatio * wanted)) * petrol.heat;
  }

  load(memory: Float64Array, at: number): void {
    this.#short = memory[at]!;
    this.#drift = memory[at + 1]!;
  }

  store(memory: Float64Array, at: number): void {
    memory[at] = this.#short;
    memory[at + 1] = this.#drift;
  }
}
