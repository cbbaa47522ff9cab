import { randomBytes } from 'node:crypto';
import { bridgeClientId, bridgeSessionId } from '#contract/identity.ts';
import { bridgeTopics, edgeTopics } from '#contract/mqtt-topics.ts';
import type { BrokerConfig } from '../config.ts';
import type { Door } from '../door.ts';
import type { DownlinkOptions } from '../downlink/downlink.ts';
import type { WriterContext } from '../frame-writer.ts';
import { brokerClient } from './broker-client.ts';
import { BrokerDownlink } from './broker-downlink.ts';
import { BrokerLine } from './broker-line.ts';
import { EdgeSession } from './edge-session.ts';

export interface ExternalDoorOptions {
  mqtt: BrokerConfig;
  maxFrameBytes: number;
  maxPendingBytes: number;
  context: WriterContext;
  downlink: Omit<DownlinkOptions, 'retain' | 'mayTell'>;
  /** What an edge says of itself, or its last will does. */
  onState: (edge: string, payload: Buffer) => void;
}

/** A broker of the user's own between edges and bridges: who takes which edge, and what is retained for edges. */
export class ExternalDoor implements Door {
  readonly port = 0;
  readonly downlink: BrokerDownlink;
  readonly #options: ExternalDoorOptions;
  readonly #sessions: ReadonlyMap<string, EdgeSession>;
  /** Edges by the topic that says who has them. */
  readonly #byOwnerTopic: ReadonlyMap<string, EdgeSession>;
  #line: BrokerLine | undefined;
  #settledFrames = 0;
  #turnedAway = false;

  private constructor(options: ExternalDoorOptions, client: Awaited<ReturnType<typeof brokerClient>>) {
    this.#options = options;
    const { mqtt, context, downlink } = options;
    const { run } = context;
    const bridge = randomBytes(6).toString('hex');
    const edges = [...mqtt.owns, ...mqtt.standsBy];
    this.#sessions = new Map(edges.map((edge) => [edge, this.#session(edge, bridge, client)]));
    this.#byOwnerTopic = new Map(
      [...this.#sessions].map(([edge, session]) => [bridgeTopics.owner(run, edge), session]),
    );
    this.downlink = new BrokerDownlink({
      ...downlink,
      retain: async (topic, payload) => this.#line?.retain(topic, payload),
      mayTell: (edge) => this.#sessions.get(edge)?.state === 'serving',
    });
  }

  /** @throws UserError when the broker cannot be reached in time, or refuses */
  static async open(options: ExternalDoorOptions): Promise<ExternalDoor> {
    const { mqtt, context, maxFrameBytes } = options;
    const client = await brokerClient(mqtt, maxFrameBytes);
    const door = new ExternalDoor(options, client);
    const own = bridgeClientId(context.run, randomBytes(6).toString('hex'));
    door.#line = await BrokerLine.open(door.#lineOptions({ ...client, clientId: own }), mqtt.wait);
    // Its first connection found nobody to retain through.
    door.downlink.restart();
    return door;
  }

  get connected(): number {
    return this.#count((session) => session.state === 'serving');
  }

  get standingBy(): number {
    return this.#count((session) => session.state !== 'serving');
  }

  get pendingBytes(): number {
    let bytes = 0;
    for (const session of this.#sessions.values()) bytes += session.pendingBytes;
    return bytes;
  }

  get settledFrames(): number {
    return this.#settledFrames;
  }

  turnAway(why: string): void {
    this.#turnedAway = true;
    for (const session of this.#sessions.values()) session.release(why);
  }

  takeAgain(): void {
    this.#turnedAway = false;
    // Without a connection, the next one opens them.
    if (this.#line?.connected) for (const session of this.#sessions.values()) session.watchOpened();
  }

  async drain(): Promise<void> {
    this.#line?.stopRetaining();
    await Promise.all([
      this.downlink.stop(),
      ...[...this.#sessions.values()].map(async (session) => session.drain()),
    ]);
    await this.#line?.close();
  }

  #count(holds: (session: EdgeSession) => boolean): number {
    return [...this.#sessions.values()].filter(holds).length;
  }

  #lineOptions(
    client: ConstructorParameters<typeof EdgeSession>[0]['client'],
  ): Parameters<typeof BrokerLine.open>[0] {
    const { mqtt, context } = this.#options;
    const { log, outages } = context;
    return {
      client,
      topicPrefix: mqtt.topicPrefix,
      filters: [...this.#byOwnerTopic.keys()],
      onSubscribed: (filter, granted) => {
        if (!granted)
          log.error({ filter }, 'the broker forbids this bridge to subscribe: it cannot stand by');
        else if (!this.#turnedAway) this.#byOwnerTopic.get(filter)?.watchOpened();
      },
      onMessage: (topic, payload) => {
        this.#byOwnerTopic.get(topic)?.ownerIs(payload.length === 0 ? null : payload.toString());
      },
      onConnect: () => {
        outages.over(this);
        if (this.#line) this.downlink.restart();
      },
      onLost: (reason) => {
        outages.refused(this, `no connection to the MQTT broker: ${reason}`);
        for (const session of this.#sessions.values()) session.watchClosed();
      },
      log,
    };
  }

  #session(edge: string, bridge: string, client: Awaited<ReturnType<typeof brokerClient>>): EdgeSession {
    const { mqtt, context, maxPendingBytes, onState } = this.#options;
    const { run, metrics, log } = context;
    const { topicPrefix } = mqtt;
    return new EdgeSession({
      edge,
      owns: mqtt.owns.includes(edge),
      bridge,
      client: { ...client, clientId: bridgeSessionId(run, edge) },
      topics: {
        uplink: topicPrefix + edgeTopics.uplink(edge),
        state: topicPrefix + edgeTopics.state(edge),
        subscribed: topicPrefix + edgeTopics.subscribed(edge),
        owner: topicPrefix + bridgeTopics.owner(run, edge),
      },
      context,
      maxPendingBytes,
      onState: (payload) => onState(edge, payload),
      onSettled: () => void this.#settledFrames++,
      onServing: () => this.downlink.repeat(edge),
      metrics,
      log,
    });
  }
}
