import { UserError } from '#runtime/errors.ts';
import type { LocalKafka } from './kafka/local-kafka.ts';
import type { Part } from './supervised.ts';

/** The local Kafka as a part of the run that the timeline may kill or hold up. */
export class KafkaPart implements Part {
  readonly name = 'kafka';
  readonly #kafka: LocalKafka;
  #up = true;
  #endExpected = false;
  life = 1;
  endings = 0;

  constructor(kafka: LocalKafka, onDeath: (error: UserError) => void) {
    this.#kafka = kafka;
    kafka.onExit((code, signal) => {
      this.#up = false;
      if (this.#endExpected) return;
      onDeath(
        new UserError('component', `kafka ended (${signal ?? `exit code ${code}`}); see logs/kafka.log`),
      );
    });
  }

  get pid(): number | undefined {
    return this.#up ? this.#kafka.pid : undefined;
  }

  async start(): Promise<void> {
    this.life += 1;
    await this.#kafka.start();
    this.#up = true;
    this.#endExpected = false;
  }

  async kill(): Promise<void> {
    this.#endExpected = true;
    this.endings += 1;
    this.#kafka.kill();
    this.#up = false;
    return Promise.resolve();
  }

  /** Kafka's own patience applies. */
  async stop(): Promise<void> {
    this.#endExpected = true;
    this.endings += 1;
    await this.resume();
    await this.#kafka.stop();
  }

  pause(): Promise<void> {
    // Unlike a component it needs nobody to wake it when we die: it is killed then.
    this.#signal('SIGSTOP');
    return Promise.resolve();
  }

  resume(): Promise<void> {
    this.#signal('SIGCONT');
    return Promise.resolve();
  }

  #signal(signal: 'SIGSTOP' | 'SIGCONT'): void {
    if (this.pid) process.kill(this.pid, signal);
  }
}
