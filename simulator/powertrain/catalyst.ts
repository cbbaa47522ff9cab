import type { Beginning } from '../driving/driver.ts';
import type { Surroundings } from '../driving/surroundings.ts';
import type { Part } from '../part.ts';
import type { Build } from '../population/build.ts';
import type { Profile } from '../population/profiles.ts';
import type { RandomStream } from '../random.ts';
import type { Engine } from './engine.ts';
import type { Health } from './health.ts';
import type { Mixture } from './mixture.ts';

/** Half of what comes is converted at this temperature, degC (Heywood, ch. 11), all of it so much above. */
const lightOffC = 260;
const lightOffSpan = 45;
/** What converting the usual 1 % of CO and HC adds, K; a diesel's exhaust has less of it. */
const exothermPetrol = 90;
const exothermDiesel = 25;
/** Heat capacity of exhaust gas, kJ/(kg K), and no catalyst stays whole above, degC. */
const gasCapacity = 1.1;
const hottest = 1150;

/** The catalyst: warmed by the exhaust, and above light-off by what it converts. */
export class Catalyst implements Part {
  readonly size = 1;
  /** degC */
  temperature = 20;

  begin(how: Beginning, surroundings: Surroundings, random: RandomStream): void {
    const rest = random.uniform();
    this.temperature = how === 'warm' ? 420 + 120 * rest : surroundings.temperature + 6 * rest;
  }

  /** @param flow exhaust, g/s */
  step(
    dt: number,
    flow: number,
    mixture: Mixture,
    engine: Engine,
    surroundings: Surroundings,
    profile: Profile,
    build: Build,
    health: Health,
  ): void {
    const { fuelPower, unburntPower } = mixture;
    if (fuelPower <= 0) {
      // Air alone still cools it faster than standing does.
      const seconds = engine.running ? 240 : 900;
      this.temperature += ((surroundings.temperature - this.temperature) * dt) / (seconds + dt);
      return;
    }
    const isDiesel = profile.fuel === 'diesel';
    const full = isDiesel ? 600 : 800;
    const base = isDiesel ? 140 : 250;
    const load = Math.sqrt(Math.min(1, fuelPower / (2.7 * profile.maxPowerKw)));
    const lit = Math.max(0, Math.min(1, 0.5 + (this.temperature - lightOffC) / (2 * lightOffSpan)));
    const converts = lit * build.catalystFactor * health.catalystFactor;
    const unburnt = (1000 * unburntPower) / (gasCapacity * Math.max(1, flow));
    const exotherm = converts * ((isDiesel ? exothermDiesel : exothermPetrol) + unburnt);
    const towards = Math.min(hottest, base + (full - base) * load + exotherm);
    this.temperature += ((towards - this.temperature) * dt) / (45 + dt);
  }

  load(memory: Float64Array, at: number): void {
    this.temperature = memory[at]!;
  }

  store(memory: Float64Array, at: number): void {
    memory[at] = this.temperature;
  }
}
