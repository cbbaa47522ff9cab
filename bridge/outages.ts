/** A failure shorter than this is a hiccup: readiness stays. */
const notReadyAfterMs = 5_000;

/**
 * Is Kafka there? Not ready once some writer has failed for a while, with the last reason; ready again as soon as every
 * writer is fenced and has read its position.
 */
export class Outages {
  readonly #setReady: (ready: boolean, reason?: string) => void;
  readonly #since = new Map<object, number>();
  #ready = true;

  constructor(setReady: (ready: boolean, reason?: string) => void) {
    this.#setReady = setReady;
  }

  failed(writer: object, reason: string, now: number = performance.now()): void {
    const since = this.#since.get(writer) ?? now;
    this.#since.set(writer, since);
    if (now - since < notReadyAfterMs) return;
    this.#end(`Kafka takes no frames: ${reason}`);
  }

  /** Not ready from now on, until this is over too. */
  refused(by: object, reason: string): void {
    this.#since.set(by, performance.now());
    this.#end(reason);
  }

  /** The writer works, or is gone. */
  over(writer: object): void {
    this.#since.delete(writer);
    if (this.#ready || this.#since.size > 0) return;
    this.#ready = true;
    this.#setReady(true);
  }

  #end(reason: string): void {
    this.#ready = false;
    this.#setReady(false, reason);
  }
}
