import type { FromSimulator, ToSimulator } from '#contract/control.ts';
import { ledgerMarksCodec } from '#contract/ledger-marks.ts';
import { spoiledCodec } from '#contract/ledger-records.ts';
import type { Ledger } from '../verdict/ledger.ts';
import type { GroundTruth } from './ground-truth.ts';
import type { Supervised } from './supervised.ts';

/** The simulators of a run, seen as one: who is connected, when the schedule starts, what was sent, who is done. */
export class Fleet {
  readonly #ledger: Ledger;
  readonly #truth: GroundTruth;
  readonly #simulators = new Map<string, Supervised>();
  readonly #connected = new Map<string, { cars: number; seconds: number }>();
  readonly #finished = new Set<string>();
  #isStarted = false;

  constructor(ledger: Ledger, truth: GroundTruth) {
    this.#ledger = ledger;
    this.#truth = truth;
  }

  add(simulator: Supervised): void {
    this.#simulators.set(simulator.name, simulator);
  }

  /** A message from a simulator's control channel. */
  receive(name: string, message: FromSimulator): void {
    switch (message.type) {
      case 'connected': {
        const { cars, seconds } = message;
        // Of one that was killed and started again it is no news: it has joined the schedule long since.
        if (!this.#isStarted) this.#connected.set(name, { cars, seconds });
        break;
      }
      case 'marks':
        this.#ledger.mark(ledgerMarksCodec.decode(Buffer.from(message.bytes)));
        break;
      case 'spoiled':
        this.#ledger.spoil(spoiledCodec.decode(Buffer.from(message.bytes)));
        break;
      case 'truth':
        this.#truth.take(message.bytes);
        break;
      case 'finished':
        // It drains because it is restarted: its next life goes on.
        if (this.#simulators.get(name)?.isEnding) break;
        this.#finished.add(name);
        this.#simulators.get(name)?.expectEnd();
        break;
    }
  }

  get allConnected(): boolean {
    return this.#connected.size === this.#simulators.size;
  }

  get connectSeconds(): number {
    return Math.max(0, ...[...this.#connected.values()].map(({ seconds }) => seconds));
  }

  /** Simulators that the scenario killed for good never finish: `isGone` names them. */
  allFinished(isGone: (name: string) => boolean): boolean {
    return this.unfinished(isGone).length === 0;
  }

  /** Those whose schedule is not over. */
  unfinished(isGone: (name: string) => boolean): string[] {
    return [...this.#simulators.keys()].filter((name) => !this.#finished.has(name) && !isGone(name));
  }

  /**
   * One that is killed and started again hears of it as soon as it is ready, whether or not its cars find their edges: each of
   * them takes part when it is connected.
   * @param at ms since 1970: the schedule's zero
   */
  start(at: number): void {
    this.#isStarted = true;
    const message: ToSimulator = { type: 'start', at };
    for (const simulator of this.#simulators.values()) simulator.keepTelling(() => message);
  }

  stop(): void {
    for (const name of this.#simulators.keys()) this.#send(name, { type: 'stop' });
  }

  #send(name: string, message: ToSimulator): void {
    this.#simulators.get(name)?.send(message);
  }
}
