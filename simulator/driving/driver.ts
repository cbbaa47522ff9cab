import type { Part } from '../part.ts';
import type { Build } from '../population/build.ts';
import type { Health } from '../powertrain/health.ts';
import type { RandomStream } from '../random.ts';
import { leaves, tripSeconds } from './day-plan.ts';
import { nextSegment, segmentIndex, segments, type SegmentName } from './segments.ts';

/** How a car begins: engine cold in its parking place, or warm in the middle of a trip. */
export type Beginning = 'cold' | 'warm';

/** On and on, so that every car sends engine data; or a few trips a day, and parked between them. */
export type Usage = 'continuous' | 'daily';

const reactionSeconds = 2.5;
/** What a change of the wanted speed takes, for the plan: m/s2. */
const usualAcceleration = 0.9;
/** Nobody holds a speed exactly: share of it, and how long a deviation lasts. */
const unsteadiness = 0.025;
const unsteadySeconds = 12;
/** From the last stop of a trip to the engine's. */
const parkingSeconds = 20;

const { parked, start, urban, motorway } = segmentIndex;

/**
 * Who drives: follows seeded segments, wants a speed, and asks for an acceleration by temper. Plans by the clock and
 * never by what the car can do, so that its draws are the same whatever is wrong with the car.
 */
export class Driver implements Part {
  readonly size = 7;
  /** m/s2 that the driver asks for now; the engine may give less. */
  acceleration = 0;
  /** The engine is wanted. */
  ignition = true;
  /** 0 gentle … 1 hasty, what circumstances add included. */
  temper = 0.5;
  #segment = 0;
  #segmentSeconds = 0;
  /** m/s */
  #wantedSpeed = 0;
  #holdSeconds = 0;
  /** How hard this change of speed is made, 0 to 1. */
  #vigour = 1;
  #unsteady = 0;
  /** Left of the trip. */
  #tripSeconds = Infinity;

  /** Which stretch it drives on. */
  get segment(): SegmentName {
    return segments[this.#segment]!.name;
  }

  /** @returns the speed at which the car is found, m/s */
  begin(how: Beginning, usage: Usage, simTime: number, random: RandomStream): number {
    const isCold = how === 'cold';
    const parks = isCold && usage === 'daily';
    this.#segment = isCold ? start : urban + Math.floor(random.uniform() * (motorway - urban + 1));
    if (parks) this.#segment = parked;
    const segment = segments[this.#segment]!;
    this.#segmentSeconds = isCold ? random.between(10, 60) : random.exponential(segment.meanSeconds);
    this.#holdSeconds = 0;
    this.#vigour = 1;
    this.#unsteady = 0;
    this.#tripSeconds = usage === 'daily' ? tripSeconds(simTime, random) : Infinity;
    this.#wantedSpeed = random.between(segment.minSpeed, segment.maxSpeed) / 3.6;
    this.ignition = !parks;
    return this.#wantedSpeed;
  }

  /** @param speed the car's, m/s */
  step(
    dt: number,
    simTime: number,
    speed: number,
    build: Build,
    health: Health,
    usage: Usage,
    random: RandomStream,
  ): void {
    this.temper = Math.max(0, Math.min(1.2, build.temper + health.temperOffset));
    if (this.#segment === parked) this.#wait(dt, simTime, random);
    else this.#travel(dt, usage, random);
    const kept = unsteadySeconds / (unsteadySeconds + dt);
    this.#unsteady = this.#unsteady * kept + Math.sqrt(1 - kept * kept) * random.noise();
    const wanted = this.#wantedSpeed * (0.94 + 0.12 * this.temper) * (1 + unsteadiness * this.#unsteady);
    const asked = (wanted - speed) / reactionSeconds;
    // WLTC class 3b asks for up to 1.6 m/s2, on the motorway for 1.0, and brakes with up to 1.5.
    const hardest = (0.75 + 0.75 * this.temper) * this.#vigour;
    this.acceleration = Math.max(-hardest, Math.min(hardest * (1 - speed / 75), asked));
  }

  #wait(dt: number, simTime: number, random: RandomStream): void {
    this.ignition = false;
    this.#wantedSpeed = 0;
    if (!leaves(dt, simTime, random)) return;
    this.#tripSeconds = tripSeconds(simTime, random);
    this.ignition = true;
    this.#enter(start, random);
    this.#holdSeconds = 0;
  }

  #travel(dt: number, usage: Usage, random: RandomStream): void {
    this.ignition = true;
    this.#segmentSeconds -= dt;
    this.#holdSeconds -= dt;
    if (usage === 'daily') {
      this.#tripSeconds -= dt;
      if (this.#tripSeconds <= 0) {
        this.#arrive();
        return;
      }
    }
    if (this.#segmentSeconds <= 0) {
      this.#enter(nextSegment(this.#segment, random), random);
      this.#holdSeconds = 0;
    }
    if (this.#holdSeconds <= 0) this.#decide(segments[this.#segment]!, random);
  }

  #enter(segment: number, random: RandomStream): void {
    this.#segment = segment;
    const { minSeconds, meanSeconds } = segments[segment]!;
    this.#segmentSeconds = minSeconds + random.exponential(meanSeconds - minSeconds);
  }

  /** Brakes, stands for a moment, and parks. */
  #arrive(): void {
    if (this.#wantedSpeed > 0) {
      this.#holdSeconds = this.#wantedSpeed / 0.5 + parkingSeconds;
      this.#wantedSpeed = 0;
      this.#vigour = 0.8;
    }
    if (this.#holdSeconds > 0) return;
    this.#segment = parked;
    this.ignition = false;
  }

  #decide(segment: (typeof segments)[number], random: RandomStream): void {
    const before = this.#wantedSpeed;
    const stands = random.uniform() < segment.stops;
    const wanted = random.between(segment.minSpeed, segment.maxSpeed) / 3.6;
    const lasts = random.exponential(1);
    this.#vigour = random.between(0.55, 1);
    this.#wantedSpeed = stands ? 0 : wanted;
    const changing = Math.abs(this.#wantedSpeed - before) / (usualAcceleration * this.#vigour);
    this.#holdSeconds = changing + 2 + lasts * (stands ? segment.standSeconds : segment.holdSeconds);
  }

  load(memory: Float64Array, at: number): void {
    this.#segment = memory[at]!;
    this.#segmentSeconds = memory[at + 1]!;
    this.#wantedSpeed = memory[at + 2]!;
    this.#holdSeconds = memory[at + 3]!;
    this.#vigour = memory[at + 4]!;
    this.#unsteady = memory[at + 5]!;
    this.#tripSeconds = memory[at + 6]!;
  }

  store(memory: Float64Array, at: number): void {
    memory[at] = this.#segment;
    memory[at + 1] = this.#segmentSeconds;
    memory[at + 2] = this.#wantedSpeed;
    memory[at + 3] = this.#holdSeconds;
    memory[at + 4] = this.#vigour;
    memory[at + 5] = this.#unsteady;
    memory[at + 6] = this.#tripSeconds;
  }
}
