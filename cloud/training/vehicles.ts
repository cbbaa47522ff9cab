import { hash } from 'node:crypto';

/** Share of the vehicles that networks learn from. The others are held out: in turn for calibration and for the test. */
const trainedShare = 0.6;

/** One car of the history, as the trainer sees it. */
export interface Vehicle {
  vin: string;
  /** From 0, in order of appearance: the car's place in running state. */
  slot: number;
  /** In [0, 1), by the vin alone: a car keeps its side over all trainings. */
  draw: number;
  isTrained: boolean;
  /** 64 bits by seed and vin, for the keys of its readings. */
  words: readonly [number, number];
}

/** Every vehicle that was met, by its vin. */
export class Vehicles {
  readonly #seed: number;
  readonly #byVin = new Map<string, Vehicle>();

  constructor(seed: number) {
    this.#seed = seed;
  }

  get count(): number {
    return this.#byVin.size;
  }

  of(vin: string): Vehicle {
    const known = this.#byVin.get(vin);
    if (known) return known;
    const draw = hash('sha256', vin, 'buffer').readUInt32LE(0) / 2 ** 32;
    const own = hash('sha256', `${this.#seed}/${vin}`, 'buffer');
    const vehicle: Vehicle = {
      vin,
      slot: this.#byVin.size,
      draw,
      isTrained: draw < trainedShare,
      words: [own.readInt32LE(0), own.readInt32LE(4)],
    };
    this.#byVin.set(vin, vehicle);
    return vehicle;
  }
}

/**
 * A number in [0, 2^53) for one reading of a car, by (seed, vin, time on the car's clock): the readings with the
 * smallest are as good as drawn by lot, whatever the order in which they come.
 */
export function readingKey(vehicle: Vehicle, timeMs: number): number {
  const low = timeMs | 0;
  const high = Math.floor(timeMs / 2 ** 32) | 0;
  const [first, second] = vehicle.words;
  const a = mix(mix(first ^ low) ^ high);
  const b = mix(mix(second ^ high) + low);
  return (a >>> 0) * 2 ** 21 + (b >>> 11);
}

/** The end of MurmurHash3: every bit of the word decides on every bit of the result. */
function mix(word: number): number {
  let h = word | 0;
  h = Math.imul(h ^ (h >>> 16), 0x85ebca6b);
  h = Math.imul(h ^ (h >>> 13), 0xc2b2ae35);
  return h ^ (h >>> 16);
}
