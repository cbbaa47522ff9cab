/**
 * PUBACKs that wait until the receiver of a message settles it. They go out in the order in which the messages came, as MQTT
 * wants it (4.6.0-2), whatever the order of settling.
 */
export class HeldAcks {
  readonly #acknowledge: (id: number) => void;
  #held: { id: number; settled: boolean }[] = [];

  constructor(acknowledge: (id: number) => void) {
    this.#acknowledge = acknowledge;
  }

  /** @returns how to settle the message; useless once its connection is lost */
  hold(id: number): () => void {
    const held = { id, settled: false };
    this.#held.push(held);
    return () => {
      held.settled = true;
      while (this.#held[0]?.settled) {
        const first = this.#held.shift();
        if (first) this.#acknowledge(first.id);
      }
    };
  }

  /** The connection is lost: the broker sends again what was not acknowledged on it. */
  forget(): void {
    this.#held = [];
  }
}
