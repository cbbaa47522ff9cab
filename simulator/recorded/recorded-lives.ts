import { signalCount } from '#contract/signals.ts';
import { UserError } from '#runtime/errors.ts';
import { failingCars } from '../failures/choice.ts';
import { FailingCar } from '../failures/failing-car.ts';
import type { Fleet } from '../fleet.ts';
import type { Lives, OnFailure } from '../lives.ts';
import { presencesOf } from '../schedule/stages.ts';
import { phaseMs, simTimeOf } from '../schedule/timetable.ts';
import { Course } from './course.ts';
import { DrivesFile } from './drives-file.ts';

/**
 * Cars that drive what was recorded. A car's message hangs on (fleet, index) and its own clock alone: there is no state,
 * so a simulator that joins late has nothing to catch up.
 */
export class RecordedLives implements Lives {
  readonly columns: Float32Array[];
  readonly #fleet: Fleet;
  readonly #indices: readonly number[];
  readonly #drives: DrivesFile;
  readonly #course: Course;
  /** When each car's first message begins, on its own clock. */
  readonly #beginsAt: Float64Array;
  readonly #failing = new Map<number, FailingCar>();
  readonly #onFailure: OnFailure | undefined;
  /** What a failing car would report without the failure. */
  readonly #asRecorded: Float32Array[];

  /**
   * @param file drives.json
   * @throws UserError when they are not for this fleet
   */
  constructor(file: string, fleet: Fleet, indices: readonly number[], onFailure?: OnFailure) {
    const { readingsPerMessage } = fleet;
    this.#fleet = fleet;
    this.#indices = indices;
    this.#onFailure = onFailure;
    ({ drives: this.#drives, course: this.#course } = openDrives(file, fleet));
    this.columns = Array.from({ length: signalCount }, () => new Float32Array(readingsPerMessage));
    this.#asRecorded = this.columns.map((column) => new Float32Array(column));
    this.#beginsAt = Float64Array.from(indices, (index) => {
      const from = presencesOf(fleet.stages, index)[0]?.fromMs ?? 0;
      return simTimeOf(fleet, from + phaseMs(fleet, index), 0);
    });
    const failing = failingCars(fleet);
    for (const [slot, index] of indices.entries()) {
      const failure = failing.get(index);
      if (failure) this.#failing.set(slot, new FailingCar(fleet, failure, index));
    }
  }

  get bytesPerCar(): number {
    return this.#beginsAt.BYTES_PER_ELEMENT;
  }

  live(slot: number, simTime: number): boolean {
    const { intervalMs, readingsPerMessage } = this.#fleet;
    // A car that came back to the fleet is off by a part of a message: its drive goes on with a whole one.
    const message = Math.round((simTime - this.#beginsAt[slot]!) / (intervalMs * readingsPerMessage));
    const first = this.#course.readingAt(this.#indices[slot]!, message);
    if (first < 0) return false;
    this.#drives.read(first, this.columns);
    const failing = this.#failing.get(slot);
    if (failing?.hasBegunBy(simTime + (readingsPerMessage - 1) * intervalMs))
      this.#fail(slot, failing, simTime);
    return true;
  }

  /** Lays a failure over the message in `columns`. */
  #fail(slot: number, failing: FailingCar, simTime: number): void {
    const { intervalMs, readingsPerMessage } = this.#fleet;
    const said = failing.times;
    for (const [signal, column] of this.columns.entries()) this.#asRecorded[signal]!.set(column);
    for (let reading = 0; reading < readingsPerMessage; reading++)
      failing.report(simTime + reading * intervalMs, this.columns, reading);
    if (!this.#onFailure) return;
    failing.compare(this.columns, this.#asRecorded, simTime);
    if (failing.times && failing.times !== said) this.#onFailure(slot, failing.times);
  }
}

/**
 * The drives of a fleet, and who drives them.
 * @throws UserError when they cannot be read, or are not for this fleet
 */
export function openDrives(
  file: string,
  { intervalMs, readingsPerMessage }: Fleet,
): { drives: DrivesFile; course: Course } {
  const drives = new DrivesFile(file);
  const refuse = (words: string): never => {
    drives.close();
    throw new UserError('config', `recorded drives: ${file}: ${words}`);
  };
  if (drives.intervalMs !== intervalMs)
    refuse(`expected readings every ${intervalMs} ms as the fleet has them, got ${drives.intervalMs} ms`);
  if (!drives.drives.some(({ readings }) => readings >= readingsPerMessage))
    refuse(`expected a drive of ${readingsPerMessage} readings or more (a message), got none`);
  return { drives, course: new Course(drives.drives, readingsPerMessage, intervalMs) };
}
