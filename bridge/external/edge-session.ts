import { decodeFrameHeader, FrameError, markStored } from '#contract/frame.ts';
import { storedAfterMs } from '#contract/origin.ts';
import type { Log } from '#runtime/log.ts';
import { MqttClient, type CloseReason, type MqttClientOptions } from '#wire/mqtt-client.ts';
import type { BridgeMetrics } from '../bridge-metrics.ts';
import { FrameWriter, type WriterContext } from '../frame-writer.ts';
import { patienceMs, type Occasion } from './patience.ts';

export interface EdgeSessionOptions {
  edge: string;
  /** Takes the edge at the start, whoever has it; later, and else, only while nobody has it. */
  owns: boolean;
  /** Names this process to the others. */
  bridge: string;
  /** With the client id that stands for the edge. */
  client: MqttClientOptions;
  topics: { uplink: string; state: string; subscribed: string; owner: string };
  context: WriterContext;
  /** Of frames that are not committed; above this nothing more is read. */
  maxPendingBytes: number;
  onState: (payload: Buffer) => void;
  onSettled: () => void;
  /** It has the edge from now on. */
  onServing: () => void;
  metrics: BridgeMetrics;
  log: Log;
}

/**
 * - away: the broker cannot be reached, or this bridge may take nothing
 * - standing-by: another bridge has the edge, or nobody yet
 * - claiming: connects under the edge's client id, which ends whatever connection has it
 * - serving: takes frames
 */
export type SessionState = 'away' | 'standing-by' | 'claiming' | 'serving' | 'closed';

interface Serving {
  client: MqttClient<null>;
  writer: FrameWriter;
  since: number;
  isPaused: boolean;
}

/** A connection that lasted so long makes up for those that were lost. */
const lastingMs = 10_000;
/** Who has an edge says so this often, and is taken for gone after so many times without. In keep-alives. */
const silentTimes = 3;
/** After so long a bridge should have heard from the broker what it said there itself. */
const echoMs = 5_000;
const nothing = Buffer.alloc(0);

/**
 * One edge at the user's broker. The broker keeps its frames in a session under one client id; the bridge that is connected
 * under it gets them, and what it did not acknowledge goes to the next one. A bridge whose connection ends stands by: it
 * takes the edge again only when nobody else says to have it, so that two do not take it from each other for ever.
 */
export class EdgeSession {
  readonly edge: string;
  readonly #options: EdgeSessionOptions;
  readonly #log: Log;
  #state: SessionState = 'away';
  /** While claiming and serving. */
  #client: MqttClient<null> | undefined;
  #serving: Serving | undefined;
  /** Of a connection that was lost: still commits what came on it. */
  #former: FrameWriter | undefined;
  /** Who says to have the edge; null: nobody. */
  #owner: string | null = null;
  /** The broker tells who has the edge. */
  #isWatching = false;
  #isDraining = false;
  #timer: NodeJS.Timeout | undefined;
  #echoTimer: NodeJS.Timeout | undefined;
  /** Says again and again who has the edge. */
  #sayTimer: NodeJS.Timeout | undefined;
  #losses = 0;
  #hasServed = false;
  /** Some bridge had it: then the broker has a session. */
  #isKnown = false;

  constructor(options: EdgeSessionOptions) {
    this.edge = options.edge;
    this.#options = options;
    this.#log = options.log.child({ edge: options.edge });
  }

  get state(): SessionState {
    return this.#state;
  }

  get pendingBytes(): number {
    return (this.#serving?.writer.waitingBytes ?? 0) + (this.#former?.waitingBytes ?? 0);
  }

  /** The broker tells from now on who has the edge, and it may be taken here. */
  watchOpened(): void {
    this.#isWatching = true;
    if (this.#state !== 'away') return;
    this.#state = 'standing-by';
    if (this.#options.owns && !this.#hasServed) this.#claim();
    else if (this.#isFree) this.#claimAfter('silence');
  }

  /** The broker does not tell any more: what it said does not count. */
  watchClosed(): void {
    this.#isWatching = false;
    this.#owner = null;
    if (this.#state !== 'standing-by') return;
    clearTimeout(this.#timer);
    this.#state = 'away';
  }

  ownerIs(owner: string | null): void {
    this.#owner = owner;
    this.#isKnown ||= owner !== null;
    if (this.#state === 'serving') {
      // The last will of the one before may come late, and take back what was said here.
      if (owner === null) this.#sayOwner();
    } else if (this.#state === 'standing-by') {
      clearTimeout(this.#timer);
      // Its own name, and no connection: the broker has not noticed yet.
      if (this.#isFree) this.#claimAfter(owner === null ? 'vacated' : 'silence');
      else this.#claimUnlessHeard();
    }
  }

  /** Gives the edge to others, without waiting for what is not committed: they get it from the broker. */
  release(why: string): void {
    if (this.#state === 'closed') return;
    clearTimeout(this.#timer);
    if (this.#serving) this.#log.info({ why }, 'gives an edge to other bridges');
    this.#serving?.writer.close();
    this.#former?.close();
    void this.#leave('away', true);
  }

  /** Commits and acknowledges what has come, says goodbye, ends. */
  async drain(): Promise<void> {
    clearTimeout(this.#timer);
    this.#isDraining = true;
    const serving = this.#serving;
    if (serving) {
      serving.client.pauseReading();
      await serving.writer.drain();
    }
    this.#former?.close();
    await this.#leave('closed', true);
  }

  /** Nobody else says to have the edge. */
  get #isFree(): boolean {
    return this.#owner === null || this.#owner === this.#options.bridge;
  }

  #claimAfter(occasion: Occasion): void {
    clearTimeout(this.#timer);
    if (this.#isDraining) return;
    const waitMs = patienceMs(occasion, this.#options.owns, this.#losses, Math.random());
    this.#timer = setTimeout(() => this.#claim(), waitMs);
  }

  /**
   * A broker that dies together with whoever has the edge forgets the last will, and goes on naming it for ever. To claim
   * from one who is there after all does no harm: it stands by then.
   */
  #claimUnlessHeard(): void {
    clearTimeout(this.#timer);
    if (this.#isDraining) return;
    const silentMs = silentTimes * this.#keepAliveMs;
    this.#timer = setTimeout(
      () => {
        this.#log.warn({ owner: this.#owner, silentMs }, 'whoever has this edge is silent: takes it');
        this.#claim();
      },
      silentMs * (1 + Math.random() / 2),
    );
  }

  get #keepAliveMs(): number {
    return this.#options.client.keepAliveSeconds * 1000;
  }

  #claim(): void {
    const { topics, client: options } = this.#options;
    this.#state = 'claiming';
    const will = { topic: topics.owner, payload: nothing, qos: 1, retain: true } as const;
    const client = new MqttClient<null>(
      { ...options, cleanSession: false, will },
      {
        onConnect: () => this.#serve(client),
        onDelivery: (_, topic, payload, settle) => this.#take(client, topic, payload, settle),
        onSubscribed: (_, filter, granted) => this.#subscribed(client, filter, granted),
        onClose: (_, reason) => this.#lost(client, reason),
      },
    );
    this.#client = client;
    client.subscribe(topics.uplink, 1);
    client.subscribe(topics.state, 1);
    client.connect();
  }

  /** Only now: to fence earlier would take the edge from a bridge that has it. */
  #serve(client: MqttClient<null>): void {
    if (client !== this.#client) return;
    const { context, metrics, owns, onServing } = this.#options;
    this.#former?.close();
    const writer = new FrameWriter(this.edge, context, () => {
      if (this.#serving?.writer === writer) this.#lost(client, 'fenced');
    });
    this.#serving = { client, writer, since: performance.now(), isPaused: false };
    this.#state = 'serving';
    if (!owns) metrics.takeOvers.inc();
    this.#log.info({ owns, sessionPresent: client.sessionPresent }, 'takes the frames of an edge');
    if (this.#isKnown && !client.sessionPresent) {
      metrics.sessionsForgotten.inc();
      this.#log.error('the broker had forgotten the session of this edge: what was in it is lost');
    }
    this.#hasServed = true;
    this.#isKnown = true;
    this.#sayOwner();
    this.#sayTimer = setInterval(() => this.#sayOwner(0), this.#keepAliveMs);
    this.#echoTimer = setTimeout(() => this.#checkEcho(), echoMs);
    onServing();
  }

  /** QoS 0 is enough for what is said again: while reading is paused nobody would see its acknowledgements. */
  #sayOwner(qos: 0 | 1 = 1): void {
    const { topics, bridge } = this.#options;
    this.#client?.publish(topics.owner, Buffer.from(bridge), qos, null, true);
  }

  /** A broker that forbids a topic may acknowledge a message all the same. */
  #checkEcho(): void {
    const { bridge, topics } = this.#options;
    if (this.#state !== 'serving' || this.#owner === bridge) return;
    const words =
      'what this bridge publishes there does not come back: bridges will take edges from each other';
    this.#log.error({ topic: topics.owner, says: this.#owner }, words);
  }

  #subscribed(client: MqttClient<null>, filter: string, granted: boolean): void {
    if (client !== this.#client) return;
    const { topics, client: options } = this.#options;
    if (!granted) {
      this.#log.error({ filter }, 'the broker forbids this bridge to subscribe: no frames come');
    } else if (filter === topics.uplink) {
      // Edges send nothing before there is this: a broker acknowledges, too, what nobody has subscribed to.
      client.publish(topics.subscribed, Buffer.from(options.clientId), 1, null, true);
    }
  }

  #take(client: MqttClient<null>, topic: string, payload: Buffer, settle: () => void): void {
    const serving = this.#serving;
    if (serving?.client !== client) return;
    const { topics, maxPendingBytes, onSettled, onState } = this.#options;
    if (topic !== topics.uplink) {
      if (topic === topics.state && payload.length > 0) onState(payload);
      settle();
      return;
    }
    const { writer } = serving;
    markWaited(payload);
    writer.offer(payload, () => {
      settle();
      onSettled();
      if (!serving.isPaused || writer.waitingBytes >= maxPendingBytes) return;
      serving.isPaused = false;
      client.resumeReading();
    });
    if (serving.isPaused || writer.waitingBytes < maxPendingBytes) return;
    serving.isPaused = true;
    client.pauseReading();
  }

  #lost(client: MqttClient<null>, reason: CloseReason | 'fenced'): void {
    if (client !== this.#client) return;
    const { metrics } = this.#options;
    const lasted = this.#serving !== undefined && performance.now() - this.#serving.since >= lastingMs;
    if (this.#serving) metrics.sessionsLost.inc();
    this.#losses = lasted ? 0 : this.#losses + 1;
    const state = this.#state === 'serving' ? 'lost an edge' : 'could not take an edge';
    this.#log.warn({ reason, owner: this.#owner }, `${state}: stands by`);
    void this.#leave(this.#isWatching ? 'standing-by' : 'away', false);
    if (!this.#isWatching) return;
    if (this.#isFree) this.#claimAfter('silence');
    else this.#claimUnlessHeard();
  }

  /** No connection under the edge's client id any more. With a goodbye others learn of it from this bridge, else from its will. */
  async #leave(next: SessionState, withGoodbye: boolean): Promise<void> {
    const client = this.#client;
    const serving = this.#serving;
    clearTimeout(this.#echoTimer);
    clearInterval(this.#sayTimer);
    this.#client = undefined;
    this.#serving = undefined;
    this.#state = next;
    // The broker may have lost, too, what it had delivered: it is written here, unless another bridge has the edge by now.
    if (serving) {
      this.#former = serving.writer;
      serving.writer.finish();
    }
    if (serving && withGoodbye && this.#isFree) {
      serving.client.publish(this.#options.topics.owner, nothing, 1, null, true);
    }
    await client?.end({ graceful: withGoodbye && serving !== undefined });
  }
}

/** Who has waited at the broker for long is no more live, though no edge has stored it; by the edge's clock. */
function markWaited(frame: Buffer): void {
  try {
    if (Date.now() - decodeFrameHeader(frame).createdAt > storedAfterMs) markStored(frame);
  } catch (error) {
    // No frame: the writer makes a dead letter of it.
    if (!(error instanceof FrameError)) throw error;
  }
}
