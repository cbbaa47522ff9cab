import type { Fleet } from '../fleet.ts';
import { chosenSpoils } from './spoiled-cars.ts';

interface Change {
  atMs: number;
  slot: number;
  reads: boolean;
}

/**
 * Cars that read nothing from their connection for a time: acknowledgements pile up unread, their window fills, messages wait,
 * and beyond pendingLimit the oldest are dropped. They go on sending pings, so a broker holds them for alive. By the
 * schedule's clock; whoever joins later catches up with what has changed.
 */
export class SlowConsumers {
  readonly #changes: Change[] = [];
  readonly #setReading: (slot: number, reads: boolean) => void;
  /** By car, how many entries stop it now. */
  readonly #stopped = new Map<number, number>();
  #next = 0;

  private constructor(
    fleet: Fleet,
    indices: readonly number[],
    setReading: (slot: number, reads: boolean) => void,
  ) {
    this.#setReading = setReading;
    for (const { entry, cars } of chosenSpoils(fleet)) {
      if (entry.kind !== 'slow-consumer') continue;
      for (const [slot, index] of indices.entries()) {
        if (!cars.has(index)) continue;
        this.#changes.push({ atMs: entry.atMs, slot, reads: false });
        this.#changes.push({ atMs: entry.atMs + entry.forMs, slot, reads: true });
      }
    }
    this.#changes.sort((a, b) => a.atMs - b.atMs);
  }

  /** undefined: all of these cars read all the time. @param setReading is told of each change */
  static of(
    fleet: Fleet,
    indices: readonly number[],
    setReading: (slot: number, reads: boolean) => void,
  ): SlowConsumers | undefined {
    if (!fleet.spoils?.some(({ kind }) => kind === 'slow-consumer')) return undefined;
    const slow = new SlowConsumers(fleet, indices, setReading);
    return slow.#changes.length > 0 ? slow : undefined;
  }

  /** Cars that read nothing now. */
  get size(): number {
    return this.#stopped.size;
  }

  /** Lets time pass, ms from the schedule's zero. */
  run(nowMs: number): void {
    for (let change = this.#changes[this.#next]; change && change.atMs <= nowMs;) {
      if (change.reads) this.#resume(change.slot);
      else this.#stop(change.slot);
      change = this.#changes[++this.#next];
    }
  }

  /** The schedule is over: everybody reads. */
  end(): void {
    this.#next = this.#changes.length;
    for (const slot of this.#stopped.keys()) this.#setReading(slot, true);
    this.#stopped.clear();
  }

  #stop(slot: number): void {
    const entries = this.#stopped.get(slot) ?? 0;
    this.#stopped.set(slot, entries + 1);
    if (entries === 0) this.#setReading(slot, false);
  }

  #resume(slot: number): void {
    const entries = this.#stopped.get(slot) ?? 0;
    if (entries > 1) return void this.#stopped.set(slot, entries - 1);
    this.#stopped.delete(slot);
    return this.#setReading(slot, true);
  }
}
