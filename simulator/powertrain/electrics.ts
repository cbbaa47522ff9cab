import type { Beginning } from '../driving/driver.ts';
import type { Surroundings } from '../driving/surroundings.ts';
import type { Part } from '../part.ts';
import type { Build } from '../population/build.ts';
import type { RandomStream } from '../random.ts';
import type { Engine } from './engine.ts';

/** 12 V side: regulator, consumers that come and go, a battery that takes charge. */
export class Electrics implements Part {
  readonly size = 4;
  /** V */
  voltage = 13.9;
  /** A, positive into the battery. */
  current = 0;
  /** What the battery lacks, Ah. */
  #missing = 1;
  /** A */
  #consumers = 20;
  #consumerSeconds = 0;

  begin(how: Beginning, random: RandomStream): void {
    this.voltage = 13.7;
    this.#missing = how === 'cold' ? random.between(2.5, 5) : random.between(0.3, 1);
    this.#consumers = random.between(12, 35);
    this.#consumerSeconds = random.exponential(60);
  }

  step(dt: number, engine: Engine, surroundings: Surroundings, build: Build, random: RandomStream): void {
    this.#consumerSeconds -= dt;
    if (this.#consumerSeconds <= 0) {
      this.#consumerSeconds = 10 + random.exponential(80);
      // Heated screens and seats in the cold.
      const heating = surroundings.temperature < 5 ? 15 : 0;
      this.#consumers = random.between(12, 35 + heating);
    }
    // Lead-acid takes less voltage when hot; the engine control eases the alternator under load, charges in overrun.
    let wanted = build.regulatorVolts - 0.006 * (surroundings.temperature - 20) - 0.005 * this.#consumers;
    if (engine.overrun) wanted += 0.15;
    else if (engine.loadShare > 0.55) wanted -= 0.45;
    this.voltage += ((Math.max(13, Math.min(14.25, wanted)) - this.voltage) * dt) / (1.5 + dt);
    this.current = Math.min(35, (this.voltage - 13.1) * 8 * this.#missing) + 0.5;
    this.#missing = Math.max(0.05, this.#missing - (this.current * dt) / 3600);
  }

  load(memory: Float64Array, at: number): void {
    this.voltage = memory[at]!;
    this.#missing = memory[at + 1]!;
    this.#consumers = memory[at + 2]!;
    this.#consumerSeconds = memory[at + 3]!;
  }

  store(memory: Float64Array, at: number): void {
    memory[at] = this.voltage;
    memory[at + 1] = this.#missing;
    memory[at + 2] = this.#consumers;
    memory[at + 3] = this.#consumerSeconds;
  }
}
