import { joined } from '#testbed/verdict/detection/alarms.ts';
import type { Raise } from './detectors.ts';
import type { Car } from './drives.ts';

/** How a detector did with the cars of one mode. */
export interface ModeTally {
  cars: number;
  /** Cars whose failure showed before it was complete; of a circumstance, all. */
  visible: number;
  /** Visible cars with an alarm between onset and failure. */
  found: number;
  /** Of the found: what the first of these alarms blamed, and its signal. */
  causes: Map<string, number>;
  signals: Map<string, number>;
  delays: number[];
}

const dayMs = 86_400_000;

/** What one detector said of a whole fleet, held against what was the matter with it. */
export class Tally {
  readonly modes = new Map<string, ModeTally>();
  readonly falseSignals = new Map<string, number>();
  #falseAlarms = 0;
  #healthyMs = 0;

  /** @param mode under which the car counts; undefined: it is healthy */
  add(
    mode: string | undefined,
    car: Car,
    isVisible: boolean,
    lifeMs: number,
    raises: readonly Raise[],
  ): void {
    const incidents = joined(raises).map(({ first }) => first);
    if (mode === undefined || !car.failure) {
      this.#healthyMs += lifeMs;
      this.#falseAlarms += incidents.length;
      for (const { signal } of incidents) count(this.falseSignals, signal ?? '-');
      return;
    }
    const { onset, failureAt, kind } = car.failure;
    const tally = this.modes.get(mode) ?? newTally();
    this.modes.set(mode, tally);
    tally.cars++;
    if (kind !== 'benign' && !isVisible) return;
    tally.visible++;
    const first = incidents.find(({ simTime }) => simTime >= onset && simTime <= failureAt);
    if (!first) return;
    tally.found++;
    tally.delays.push((first.simTime - onset) / 1000);
    count(tally.causes, first.cause ?? '-');
    count(tally.signals, first.signal ?? '-');
  }

  get falseAlarmsPerVehicleDay(): number {
    return this.#falseAlarms / (this.#healthyMs / dayMs);
  }
}

function newTally(): ModeTally {
  return { cars: 0, visible: 0, found: 0, causes: new Map(), signals: new Map(), delays: [] };
}

function count(into: Map<string, number>, key: string): void {
  into.set(key, (into.get(key) ?? 0) + 1);
}
