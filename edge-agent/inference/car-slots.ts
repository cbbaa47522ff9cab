import assert from 'node:assert/strict';
import { RecentlyUsed } from '#runtime/recently-used.ts';

/**
 * Which row of the scorer's state belongs to which car. The car that was silent longest gives its slot up, so that memory
 * is bounded: should it come back, it is a new car.
 */
export class CarSlots {
  readonly #maxCars: number;
  readonly #onForgotten: (slot: number) => void;
  readonly #slots = new RecentlyUsed<number>();

  /** @param onForgotten what is known of the slot is another car's */
  constructor(maxCars: number, onForgotten: (slot: number) => void) {
    assert(maxCars > 0);
    this.#maxCars = maxCars;
    this.#onForgotten = onForgotten;
  }

  get cars(): number {
    return this.#slots.size;
  }

  /** The last `maxCars` cars that were asked for have slots of their own. */
  of(vin: string): number {
    return this.#slots.use(vin) ?? this.#slots.add(vin, this.#freeSlot());
  }

  /** Slots are given out from 0 on, and again only when all are taken. */
  #freeSlot(): number {
    if (this.#slots.size < this.#maxCars) return this.#slots.size;
    const oldest = this.#slots.takeOldest();
    assert(oldest);
    this.#onForgotten(oldest.value);
    return oldest.value;
  }
}
