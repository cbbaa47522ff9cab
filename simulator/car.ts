import { Driver, type Beginning, type Usage } from './driving/driver.ts';
import { Surroundings } from './driving/surroundings.ts';
import { Build } from './population/build.ts';
import type { Profile } from './population/profiles.ts';
import { Health } from './powertrain/health.ts';
import { Powertrain } from './powertrain/powertrain.ts';
import { RandomStream, randomWords, streamSeed } from './random.ts';
import { Sensors } from './sensors.ts';

/** Longest step of the physics: lags of a fraction of a second and a driver's reaction need it this short. */
const longestStepMs = 1000;

/** One car's whole state, to work with: driver -> powertrain -> (what fails, acts here) -> sensors. */
export class Car {
  readonly build = new Build();
  readonly driver = new Driver();
  readonly surroundings = new Surroundings();
  readonly powertrain = new Powertrain();
  readonly sensors = new Sensors();
  /** What failures set before a step, for the physics to read; no part of what is stored. */
  readonly health = new Health();
  readonly #parts = [this.build, this.driver, this.surroundings, ...this.powertrain.parts, this.sensors];
  readonly #driving = new RandomStream();
  readonly #sensing = new RandomStream();
  readonly #usage: Usage;
  #profile: Profile;
  #intervalMs = longestStepMs;

  constructor(profile: Profile, usage: Usage = 'continuous') {
    this.#profile = profile;
    this.#usage = usage;
  }

  /** Numbers that a car keeps between two messages. */
  get size(): number {
    return this.#parts.reduce((sum, part) => sum + part.size, 0);
  }

  /** Words of random state that a car keeps between two messages. */
  static readonly words = 2 * randomWords;

  /** A new car at the beginning of its life. */
  begin(seed: number, index: number, profile: Profile, how: Beginning, simTime: number): void {
    this.#profile = profile;
    this.build.draw(seed, index);
    this.#driving.load(Int32Array.from(streamSeed(seed, index, 'driving')), 0);
    this.#sensing.load(Int32Array.from(streamSeed(seed, index, 'sensors')), 0);
    this.surroundings.begin(simTime, this.build, this.health, this.#driving);
    const speed = this.driver.begin(how, this.#usage, simTime, this.#driving);
    this.powertrain.begin(how, speed, this.driver, this.surroundings, profile, this.build, this.#driving);
    this.powertrain.observe(this.surroundings, profile, this.build, this.health);
    this.sensors.begin(this.powertrain.values);
  }

  /** Lives through `intervalMs` of simulated time and ends at `simTime`. */
  step(intervalMs: number, simTime: number): void {
    const { build, driver, health, powertrain, surroundings } = this;
    const random = this.#driving;
    this.#intervalMs = intervalMs;
    const steps = Math.ceil(intervalMs / longestStepMs);
    const dt = intervalMs / steps / 1000;
    for (let step = 0; step < steps; step++) {
      surroundings.step(dt, simTime, build, health, random);
      driver.step(dt, simTime, powertrain.motion.speed, build, health, this.#usage, random);
      powertrain.step(dt, driver, surroundings, this.#profile, build, health, random);
    }
  }

  /** Writes what the sensors report now as one reading of a batch. */
  sense(columns: readonly Float32Array[], reading: number): void {
    const { powertrain } = this;
    powertrain.observe(this.surroundings, this.#profile, this.build, this.health);
    this.sensors.read(this.#intervalMs, powertrain.values, columns, reading, this.#sensing);
  }

  /** Takes back what a failure has changed of the physics; what it did to temperatures stays. */
  heal(): void {
    this.health.heal();
  }

  load(profile: Profile, numbers: Float64Array, numbersAt: number, words: Int32Array, wordsAt: number): void {
    this.#profile = profile;
    let at = numbersAt;
    for (const part of this.#parts) {
      part.load(numbers, at);
      at += part.size;
    }
    this.#driving.load(words, wordsAt);
    this.#sensing.load(words, wordsAt + randomWords);
  }

  store(numbers: Float64Array, numbersAt: number, words: Int32Array, wordsAt: number): void {
    let at = numbersAt;
    for (const part of this.#parts) {
      part.store(numbers, at);
      at += part.size;
    }
    this.#driving.store(words, wordsAt);
    this.#sensing.store(words, wordsAt + randomWords);
  }
}
