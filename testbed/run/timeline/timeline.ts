import type { TimelineEntry } from '../../scenario/scenario.ts';
import type { Fault, Scene } from './action.ts';
import { bandwidth } from './bandwidth.ts';
import { cut } from './cut.ts';
import { diskFull } from './disk-full.ts';
import { fail } from './fail.ts';
import { flap } from './flap.ts';
import { kill } from './kill.ts';
import { pause } from './pause.ts';
import { reset } from './reset.ts';
import { restart } from './restart.ts';
import { slow } from './slow.ts';
import { spoil } from './spoil.ts';
import { storm } from './storm.ts';

/** Carries out the scenario's faults when they are due, and keeps what really happened. */
export class Timeline {
  readonly faults: Fault[] = [];
  readonly #entries: readonly TimelineEntry[];
  readonly #scene: Scene;
  readonly #startedAt: number;

  /** @param startedAt ms since 1970: the schedule's zero */
  constructor(entries: readonly TimelineEntry[], scene: Scene, startedAt: number) {
    this.#entries = entries;
    this.#scene = scene;
    this.#startedAt = startedAt;
  }

  /** Resolves when every fault has been undone, or was given up. */
  async run(): Promise<void> {
    await Promise.all(
      this.#entries.map((entry) => this.#at(entry).catch((error: unknown) => this.#scene.giveUp(error))),
    );
  }

  /** Faults that last at this moment. */
  active(): Fault[] {
    return this.faults.filter((fault) => fault.endedAt === null);
  }

  async #at(entry: TimelineEntry): Promise<void> {
    await this.#scene.wait(this.#startedAt + entry.atMs - Date.now());
    if (this.#scene.stopping()) return;
    const report = {
      begun: (target: string): Fault => {
        const fault: Fault = { at: this.#now(), endedAt: null, kind: entry.action, target };
        this.faults.push(fault);
        return fault;
      },
      ended: (fault: Fault): void => {
        fault.endedAt = this.#now();
      },
    };
    switch (entry.action) {
      case 'bandwidth':
        return bandwidth.perform(entry, this.#scene, report);
      case 'cut':
        return cut.perform(entry, this.#scene, report);
      case 'disk-full':
        return diskFull.perform(entry, this.#scene, report);
      case 'fail':
        return fail.perform(entry, this.#scene, report);
      case 'flap':
        return flap.perform(entry, this.#scene, report);
      case 'kill':
        return kill.perform(entry, this.#scene, report);
      case 'pause':
        return pause.perform(entry, this.#scene, report);
      case 'reset':
        return reset.perform(entry, this.#scene, report);
      case 'restart':
        return restart.perform(entry, this.#scene, report);
      case 'slow':
        return slow.perform(entry, this.#scene, report);
      case 'storm':
        return storm.perform(entry, this.#scene, report);
      case 'duplicate':
      case 'reorder':
      case 'corrupt':
      case 'oversize':
      case 'wrong-schema':
      case 'skew':
      case 'slow-consumer':
        return spoil.perform(entry, this.#scene, report);
    }
  }

  #now(): number {
    return (Date.now() - this.#startedAt) / 1000;
  }
}
