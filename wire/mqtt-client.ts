import { backoffMs, type Backoff } from './mqtt-backoff.ts';
import { HeldAcks } from './mqtt-held-acks.ts';
import { InFlight } from './mqtt-in-flight.ts';
import { MqttLink, type CloseReason, type MqttLinkOptions } from './mqtt-link.ts';
import {
  encodePuback,
  encodePublish,
  encodeSubscribe,
  encodeUnsubscribe,
  type Incoming,
  type OutgoingPublish,
} from './mqtt-wire.ts';

export type { MqttWill } from './connect-packet.ts';
export type { CloseReason } from './mqtt-link.ts';

export interface MqttClientOptions extends MqttLinkOptions {
  host: string;
  port: number;
  /** Instead of host and port: tried in turn. */
  addresses?: readonly { host: string; port: number }[];
  /** QoS 1 messages sent and not acknowledged, at most 65,000. */
  inFlightLimit: number;
  reconnect: Backoff;
  /**
   * A topic with a retained message. It is subscribed to at every connection, and nothing is published, nor is the client
   * connected, before the message has come.
   */
  awaits?: string;
  /** In [0, 1), for the jitter. */
  random?: () => number;
}

/** One object for all clients: a client keeps no listeners of its own. Called on the event loop; none may throw. */
export interface MqttClientEvents<T> {
  /** Connected and accepted; what was not acknowledged before has been sent again. */
  onConnect?(client: MqttClient<T>): void;
  /** A connection, or an attempt at one, has ended. Unless it was 'closed', the next attempt follows by itself. */
  onClose?(client: MqttClient<T>, reason: CloseReason): void;
  /** A QoS 1 message is acknowledged: in the order sent. */
  onAck?(client: MqttClient<T>, tag: T): void;
  /** The payload is the caller's to keep. At QoS 1 it is acknowledged when this returns. */
  onMessage?(client: MqttClient<T>, topic: string, payload: Buffer): void;
  /** Instead of onMessage: acknowledged when it is settled, in the order of arrival. */
  onDelivery?(client: MqttClient<T>, topic: string, payload: Buffer, settle: () => void): void;
  /** Accepted by the broker; what it awaits has not come yet. */
  onAwaiting?(client: MqttClient<T>): void;
  /** publish() had said no, and would take one now. */
  onWritable?(client: MqttClient<T>): void;
  onSubscribed?(client: MqttClient<T>, filter: string, granted: boolean): void;
}

interface Subscription {
  filter: string;
  qos: 0 | 1;
  /** Of the last SUBSCRIBE; 0 before there was one. */
  id: number;
}

/**
 * A light MQTT 3.1.1 client: QoS 0 and 1, an in-flight window, and a reconnect that sends again what was not
 * acknowledged, in order, with DUP, before anything new. Sessions are always clean: it is the client that remembers.
 */
export class MqttClient<T = number> {
  readonly #options: MqttClientOptions;
  readonly #events: MqttClientEvents<T>;
  readonly #inFlight = new InFlight<T>();
  #subscriptions: Subscription[] | undefined;
  #link: MqttLink | undefined;
  /** Until the next attempt. */
  #timer: NodeJS.Timeout | undefined;
  #stopped = true;
  /** publish() said no: onWritable is owed. */
  #owesWritable = false;
  /** performance.now() of the CONNACK; 0 before there was one on this connection. */
  #acceptedAt = 0;
  #sessionPresent = false;
  /** What it awaits has not come on this connection. */
  #isAwaiting = false;
  #heldAcks: HeldAcks | undefined;
  #failures = 0;
  #address = 0;
  #lastId = 0;

  /** @throws RangeError for a window that MQTT's 65,535 packet ids could not number */
  constructor(options: MqttClientOptions, events: MqttClientEvents<T>) {
    if (!(options.inFlightLimit >= 1 && options.inFlightLimit <= 65_000))
      throw new RangeError(`inFlightLimit ${options.inFlightLimit}`);
    this.#options = options;
    this.#events = events;
  }

  get clientId(): string {
    return this.#options.clientId;
  }

  get connected(): boolean {
    return !this.#isAwaiting && (this.#link?.accepted ?? false);
  }

  /** Had the broker kept something for this client id when it last connected? */
  get sessionPresent(): boolean {
    return this.#sessionPresent;
  }

  /** QoS 1 messages that were sent and are not acknowledged. */
  get inFlight(): number {
    return this.#inFlight.length;
  }

  /** Their tags, the oldest first. */
  unacknowledged(): T[] {
    return this.#inFlight.unacknowledged().map(({ tag }) => tag);
  }

  /** Connects, and keeps connecting until end() or destroy(). */
  connect(): void {
    if (!this.#stopped) return;
    this.#stopped = false;
    this.#open();
  }

  /**
   * Sends, or says no: not connected, the window full, or the socket's buffer full (64 KiB). The caller keeps what was
   * not taken. Of what was taken the payload is kept, not copied, until it is acknowledged: leave its bytes alone.
   */
  publish(topic: string, payload: Buffer, qos: 0 | 1, tag: T, retain = false): boolean {
    if (!this.#hasRoom(qos)) {
      this.#owesWritable = true;
      return false;
    }
    if (qos === 0) {
      this.#send({ topic, payload, qos, retain, dup: false, id: 0 });
      return true;
    }
    const id = this.#newId();
    this.#inFlight.add(id, topic, payload, retain, tag);
    this.#send({ topic, payload, qos, retain, dup: false, id });
    return true;
  }

  /**
   * Gives up a QoS 1 message that is not acknowledged: it is not sent again, and onAck is not called for it.
   * @returns false when there is none with this tag
   */
  forget(tag: T): boolean {
    const isForgotten = this.#inFlight.forget(tag);
    this.#tellAcked();
    return isForgotten;
  }

  /** Called back when the broker has read all that was published before; never, when the connection ends first. */
  ping(answered: () => void): void {
    this.#link?.ping(answered);
  }

  /** Now, if it is connected, and after every connect until unsubscribe(). Each time what is retained comes again. */
  subscribe(filter: string, qos: 0 | 1): void {
    const subscription = { filter, qos, id: 0 };
    this.#subscriptions = this.#subscriptionsBut(filter);
    this.#subscriptions.push(subscription);
    this.#sendSubscribe(subscription);
  }

  /** What is on its way already may still come. */
  unsubscribe(filter: string): void {
    const left = this.#subscriptionsBut(filter);
    if (left.length === (this.#subscriptions?.length ?? 0)) return;
    this.#subscriptions = left;
    if (this.#link?.accepted) this.#link.write(encodeUnsubscribe(this.#newId(), filter));
  }

  /** Reads nothing more from this connection until resumeReading(); what was read already still comes. */
  pauseReading(): void {
    this.#link?.pauseReading();
  }

  resumeReading(): void {
    this.#link?.resumeReading();
  }

  /**
   * Ends for good. Graceful: says goodbye, so that the broker forgets the last will, and lets what was written go out;
   * it does not wait for acknowledgements.
   */
  async end(options: { graceful: boolean } = { graceful: true }): Promise<void> {
    if (!options.graceful) return this.destroy();
    this.#stop();
    return this.#link?.end();
  }

  /** Ends for good, at once and without a goodbye. */
  destroy(): void {
    this.#stop();
    this.#link?.destroy('closed');
  }

  #stop(): void {
    this.#stopped = true;
    clearTimeout(this.#timer);
  }

  #open(): void {
    // A connection that end() is still closing: its end opens the next one.
    if (this.#link) return;
    const { addresses, host, port } = this.#options;
    const address = addresses?.[this.#address % addresses.length] ?? { host, port };
    this.#link = new MqttLink(address, this.#options, {
      accepted: (sessionPresent) => this.#onAccepted(sessionPresent),
      packet: (packet) => this.#onPacket(packet),
      turned: () => this.#offerRoom(),
      closed: (reason) => this.#onClosed(reason),
    });
  }

  #onAccepted(sessionPresent: boolean): void {
    this.#acceptedAt = performance.now();
    this.#sessionPresent = sessionPresent;
    for (const subscription of this.#subscriptions ?? []) this.#sendSubscribe(subscription);
    const { awaits } = this.#options;
    if (awaits === undefined) return this.#begin();
    this.#isAwaiting = true;
    this.#sendSubscribe({ filter: awaits, qos: 1, id: 0 });
    return this.#events.onAwaiting?.(this);
  }

  #begin(): void {
    this.#isAwaiting = false;
    for (const { id, topic, payload, retain } of this.#inFlight.unacknowledged())
      this.#send({ topic, payload, qos: 1, retain, dup: true, id });
    this.#events.onConnect?.(this);
  }

  #onPacket(packet: Incoming): void {
    if (packet.type === 'puback') {
      this.#onPuback(packet.id);
    } else if (packet.type === 'publish') {
      this.#onPublish(packet);
    } else if (packet.type === 'suback') {
      const subscription = this.#subscriptions?.find((one) => one.id === packet.id);
      if (subscription) this.#events.onSubscribed?.(this, subscription.filter, packet.granted !== 0x80);
    }
  }

  #onPublish({ topic, payload, qos, id }: Extract<Incoming, { type: 'publish' }>): void {
    if (topic === this.#options.awaits) {
      // It may come again, and an empty one says that it is no more: nothing follows from these.
      if (this.#isAwaiting && payload.length > 0) this.#begin();
    } else if (this.#events.onDelivery) {
      this.#heldAcks ??= new HeldAcks((held) => this.#link?.write(encodePuback(held)));
      const settle = qos > 0 ? this.#heldAcks.hold(id) : () => {};
      return this.#events.onDelivery(this, topic, payload, settle);
    } else {
      this.#events.onMessage?.(this, topic, payload);
    }
    if (qos > 0) this.#link?.write(encodePuback(id));
    return undefined;
  }

  #onPuback(id: number): void {
    this.#inFlight.acknowledge(id);
    this.#tellAcked();
  }

  #tellAcked(): void {
    for (let first = this.#inFlight.shiftAcked(); first; first = this.#inFlight.shiftAcked())
      this.#events.onAck?.(this, first.tag);
  }

  #onClosed(reason: CloseReason): void {
    this.#link = undefined;
    this.#isAwaiting = false;
    this.#heldAcks?.forget();
    // Who lost a connection is tried once more; who did not take one, or fell silent, is not.
    if (this.#acceptedAt === 0 || reason === 'timeout') this.#address++;
    if (!this.#stopped) this.#timer = setTimeout(() => this.#open(), this.#nextWaitMs());
    this.#acceptedAt = 0;
    this.#events.onClose?.(this, reason);
  }

  /** Only a connection that lasted makes up for failures: a broker that takes a client and drops it again is left in peace, too. */
  #nextWaitMs(): number {
    const { reconnect, addresses, random = Math.random } = this.#options;
    const lasted = this.#acceptedAt > 0 && performance.now() - this.#acceptedAt >= reconnect.maxMs;
    if (lasted) this.#failures = 0;
    const rounds = Math.floor(this.#failures / (addresses?.length ?? 1));
    this.#failures++;
    return backoffMs(reconnect, rounds, random());
  }

  #hasRoom(qos: 0 | 1): boolean {
    if (this.#isAwaiting || !this.#link?.hasRoom) return false;
    return qos === 0 || this.#inFlight.length < this.#options.inFlightLimit;
  }

  #offerRoom(): void {
    if (!this.#owesWritable || !this.#hasRoom(1)) return;
    this.#owesWritable = false;
    this.#events.onWritable?.(this);
  }

  #subscriptionsBut(filter: string): Subscription[] {
    return (this.#subscriptions ?? []).filter((one) => one.filter !== filter);
  }

  #sendSubscribe(subscription: Subscription): void {
    if (!this.#link?.accepted) return;
    subscription.id = this.#newId();
    this.#link.write(encodeSubscribe(subscription.id, subscription.filter, subscription.qos));
  }

  /** The window is smaller than the circle of ids, and leaves it in order: an id is free again before its turn comes. */
  #newId(): number {
    this.#lastId = (this.#lastId % 65_535) + 1;
    return this.#lastId;
  }

  #send(message: OutgoingPublish): void {
    for (const part of encodePublish(message)) this.#link?.write(part);
  }
}
