import type { FromTrainer, Release, ToTrainer } from '#contract/control.ts';
import type { Scenario } from '../scenario/scenario.ts';
import type { Stop } from './stop.ts';
import type { Supervised } from './supervised.ts';

/** The trainer of a run: told when to learn, and what came of it. A trainer that was killed is asked again. */
export class Training {
  readonly releases: Release[] = [];
  readonly #refused: string[] = [];
  #trainer: Pick<Supervised, 'keepTelling'> | undefined;
  /** One for each training without an answer, in the order in which they were asked for: what takes the question back. */
  readonly #open: (() => void)[] = [];

  attach(trainer: Pick<Supervised, 'keepTelling'>): void {
    this.#trainer = trainer;
  }

  /** A trainer answers in the order of the questions. */
  receive(message: FromTrainer): void {
    if (message.type === 'released') this.releases.push(message.release);
    else if (message.type === 'refused') this.#refused.push(message.reason);
    else return;
    this.#open.shift()?.();
  }

  /** Why a training published nothing. */
  get refused(): string[] {
    return [...this.#refused, ...this.#open.map(() => 'the run ended before the trainer had answered')];
  }

  /** Asks for each training when its time has come. @param startedAt the schedule's zero, ms since 1970 */
  async follow(training: Scenario['training'], startedAt: number, stop: Stop): Promise<void> {
    for (const atMs of training?.atMs ?? []) {
      await stop.wait(Math.max(0, startedAt + atMs - Date.now()));
      if (stop.reason) return;
      const lookBackMs = training?.history.lastMs ?? null;
      const since = lookBackMs === null ? startedAt : Math.max(startedAt, Date.now() - lookBackMs);
      const ask = (): ToTrainer => ({ type: 'train', since, above: this.#highestCounter });
      if (this.#trainer) this.#open.push(this.#trainer.keepTelling(ask));
    }
  }

  get #highestCounter(): number {
    return Math.max(0, ...this.releases.map(({ counter }) => counter));
  }
}
