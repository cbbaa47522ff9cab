/** When a car was on the road, and at which edge, by its messages in Kafka. Wall clock, ms since 1970. */
export interface DrivenCar {
  edge: string;
  from: number;
  to: number;
}

/** The first and the last message of each car. */
export class DrivenTime {
  readonly #cars = new Map<string, DrivenCar>();

  /** A message of a car that was due at `scheduledAt` and came by this edge. */
  take(vin: string, edge: string, scheduledAt: number): void {
    const car = this.#cars.get(vin);
    if (!car) {
      this.#cars.set(vin, { edge, from: scheduledAt, to: scheduledAt });
      return;
    }
    car.edge = edge;
    if (scheduledAt < car.from) car.from = scheduledAt;
    if (scheduledAt > car.to) car.to = scheduledAt;
  }

  get(vin: string): DrivenCar | undefined {
    return this.#cars.get(vin);
  }

  entries(): Iterable<[vin: string, car: DrivenCar]> {
    return this.#cars;
  }
}
