import { markStored } from '#contract/frame.ts';
import { edgeTopics } from '#contract/mqtt-topics.ts';
import { storedAfterMs } from '#contract/origin.ts';
import type { Log } from '#runtime/log.ts';
import { MqttClient, type CloseReason, type MqttClientOptions } from '#wire/mqtt-client.ts';
import type { DurableFrame, Outbox } from '../outbox/outbox.ts';
import { SendQueue } from './send-queue.ts';

export interface UplinkOptions {
  edge: string;
  outbox: Outbox;
  /** Address, name and password, the window of frames in flight. */
  client: MqttClientOptions;
  /** Before every topic there; none unless set. */
  topicPrefix?: string;
  /** Of frames in memory that are not in flight; the rest waits on disk. */
  memoryBytes: number;
  log: Log;
  /** The state to be published should the link be lost: asked anew before every CONNECT. Must not throw. */
  lastState?: () => Buffer;
  onConnected?(): void;
  /** Of a topic that is subscribed to. */
  onMessage?(topic: string, payload: Buffer): void;
  onAcknowledged(): void;
  /** The outbox cannot be read back. */
  onDamage(error: unknown): void;
}

const chunkBytes = 4 * 1024 * 1024;
/** How often frames in flight on a lost connection are looked at: may they still be called live? */
const ageingMs = 50;

/** Tag of a state in flight; that of a frame is the frame. */
const stateTag = 'state';

/**
 * The edge's connection to the bridge. Carries durable frames in order, each until it is acknowledged; between them the
 * edge's state, of which the newest counts; and the other way what is subscribed to, across reconnects.
 */
export class Uplink {
  readonly #options: UplinkOptions;
  readonly #client: MqttClient<DurableFrame | typeof stateTag>;
  readonly #queue: SendQueue;
  readonly #prefix: string;
  readonly #topic: string;
  readonly #stateTopic: string;
  /** The newest state, while it waits for its turn. */
  #nextState: Buffer | undefined;
  #stateInFlight = false;
  #ageing: NodeJS.Timeout | undefined;
  #lastClose: CloseReason | undefined;
  #onIdle: (() => void) | undefined;

  constructor(options: UplinkOptions) {
    this.#options = options;
    this.#prefix = options.topicPrefix ?? '';
    this.#topic = this.#prefix + edgeTopics.uplink(options.edge);
    this.#stateTopic = this.#prefix + edgeTopics.state(options.edge);
    this.#queue = new SendQueue({
      outbox: options.outbox,
      maxBytes: options.memoryBytes,
      chunkBytes: Math.min(chunkBytes, options.memoryBytes),
      onReady: () => this.#send(),
      onError: (error) => options.onDamage(error),
    });
    this.#client = new MqttClient<DurableFrame | typeof stateTag>(this.#clientOptions(), {
      onConnect: () => this.#connected(),
      onClose: (_client, reason) => this.#lost(reason),
      onWritable: () => this.#send(),
      onAck: (_client, tag) => (tag === stateTag ? this.#stateArrived() : this.#acknowledged(tag)),
      onAwaiting: () => this.#awaiting(),
      onMessage: (_client, topic, payload) => options.onMessage?.(topic.slice(this.#prefix.length), payload),
    });
  }

  get connected(): boolean {
    return this.#client.connected;
  }

  /** Of frames in memory that wait for the window. */
  get queuedBytes(): number {
    return this.#queue.bytes;
  }

  start(): void {
    this.#client.connect();
  }

  /** A frame became durable. */
  offer(frame: DurableFrame): void {
    this.#queue.offer(frame);
    this.#send();
  }

  /** Sends no new frame until `release`. @returns the first position that was never sent */
  hold(): number {
    return this.#queue.hold();
  }

  /** Goes on behind the last frame that was dropped; null when none was. */
  release(lastDropped: number | null): void {
    this.#queue.release(lastDropped);
  }

  /** Sent before the frames that wait. Takes one place of the window at most: a newer state replaces one that waits. */
  publishState(bytes: Buffer): void {
    this.#nextState = bytes;
    this.#send();
  }

  subscribe(filter: string): void {
    this.#client.subscribe(this.#prefix + filter, 1);
  }

  unsubscribe(filter: string): void {
    this.#client.unsubscribe(this.#prefix + filter);
  }

  /** Waits until the bridge has everything, as long as it is connected and at most this long. */
  async flush(timeoutMs: number): Promise<void> {
    if (!this.#client.connected || this.#options.outbox.frames === 0) return;
    await new Promise<void>((resolve) => {
      const timer = setTimeout(resolve, timeoutMs);
      this.#onIdle = () => {
        clearTimeout(timer);
        resolve();
      };
    });
  }

  async close(): Promise<void> {
    this.#queue.close();
    clearInterval(this.#ageing);
    // A goodbye takes the last will back: where the state does not get through, the will has to say it.
    this.#stateInFlight = false;
    this.#sendState();
    await this.#client.end({ graceful: this.#nextState === undefined });
  }

  #clientOptions(): MqttClientOptions {
    const { client, lastState } = this.#options;
    if (!lastState) return client;
    const will = { topic: this.#stateTopic, qos: 1, retain: true } as const;
    return { ...client, will: () => ({ ...will, payload: lastState() }) };
  }

  #sendState(): void {
    if (this.#nextState === undefined || this.#stateInFlight) return;
    if (!this.#client.publish(this.#stateTopic, this.#nextState, 1, stateTag, true)) return;
    this.#nextState = undefined;
    this.#stateInFlight = true;
  }

  #stateArrived(): void {
    this.#stateInFlight = false;
    this.#send();
  }

  #send(): void {
    this.#sendState();
    for (let frame = this.#queue.peek(); frame; frame = this.#queue.peek()) {
      if (isOld(frame)) markStored(frame.bytes);
      if (!this.#client.publish(this.#topic, frame.bytes, 1, frame)) return;
      this.#queue.shift();
    }
  }

  #acknowledged(frame: DurableFrame): void {
    const { outbox } = this.#options;
    outbox.acknowledge(frame.position, frame.bytes.length);
    this.#options.onAcknowledged();
    if (outbox.frames === 0) this.#onIdle?.();
    this.#send();
  }

  /** A broker without a bridge behind it would acknowledge frames, and nobody would have them. */
  #awaiting(): void {
    this.#options.log.info('connected to the broker: waits until a bridge has subscribed there');
  }

  #connected(): void {
    clearInterval(this.#ageing);
    this.#lastClose = undefined;
    this.#options.log.info({ frames: this.#options.outbox.frames }, 'uplink is connected');
    this.#options.onConnected?.();
    this.#send();
  }

  /** The client sends what is in flight again by itself, from the same bytes: those say meanwhile how old they are. */
  #lost(reason: CloseReason): void {
    if (reason === 'closed') return;
    // Once for each new reason: an edge may be offline for days.
    if (reason !== this.#lastClose) this.#options.log.warn({ reason }, 'uplink is not connected');
    this.#lastClose = reason;
    this.#onIdle?.();
    clearInterval(this.#ageing);
    this.#ageing = setInterval(() => {
      for (const tag of this.#client.unacknowledged()) {
        if (tag !== stateTag && isOld(tag)) markStored(tag.bytes);
      }
    }, ageingMs).unref();
  }
}

function isOld(frame: DurableFrame): boolean {
  return Date.now() - frame.createdAt > storedAfterMs;
}
