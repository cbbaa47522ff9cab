import type { Drive } from './drives-file.ts';

/** Longer than the minute after which an edge takes a car to begin anew. */
export const pauseMs = 120_000;

/** Drives that one car drives in turn, in messages, each with the pause behind it. */
interface Round {
  drives: Drive[];
  /** Message at which each begins, and at the end the messages of all. */
  begins: number[];
}

/**
 * Which piece of which drive a car is at: car i begins with drive i mod n, goes on with the next one after a pause, and
 * round and round. Where the drives name cars, car i is the recorded car i mod their number, and drives that one's alone.
 * A drive is cut to whole messages, so that none has readings of two.
 */
export class Course {
  readonly #rounds: Round[];
  readonly #readingsPerMessage: number;

  /** @param drives at least one of them as long as a message; shorter ones are left out */
  constructor(drives: readonly Drive[], readingsPerMessage: number, intervalMs: number) {
    this.#readingsPerMessage = readingsPerMessage;
    const pause = Math.ceil(pauseMs / (readingsPerMessage * intervalMs));
    const driven = drives.filter(({ readings }) => readings >= readingsPerMessage);
    this.#rounds = [...Map.groupBy(driven, ({ car }) => car).values()].map((own): Round => {
      let at = 0;
      const begins = [
        0,
        ...own.map(({ readings }) => (at += messagesOf(readings, readingsPerMessage) + pause)),
      ];
      return { drives: own, begins };
    });
  }

  /** @param message of the car, from 0 @returns the first reading within the file; -1 in a pause */
  readingAt(car: number, message: number): number {
    const round = this.#rounds[car % this.#rounds.length]!;
    const { drives, begins } = round;
    const first = begins[Math.floor(car / this.#rounds.length) % drives.length]!;
    const at = (first + message) % begins[drives.length]!;
    const place = lastUpTo(begins, at);
    const drive = drives[place]!;
    const within = at - begins[place]!;
    if (within >= messagesOf(drive.readings, this.#readingsPerMessage)) return -1;
    return drive.first + within * this.#readingsPerMessage;
  }
}

function messagesOf(readings: number, readingsPerMessage: number): number {
  return Math.floor(readings / readingsPerMessage);
}

/** Place of the last of these numbers, in ascending order and from 0, that is not above `value`. */
function lastUpTo(ascending: readonly number[], value: number): number {
  let low = 0;
  let high = ascending.length - 1;
  while (low < high) {
    const middle = Math.ceil((low + high) / 2);
    if (ascending[middle]! <= value) low = middle;
    else high = middle - 1;
  }
  return low;
}
