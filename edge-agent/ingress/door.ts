import { randomInt } from 'node:crypto';

/**
 * Gives session and seq to cars whose device knows neither. A car's numbering lives as long as this process remembers it; then
 * it begins a new session, as a car does that starts.
 */
export class NumberingDoor {
  readonly #maxCars: number;
  readonly #cars = new Map<string, { session: number; seq: number }>();

  /** @param maxCars the one that was silent longest is forgotten first */
  constructor(maxCars: number) {
    this.#maxCars = maxCars;
  }

  number(vin: string): { session: number; seq: number } {
    const last = this.#cars.get(vin) ?? { session: randomInt(2 ** 48 - 1), seq: 0 };
    const next = { session: last.session, seq: last.seq + 1 };
    this.#cars.delete(vin);
    this.#cars.set(vin, next);
    if (this.#cars.size > this.#maxCars) {
      const [oldest] = this.#cars.keys();
      if (oldest !== undefined) this.#cars.delete(oldest);
    }
    return next;
  }
}
