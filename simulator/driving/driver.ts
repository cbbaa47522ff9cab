import type { Part } from '../part.ts';
import type { Build } from '../population/build.ts';
import type { RandomStream } from '../random.ts';
import { nextSegment, segments } from './segments.ts';

/** How a car begins: engine cold in its parking place, or warm in the middle of a trip. */
export type Beginning = 'cold' | 'warm';

const reactionSeconds = 3;

/** Who drives: follows seeded segments, wants a speed, and asks for an acceleration by temper. */
export class Driver implements Part {
  readonly size = 4;
  /** m/s2 that the driver asks for now; the engine may give less. */
  acceleration = 0;
  #segment = 0;
  #segmentSeconds = 0;
  /** m/s */
  #wantedSpeed = 0;
  #holdSeconds = 0;

  /** @returns the speed at which the car is found, m/s */
  begin(how: Beginning, random: RandomStream): number {
    // Someone who has just started the engine waits a moment before driving off.
    this.#segment = how === 'cold' ? 0 : 1 + Math.floor(random.uniform() * 3);
    const segment = segments[this.#segment]!;
    this.#segmentSeconds = how === 'cold' ? random.between(10, 60) : random.exponential(segment.meanSeconds);
    this.#holdSeconds = 0;
    this.#wantedSpeed = random.between(segment.minSpeed, segment.maxSpeed) / 3.6;
    return this.#wantedSpeed;
  }

  /** @param speed the car's, m/s */
  step(dt: number, speed: number, build: Build, random: RandomStream): void {
    this.#segmentSeconds -= dt;
    this.#holdSeconds -= dt;
    if (this.#segmentSeconds <= 0) {
      this.#segment = nextSegment(this.#segment, random);
      const segment = segments[this.#segment]!;
      this.#segmentSeconds =
        segment.minSeconds + random.exponential(segment.meanSeconds - segment.minSeconds);
      this.#holdSeconds = 0;
    }
    if (this.#holdSeconds <= 0) this.#decide(segments[this.#segment]!, build, random);
    const asked = (this.#wantedSpeed - speed) / reactionSeconds;
    const hardest = 0.9 + 1.6 * build.temper;
    this.acceleration = Math.max(-1.4 * hardest, Math.min(hardest, asked));
  }

  #decide(segment: (typeof segments)[number], build: Build, random: RandomStream): void {
    this.#holdSeconds = 5 + random.exponential(segment.meanHoldSeconds);
    if (random.uniform() < segment.stops) {
      this.#wantedSpeed = 0;
      return;
    }
    const haste = 0.94 + 0.12 * build.temper;
    this.#wantedSpeed = (haste * random.between(segment.minSpeed, segment.maxSpeed)) / 3.6;
  }

  load(memory: Float64Array, at: number): void {
    this.#segment = memory[at]!;
    this.#segmentSeconds = memory[at + 1]!;
    this.#wantedSpeed = memory[at + 2]!;
    this.#holdSeconds = memory[at + 3]!;
  }

  store(memory: Float64Array, at: number): void {
    memory[at] = this.#segment;
    memory[at + 1] = this.#segmentSeconds;
    memory[at + 2] = this.#wantedSpeed;
    memory[at + 3] = this.#holdSeconds;
  }
}
