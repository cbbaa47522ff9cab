import { messageIntervalMs, type Fleet, type FleetSpoil } from '../fleet.ts';
import { chosenCars } from '../population/chosen.ts';
import { RandomStream } from '../random.ts';
import { spoilModes, spoilsMessages, type MessageSpoilKind } from './modes.ts';
import type { SpoilMode } from './spoil.ts';

/** One message that is to be spoiled. */
export interface Hit {
  kind: MessageSpoilKind;
  mode: SpoilMode;
  /** A new stream, the same one whenever this message is asked for. */
  random(): RandomStream;
}

/** A spoil of the fleet's that names a car of the shard. */
interface Entry extends FleetSpoil {
  /** Which of the fleet's, from 0. */
  number: number;
}

/** The fleet's spoils of these kinds, each with the cars that the seed chose for it, by index. */
export function* chosenSpoils(fleet: Fleet): Generator<{ entry: Entry; cars: Set<number> }> {
  for (const [number, spoil] of (fleet.spoils ?? []).entries()) {
    const cars = chosenCars(fleet, { ...spoil, purpose: 'spoils', entry: number });
    yield { entry: { ...spoil, number }, cars: new Set(cars) };
  }
}

/**
 * Which messages of a shard's cars are spoiled, and how: hangs on the fleet, the car's index and when the message is due, and
 * on nothing that happens. Of several spoils that hit one message the first is done; clocks are wrong besides.
 */
export class SpoiledCars {
  readonly #fleet: Fleet;
  readonly #indices: readonly number[];
  readonly #messageIntervalMs: number;
  /** By slot; most cars have none. */
  readonly #entries = new Map<number, Entry[]>();
  readonly #clocks = new Map<number, Entry[]>();

  private constructor(fleet: Fleet, indices: readonly number[]) {
    this.#fleet = fleet;
    this.#indices = indices;
    this.#messageIntervalMs = messageIntervalMs(fleet);
    for (const { entry, cars } of chosenSpoils(fleet)) {
      if (entry.kind === 'slow-consumer') continue;
      const bySlot = entry.kind === 'skew' ? this.#clocks : this.#entries;
      for (const [slot, index] of indices.entries()) {
        if (cars.has(index)) bySlot.set(slot, [...(bySlot.get(slot) ?? []), entry]);
      }
    }
  }

  /** undefined: nothing is spoiled of what these cars send. */
  static of(fleet: Fleet, indices: readonly number[]): SpoiledCars | undefined {
    if (!fleet.spoils?.length) return undefined;
    const spoiled = new SpoiledCars(fleet, indices);
    return spoiled.#entries.size + spoiled.#clocks.size > 0 ? spoiled : undefined;
  }

  /** What the car takes the time to be, of a message that is due then. */
  clock(slot: number, dueMs: number, simTime: number): number {
    const wrong = this.#clocks.get(slot)?.find((entry) => isWithin(entry, dueMs));
    return wrong ? simTime + wrong.byMs : simTime;
  }

  /** What is done to the message that is due then. */
  hit(slot: number, dueMs: number): Hit | undefined {
    for (const entry of this.#entries.get(slot) ?? []) {
      const { kind } = entry;
      if (!isWithin(entry, dueMs) || !spoilsMessages(kind)) continue;
      // Of the car's messages since the entry began.
      const message = Math.floor((dueMs - entry.atMs) / this.#messageIntervalMs);
      // A message that is held back needs another to follow.
      const every = kind === 'reorder' ? Math.max(2, entry.every) : entry.every;
      if (message % every !== every - 1) continue;
      const { seed } = this.#fleet;
      const stream = `spoils/${entry.number}/${message}`;
      const random = (): RandomStream => RandomStream.of(seed, this.#indices[slot]!, stream);
      return { kind, mode: spoilModes[kind], random };
    }
    return undefined;
  }
}

function isWithin({ atMs, forMs }: FleetSpoil, dueMs: number): boolean {
  return dueMs >= atMs && dueMs < atMs + forMs;
}
