import { signalCount } from '#contract/signals.ts';
import { Car } from './car.ts';
import type { Beginning } from './driving/driver.ts';
import { failingCars } from './failures/choice.ts';
import { FailingCar } from './failures/failing-car.ts';
import type { Fleet } from './fleet.ts';
import type { Lives, OnFailure } from './lives.ts';
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
export class CarLives implements Lives {
  /** The readings of the message that was lived last, one column a signal. Overwritten by the next. */
  readonly columns: Float32Array[];
  readonly #fleet: Fleet;
  readonly #profiles: Profile[];
  readonly #car: Car;
  readonly #size: number;
  readonly #numbers: Float64Array;
  readonly #words: Int32Array;
  /** By slot; most fleets have none. */
  readonly #failing = new Map<number, FailingCar>();
  readonly #onFailure: OnFailure | undefined;
  /** What the healthy twin of a failing car reports. */
  readonly #healthy: Float32Array[];

  /** @param onFailure hears of each failing car at its onset, and again when its failure can be seen */
  constructor(fleet: Fleet, indices: readonly number[], onFailure?: OnFailure) {
    this.#fleet = fleet;
    this.#onFailure = onFailure;
    const shares = new Shares(fleet.profiles, fleet.cars, fleet.seed);
    this.#profiles = indices.map((index) => knownProfile(shares.profileOf(index)));
    this.#car = new Car(this.#profiles[0] ?? knownProfile('petrol'), fleet.usage);
    this.#size = this.#car.size;
    this.#numbers = new Float64Array(indices.length * this.#size);
    this.#words = new Int32Array(indices.length * Car.words);
    this.columns = Array.from({ length: signalCount }, () => new Float32Array(fleet.readingsPerMessage));
    this.#healthy = this.columns.map((column) => new Float32Array(column));
    const failing = failingCars(fleet);
    for (const [slot, index] of indices.entries()) {
      const joinedMs = presencesOf(fleet.stages, index)[0]?.fromMs ?? 0;
      const simTime = fleet.simStartMs + Math.round(joinedMs * fleet.speedup);
      this.#car.begin(fleet.seed, index, this.#profiles[slot]!, beginningOf(fleet, index), simTime);
      this.#store(slot);
      const failure = failing.get(index);
      if (failure) this.#failing.set(slot, new FailingCar(fleet, failure, index));
    }
  }

  /** Bytes of state of one car. */
  get bytesPerCar(): number {
    return this.#size * this.#numbers.BYTES_PER_ELEMENT + Car.words * this.#words.BYTES_PER_ELEMENT;
  }

  /** Lives through the car's next message, whose first reading is taken at `simTime`, into `columns`. */
  live(slot: number, simTime: number): true {
    const failing = this.#failing.get(slot);
    if (failing?.hasBegunBy(this.#lastReading(simTime))) {
      this.#fail(slot, failing, simTime);
      return true;
    }
    this.#load(slot);
    this.#drive(simTime, this.columns);
    this.#store(slot);
    return true;
  }

  /** As live(), beside a twin that stays well for as long as the two are to be compared. */
  #fail(slot: number, failing: FailingCar, simTime: number): void {
    const said = failing.times;
    if (this.#onFailure && failing.isWatched) {
      const numbersAt = slot * this.#size;
      const wordsAt = slot * Car.words;
      failing.twin ??= {
        numbers: this.#numbers.slice(numbersAt, numbersAt + this.#size),
        words: this.#words.slice(wordsAt, wordsAt + Car.words),
      };
      const { numbers, words } = failing.twin;
      this.#car.load(this.#profiles[slot]!, numbers, 0, words, 0);
      this.#drive(simTime, this.#healthy);
      this.#car.store(numbers, 0, words, 0);
    }
    this.#load(slot);
    this.#drive(simTime, this.columns, failing);
    this.#car.heal();
    this.#store(slot);
    if (!this.#onFailure) return;
    failing.compare(this.columns, this.#healthy, simTime);
    if (failing.times && failing.times !== said) this.#onFailure(slot, failing.times);
  }

  /** One message of the car that is loaded. */
  #drive(simTime: number, columns: readonly Float32Array[], failing?: FailingCar): void {
    const { intervalMs, readingsPerMessage } = this.#fleet;
    for (let reading = 0; reading < readingsPerMessage; reading++) {
      const at = simTime + reading * intervalMs;
      failing?.act(at, this.#car.health);
      this.#car.step(intervalMs, at);
      this.#car.sense(columns, reading);
      failing?.report(at, columns, reading);
    }
  }

  #lastReading(simTime: number): number {
    return simTime + (this.#fleet.readingsPerMessage - 1) * this.#fleet.intervalMs;
  }

  #load(slot: number): void {
    const profile = this.#profiles[slot]!;
    this.#car.load(profile, this.#numbers, slot * this.#size, this.#words, slot * Car.words);
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
  // Those of a day's plan wait for their next trip.
  if (fleet.usage === 'daily') return 'cold';
  return RandomStream.of(fleet.seed, index, 'beginning').uniform() < coldShare ? 'cold' : 'warm';
}

function knownProfile(name: string): Profile {
  const profile = profiles.get(name);
  if (profile) return profile;
  throw new RangeError(`no profile ${name}; there are ${[...profiles.keys()].join(', ')}`);
}
