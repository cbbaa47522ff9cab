import type { Link, TimelineEntry } from '../../scenario/scenario.ts';
import type { Breakable } from '../link/breakable.ts';
import type { Part, Supervised } from '../supervised.ts';

/** What an action may act on. */
export interface Scene {
  part(name: string): Part;
  /** What an edge can be told on its control channel. */
  edge(name: string): Pick<Supervised, 'send' | 'keepTelling'>;
  /** Several links as one, where the name stands for several. */
  proxy(link: Link): Breakable;
  /** Resolves after this long, or at once when the run is being stopped. */
  wait(ms: number): Promise<void>;
  stopping(): boolean;
  /** Resolves when the run is being stopped. */
  stopped: Promise<void>;
  /** A fault could not be undone: the run is to stop, so that the others undo theirs. */
  giveUp(error: unknown): void;
}

/** A fault as it really happened; `at` and `endedAt` in seconds since the schedule's start. */
export interface Fault {
  at: number;
  /** null while it lasts, and for ever when it was not undone. */
  endedAt: number | null;
  kind: string;
  target: string;
}

/** One kind of fault. `begun` is called at the moment it takes effect, `ended` when it is undone. */
export interface Action<E extends TimelineEntry> {
  perform(
    entry: E,
    scene: Scene,
    report: { begun(target: string): Fault; ended(fault: Fault): void },
  ): Promise<void>;
}
