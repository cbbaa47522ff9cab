import type { FromTrainer, Release, ToTrainer } from '#contract/control.ts';
import type { Scenario } from '../scenario/scenario.ts';
import type { Stop } from './stop.ts';
import type { Supervised } from './supervised.ts';

/** The trainer of a run: told when to learn, and what came of it. */
export class Training {
  readonly releases: Release[] = [];
  /** Why a training published nothing. */
  readonly refused: string[] = [];
  #trainer: Supervised | undefined;
  #asked = 0;

  attach(trainer: Supervised): void {
    this.#trainer = trainer;
  }

  receive(message: FromTrainer): void {
    if (message.type === 'released') this.releases.push(message.release);
    else if (message.type === 'refused') this.refused.push(message.reason);
  }

  /** Every training that was asked for has answered. */
  get isIdle(): boolean {
    return this.#asked === this.releases.length + this.refused.length;
  }

  /** Asks for each training when its time has come. @param startedAt the schedule's zero, ms since 1970 */
  async follow(training: Scenario['training'], startedAt: number, stop: Stop): Promise<void> {
    for (const atMs of training?.atMs ?? []) {
      await stop.wait(Math.max(0, startedAt + atMs - Date.now()));
      if (stop.reason) return;
      const lookBackMs = training?.history.lastMs ?? null;
      const since = lookBackMs === null ? startedAt : Math.max(startedAt, Date.now() - lookBackMs);
      const message: ToTrainer = { type: 'train', since };
      this.#asked++;
      this.#trainer?.send(message);
    }
  }
}
