import type { Part } from '../part.ts';
import type { Build } from '../population/build.ts';
import type { RandomStream } from '../random.ts';

const dayMs = 86_400_000;

/** Outside air and the slope of the road. */
export class Surroundings implements Part {
  readonly size = 2;
  /** degC */
  temperature = 15;
  /** kPa */
  pressure = 101.3;
  /** Rise over run. */
  slope = 0;
  /** Weather's part of the pressure, kPa. */
  #weather = 0;

  begin(simTime: number, build: Build, random: RandomStream): void {
    this.slope = 0.012 * random.noise();
    this.#weather = 0.6 * random.noise();
    this.#air(simTime, build);
  }

  step(dt: number, simTime: number, build: Build, random: RandomStream): void {
    // Ornstein-Uhlenbeck: hills of half a minute, weather of some hours.
    this.slope += (-this.slope * dt) / 30 + 0.012 * Math.sqrt((2 * dt) / 30) * random.noise();
    this.#weather += (-this.#weather * dt) / 14_400 + 0.6 * Math.sqrt((2 * dt) / 14_400) * random.noise();
    this.#air(simTime, build);
  }

  #air(simTime: number, build: Build): void {
    // Warmest at 15:00, coldest at 03:00.
    const day = (simTime / dayMs - 15 / 24) * 2 * Math.PI;
    this.temperature = build.climate + 5 * Math.cos(day);
    this.pressure = build.pressure + this.#weather;
  }

  load(memory: Float64Array, at: number): void {
    this.slope = memory[at]!;
    this.#weather = memory[at + 1]!;
  }

  store(memory: Float64Array, at: number): void {
    memory[at] = this.slope;
    memory[at + 1] = this.#weather;
  }
}
