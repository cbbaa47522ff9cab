import { CarLives } from './car-life.ts';
import type { FailureTimes } from './failures/failing-car.ts';
import type { Fleet } from './fleet.ts';
import { RecordedLives } from './recorded/recorded-lives.ts';

/** The lives of a shard's cars, whether they are simulated or were recorded. */
export interface Lives {
  /** The readings of the message that was lived last, one column a signal. Overwritten by the next. */
  readonly columns: Float32Array[];
  /** Bytes of state of one car. */
  readonly bytesPerCar: number;
  /**
   * Lives through the car's next message, whose first reading is taken at `simTime`, into `columns`.
   * @returns false for a car that sends nothing now: it pauses between two recorded drives
   */
  live(slot: number, simTime: number): boolean;
}

/** Hears of each failing car at its onset, and again when its failure can be seen. */
export type OnFailure = (slot: number, times: FailureTimes) => void;

export function livesOf(fleet: Fleet, indices: readonly number[], onFailure?: OnFailure): Lives {
  if (fleet.recorded === undefined) return new CarLives(fleet, indices, onFailure);
  return new RecordedLives(fleet.recorded, fleet, indices, onFailure);
}
