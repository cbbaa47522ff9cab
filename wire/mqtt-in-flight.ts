import { Chain } from './chain.ts';

/** A QoS 1 message that was sent and is not done with. */
export interface InFlightMessage<T> {
  readonly id: number;
  readonly topic: string;
  readonly payload: Buffer;
  readonly retain: boolean;
  readonly tag: T;
  acked: boolean;
  next: InFlightMessage<T> | undefined;
}

/** A client's window: its QoS 1 messages in the order sent, until each is acknowledged and all before it are. */
export class InFlight<T> {
  readonly #messages = new Chain<InFlightMessage<T>>();
  #length = 0;

  get length(): number {
    return this.#length;
  }

  add(id: number, topic: string, payload: Buffer, retain: boolean, tag: T): void {
    this.#messages.push({ id, topic, payload, retain, tag, acked: false, next: undefined });
    this.#length++;
  }

  /** Nothing happens when no message has this id. */
  acknowledge(id: number): void {
    let message = this.#messages.first;
    while (message && message.id !== id) message = message.next;
    if (message) message.acked = true;
  }

  /** The oldest, when it is acknowledged; then it is no longer in flight. */
  shiftAcked(): InFlightMessage<T> | undefined {
    const { first } = this.#messages;
    if (!first?.acked) return undefined;
    this.#messages.shift();
    this.#length--;
    return first;
  }

  /** @returns false when no message with this tag waits for its acknowledgement */
  forget(tag: T): boolean {
    const isForgotten = this.#messages.remove((message) => message.tag === tag && !message.acked);
    if (isForgotten) this.#length--;
    return isForgotten;
  }

  /** The oldest first. */
  unacknowledged(): InFlightMessage<T>[] {
    return [...this.#messages].filter(({ acked }) => !acked);
  }
}
