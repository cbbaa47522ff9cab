import { spawn, type ChildProcess } from 'node:child_process';
import { createWriteStream, openSync, closeSync } from 'node:fs';
import { UserError } from '#runtime/errors.ts';
import { Standstill } from './standstill.ts';

/** A part of the run that the testbed starts and may kill or hold up on purpose: a component's process or Kafka. */
export interface Part {
  readonly name: string;
  /** undefined while it is down */
  readonly pid: number | undefined;
  /** Counts the starts: a counter that begins again belongs to another life. */
  readonly life: number;
  /** Counts how often its end was asked for: whoever asked last also starts it again. */
  readonly endings: number;
  start(): Promise<void>;
  /** SIGKILL. Its death is then expected, until the next start. */
  kill(): Promise<void>;
  /** SIGTERM, and SIGKILL when it has not ended by then; its end is expected. A paused part is resumed for it. */
  stop(timeoutMs: number): Promise<void>;
  /** SIGSTOP: it keeps its connections and answers nothing. Nothing happens while it is down. */
  pause(): Promise<void>;
  /** SIGCONT. */
  resume(): Promise<void>;
}

export interface SupervisedOptions {
  name: string;
  /** Arguments of `node`. */
  args: string[];
  /** stdout (JSON lines) and stderr go here, behind what earlier lives wrote. */
  logFile: string;
  readyTimeoutMs: number;
  onMessage: (message: unknown) => void;
  /** It ended, and nobody had asked for that. */
  onDeath: (error: UserError) => void;
}

const keptErrorBytes = 4096;

/** A child process with a control channel. When the testbed dies, the channel closes and the child ends by itself. */
export class Supervised implements Part {
  readonly name: string;
  readonly #options: SupervisedOptions;
  #child: ChildProcess | undefined;
  #exited: Promise<void> = Promise.resolve();
  #endExpected = false;
  #lastWords = '';
  #standstill: Standstill | undefined;
  readonly #standing = new Set<() => object>();
  #isReady = false;
  life = 0;
  endings = 0;

  constructor(options: SupervisedOptions) {
    this.name = options.name;
    this.#options = options;
  }

  get pid(): number | undefined {
    return this.#child?.pid;
  }

  /** It was asked to end, or to finish: what it says of its end is no news of the run. */
  get isEnding(): boolean {
    return this.#endExpected;
  }

  /** Resolves when the component says that it is ready. @throws UserError with its own last words */
  async start(): Promise<void> {
    const { args, logFile, name, readyTimeoutMs } = this.#options;
    const log = openSync(logFile, 'a');
    const child = spawn(process.execPath, args, {
      stdio: ['ignore', log, 'pipe', 'ipc'],
      serialization: 'advanced',
      // A group of its own: Ctrl-C reaches the testbed alone, which then stops its parts in their order.
      detached: true,
    });
    closeSync(log);
    this.#child = child;
    this.#endExpected = false;
    this.#lastWords = '';
    this.#isReady = false;
    this.life += 1;
    const errors = createWriteStream(logFile, { flags: 'a' });
    child.stderr?.on('data', (chunk: Buffer) => {
      errors.write(chunk);
      this.#lastWords = (this.#lastWords + chunk.toString()).slice(-keptErrorBytes);
    });
    let started = false;
    await new Promise<void>((resolve, reject) => {
      const timer = setTimeout(() => {
        child.kill('SIGKILL');
        reject(
          new UserError(
            'component',
            `${name} was not ready after ${readyTimeoutMs / 1000} s; see ${logFile}`,
          ),
        );
      }, readyTimeoutMs);
      this.#exited = new Promise<void>((ended) => {
        child.once('close', (code, signal) => {
          clearTimeout(timer);
          errors.end();
          if (this.#child === child) this.#child = undefined;
          this.#isReady = false;
          void this.resume();
          ended();
          const death = this.#death(code, signal);
          if (!started) reject(death);
          else if (!this.#endExpected) this.#options.onDeath(death);
        });
      });
      child.once('error', reject);
      child.on('message', (message) => {
        if (isReady(message)) {
          clearTimeout(timer);
          started = true;
          this.#isReady = true;
          resolve();
          for (const standing of this.#standing) this.send(standing());
        } else {
          this.#options.onMessage(message);
        }
      });
    });
  }

  send(message: object): void {
    // A child that dies at this moment is reported by its exit, not here.
    if (this.#child?.connected) this.#child.send(message, () => {});
  }

  /**
   * Says something as soon as it is ready, and again in each later life.
   * @param message as it is to be said at that moment
   * @returns what takes it back: it is not said again
   */
  keepTelling(message: () => object): () => void {
    this.#standing.add(message);
    if (this.#isReady) this.send(message());
    return () => this.#standing.delete(message);
  }

  /** Its end is no surprise from now on: it was asked to finish. */
  expectEnd(): void {
    this.#endExpected = true;
  }

  /** Resolves when this life is over. */
  ended(): Promise<void> {
    return this.#exited;
  }

  async kill(): Promise<void> {
    this.#endExpected = true;
    this.endings += 1;
    this.#child?.kill('SIGKILL');
    await this.#exited;
  }

  async pause(): Promise<void> {
    if (this.#child && !this.#standstill) this.#standstill = await Standstill.of(this.#child);
  }

  resume(): Promise<void> {
    this.#standstill?.end();
    this.#standstill = undefined;
    return Promise.resolve();
  }

  async stop(timeoutMs: number): Promise<void> {
    this.#endExpected = true;
    this.endings += 1;
    const child = this.#child;
    if (!child) return;
    child.kill('SIGTERM');
    // A process that stands still takes no SIGTERM.
    await this.resume();
    const timer = setTimeout(() => child.kill('SIGKILL'), timeoutMs);
    await this.#exited;
    clearTimeout(timer);
  }

  #death(code: number | null, signal: NodeJS.Signals | null): UserError {
    const how = signal ? `was ended by ${signal}` : `ended with exit code ${code}`;
    const words = this.#lastWords.trim();
    const detail = words ? `:\n${words}` : `; see ${this.#options.logFile}`;
    return new UserError('component', `${this.name} ${how}${detail}`);
  }
}

function isReady(message: unknown): boolean {
  return typeof message === 'object' && message !== null && 'type' in message && message.type === 'ready';
}
