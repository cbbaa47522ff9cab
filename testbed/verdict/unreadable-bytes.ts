import type { Session } from './session.ts';

/** Dead letters that nobody has named are kept to tell a resend from another letter: 60 bytes each. */
const maxLetters = 100_000;

/** Of those beyond, letters only say how many there were. With its map and its dead letter 550 bytes a car. */
const maxSpoiled = 100_000;

export interface MessageOf {
  session: Session;
  seq: number;
}

/** Bytes of one car that do not say which message they were, by their hash. */
export interface CarBytes {
  /** Spoiled on purpose: the message that they were. */
  spoiled: Map<string, MessageOf> | undefined;
  /** Dead letters that nobody has named so far. */
  letters: Set<string> | undefined;
}

/**
 * Brings dead letters and what was spoiled on purpose together, whichever is told first. Only within a car: one car's
 * rubbish must not stand for another's message. Bounded over all cars.
 */
export class UnreadableBytes {
  #letters = 0;
  #spoiled = 0;

  /** A dead letter of this car. @returns its message, when that is known */
  letter(car: CarBytes, digest: string): MessageOf | undefined {
    const message = car.spoiled?.get(digest);
    if (message || this.#letters === maxLetters) return message;
    car.letters ??= new Set();
    const before = car.letters.size;
    car.letters.add(digest);
    this.#letters += car.letters.size - before;
    return undefined;
  }

  /**
   * A message that was spoiled on purpose. Of equal bytes only the first has a name: when in doubt, a message is lost.
   * @returns whether its dead letter is there already
   */
  spoil(car: CarBytes, digest: string, message: MessageOf): boolean {
    if (this.#spoiled === maxSpoiled || car.spoiled?.has(digest)) return false;
    car.spoiled ??= new Map();
    car.spoiled.set(digest, message);
    this.#spoiled++;
    if (!car.letters?.delete(digest)) return false;
    this.#letters--;
    return true;
  }
}
