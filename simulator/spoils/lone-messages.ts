import type { Carrier } from '../delivery/outgoing.ts';

/** What a lone message needs of a car's connection. */
export interface LoneCarrier extends Carrier {
  /** Nothing is in flight. */
  isIdle(slot: number): boolean;
  /** Called back when the broker has read all that was sent before; never when the connection ends first. */
  ping(slot: number, answered: () => void): void;
  /** A message that is in flight is not sent again. */
  forget(slot: number, seq: number): void;
}

export interface LoneMessagesOptions {
  carrier: LoneCarrier;
  qos: 0 | 1;
  /** The car may send again. */
  onRoom(slot: number): void;
  /** QoS 1: the connection ended, and the message is not sent again. */
  onGivenUp(slot: number, seq: number): void;
}

/**
 * Messages that end the connection that they are sent on. Each goes when all before it is acknowledged (QoS 1) or read (QoS 0:
 * a ping was answered), and nothing follows before the connection has ended: so no other message is lost with it, or
 * sent again. A broker that takes it after all says so by its acknowledgement, or by answering a ping. At most one a car.
 */
export class LoneMessages {
  readonly #options: LoneMessagesOptions;
  /** Seq of what is out, by car. */
  readonly #out = new Map<number, number>();
  /** QoS 0: whether the broker has read all that was sent, by car. */
  readonly #asked = new Map<number, boolean>();

  constructor(options: LoneMessagesOptions) {
    this.#options = options;
  }

  /** The car may send nothing now. */
  blocks(slot: number): boolean {
    return this.#out.has(slot) || this.#asked.get(slot) === false;
  }

  /** false: not now; onRoom, or an acknowledgement, says when. */
  publish(slot: number, payload: Buffer, seq: number, dueMs: number): boolean {
    const { carrier, qos } = this.#options;
    if (!this.#isQuiet(slot) || !carrier.publish(slot, payload, seq, dueMs)) return false;
    this.#out.set(slot, seq);
    if (qos === 0) {
      carrier.ping(slot, () => {
        this.#out.delete(slot);
        this.#options.onRoom(slot);
      });
    }
    return true;
  }

  acked(slot: number, seq: number): void {
    if (this.#out.get(slot) === seq) this.#out.delete(slot);
  }

  closed(slot: number): void {
    const { carrier, qos } = this.#options;
    this.#asked.delete(slot);
    const seq = this.#out.get(slot);
    if (seq === undefined) return;
    this.#out.delete(slot);
    if (qos === 0) return;
    carrier.forget(slot, seq);
    this.#options.onGivenUp(slot, seq);
  }

  #isQuiet(slot: number): boolean {
    const { carrier, qos } = this.#options;
    if (qos === 1) return carrier.isIdle(slot);
    const isRead = this.#asked.get(slot);
    if (isRead !== undefined) return isRead;
    this.#asked.set(slot, false);
    carrier.ping(slot, () => {
      this.#asked.set(slot, true);
      this.#options.onRoom(slot);
      // Not taken up at once: other messages may follow, so it has to be asked again.
      this.#asked.delete(slot);
    });
    return false;
  }
}
