import { signalCount } from '#contract/signals.ts';
import { Car } from './car.ts';
import type { Beginning } from './driving/driver.ts';
import type { Fleet } from './fleet.ts';
import { profiles, type Profile } from './population/profiles.ts';
import { Shares } from './population/shares.ts';
import { RandomStream } from './random.ts';
import { presencesOf } from './schedule/stages.ts';
import { timetableOf, type Due } from './schedule/timetable.ts';

/** Share of a mixed fleet that begins with a cold engine. */
const coldShare = 0.3;

/**
 * The lives of a shard's cars: their state in two arrays, one working Car, one set of columns to fill. What a car
 * lives through hangs on (fleet, index) and the number of the message alone.
 */
export class CarLives {
  /** The readings of the message that was lived last, one column a signal. Overwritten by the next. */
  readonly columns: Float32Array[];
  readonly #fleet: Fleet;
  readonly #profiles: Profile[];
  readonly #car: Car;
  readonly #size: number;
  readonly #numbers: Float64Array;
  readonly #words: Int32Array;

  constructor(fleet: Fleet, indices: readonly number[]) {
    this.#fleet = fleet;
    const shares = new Shares(fleet.profiles, fleet.cars, fleet.seed);
    this.#profiles = indices.map((index) => knownProfile(shares.profileOf(index)));
    this.#car = new Car(this.#profiles[0] ?? knownProfile('petrol'));
    this.#size = this.#car.size;
    this.#numbers = new Float64Array(indices.length * this.#size);
    this.#words = new Int32Array(indices.length * Car.words);
    this.columns = Array.from({ length: signalCount }, () => new Float32Array(fleet.readingsPerMessage));
    for (const [slot, index] of indices.entries()) {
      const joinedMs = presencesOf(fleet.stages, index)[0]?.fromMs ?? 0;
      const simTime = fleet.simStartMs + Math.round(joinedMs * fleet.speedup);
      this.#car.begin(fleet.seed, index, this.#profiles[slot]!, beginningOf(fleet, index), simTime);
      this.#store(slot);
    }
  }

  /** Bytes of state of one car. */
  get bytesPerCar(): number {
    return this.#size * this.#numbers.BYTES_PER_ELEMENT + Car.words * this.#words.BYTES_PER_ELEMENT;
  }

  /** Lives through the car's next message, whose first reading is taken at `simTime`, into `columns`. */
  live(slot: number, simTime: number): void {
    const { intervalMs, readingsPerMessage } = this.#fleet;
    const wordsAt = slot * Car.words;
    this.#car.load(this.#profiles[slot]!, this.#numbers, slot * this.#size, this.#words, wordsAt);
    for (let reading = 0; reading < readingsPerMessage; reading++) {
      this.#car.step(intervalMs, simTime + reading * intervalMs);
      this.#car.sense(this.columns, reading);
    }
    this.#store(slot);
  }

  #store(slot: number): void {
    this.#car.store(this.#numbers, slot * this.#size, this.#words, slot * Car.words);
  }
}

export interface LivedMessage extends Due {
  columns: Float32Array[];
}

/** One car's whole life as its shard lives it, without sockets and without waiting. Columns are overwritten by the next. */
export function* carLife(fleet: Fleet, index: number): Generator<LivedMessage> {
  const lives = new CarLives(fleet, [index]);
  for (const due of timetableOf(fleet, index)) {
    lives.live(0, due.simTime);
    yield { ...due, columns: lives.columns };
  }
}

function beginningOf(fleet: Fleet, index: number): Beginning {
  if (fleet.start === 'parked') return 'cold';
  if (fleet.start === 'warm') return 'warm';
  return RandomStream.of(fleet.seed, index, 'beginning').uniform() < coldShare ? 'cold' : 'warm';
}

function knownProfile(name: string): Profile {
  const profile = profiles.get(name);
  if (profile) return profile;
  throw new RangeError(`no profile ${name}; there are ${[...profiles.keys()].join(', ')}`);
}
