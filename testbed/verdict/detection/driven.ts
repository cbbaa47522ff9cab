/** When a car was on the road, and at which edge, by its messages in Kafka. Wall clock, ms since 1970. */
export interface DrivenCar {
  edge: string;
  from: number;
  to: number;
}

/**
 * A message of a car that was due at `scheduledAt` and came by this edge.
 * @param car as its messages before say; is changed
 */
export function drove(car: DrivenCar | undefined, edge: string, scheduledAt: number): DrivenCar {
  if (!car) return { edge, from: scheduledAt, to: scheduledAt };
  car.edge = edge;
  if (scheduledAt < car.from) car.from = scheduledAt;
  if (scheduledAt > car.to) car.to = scheduledAt;
  return car;
}
