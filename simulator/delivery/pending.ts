/** A message that was due and could not be sent yet. It has no seq: the order of sending gives it. */
export interface PendingMessage {
  dueMs: number;
  simTime: number;
  /** The schedule itself was late with it. */
  isBehind: boolean;
  /** All columns, one after the other. */
  readings: Float32Array;
}

/**
 * Messages that wait for a connection or for room in its window: a queue for each car, with a limit. When it is full the
 * oldest message is dropped, as a car's telematics unit overwrites its ring buffer.
 */
export class PendingMessages {
  readonly #queues = new Map<number, PendingMessage[]>();
  readonly #limit: number;
  readonly #onDrop: (slot: number) => void;
  #length = 0;

  constructor(limit: number, onDrop: (slot: number) => void) {
    this.#limit = limit;
    this.#onDrop = onDrop;
  }

  /** Of all cars. */
  get length(): number {
    return this.#length;
  }

  has(slot: number): boolean {
    return this.#queues.has(slot);
  }

  push(slot: number, message: PendingMessage): void {
    let queue = this.#queues.get(slot);
    if (!queue) {
      queue = [];
      this.#queues.set(slot, queue);
    }
    if (queue.length === this.#limit) {
      queue.shift();
      this.#length--;
      this.#onDrop(slot);
    }
    queue.push(message);
    this.#length++;
  }

  /** The car's oldest message; it stays until it is shifted. */
  first(slot: number): PendingMessage | undefined {
    return this.#queues.get(slot)?.[0];
  }

  shift(slot: number): void {
    const queue = this.#queues.get(slot);
    if (queue?.shift()) this.#length--;
    if (queue?.length === 0) this.#queues.delete(slot);
  }

  /** Gives up all that waits: every message counts as dropped. */
  dropAll(): void {
    for (const [slot, queue] of this.#queues) for (const _ of queue) this.#onDrop(slot);
    this.#queues.clear();
    this.#length = 0;
  }
}
