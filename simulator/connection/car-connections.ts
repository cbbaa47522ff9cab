import type { ConnectionOptions } from 'node:tls';
import { clientId, password } from '#contract/identity.ts';
import { carTopics } from '#contract/mqtt-topics.ts';
import type { HostPorts } from '#runtime/config.ts';
import {
  MqttClient,
  type CloseReason,
  type MqttClientEvents,
  type MqttClientOptions,
} from '#wire/mqtt-client.ts';
import type { ShardCounts } from '../shard/counts.ts';
import type { LoneCarrier } from '../spoils/lone-messages.ts';

/** A car that has failed to connect this often is not waited for any more; it goes on trying. */
const attemptsBeforeGivenUp = 3;
const reconnect = { minMs: 500, maxMs: 10_000 };
/** As long as mqtt.js waits: giving up sooner on an edge that is busy makes it busier. */
const connectTimeoutMs = 30_000;

export interface CarConnectionsOptions {
  run: string;
  vins: readonly string[];
  /** Cars take its ports in turn. */
  edges: readonly HostPorts[];
  /** Place in `edges`, by slot. */
  edgeOf: readonly number[];
  fleetSecret: string;
  tls: ConnectionOptions | undefined;
  keepAliveSeconds: number;
  inFlightLimit: number;
  qos: 0 | 1;
  counts: ShardCounts;
  random(): number;
}

export interface CarConnectionEvents {
  /** The car may send again. */
  onRoom(slot: number): void;
  onAck(slot: number, seq: number): void;
  /** The connection, or an attempt at one, has ended; the next attempt follows by itself. */
  onClosed?(slot: number): void;
}

/** A car's client and what is known of it: found without a search for each acknowledgement. */
class CarClient extends MqttClient {
  readonly slot: number;
  isConnected = false;
  wasConnected = false;
  /** Attempts and connections that ended since it was last connected. */
  failures = 0;
  /** Its first attempt has neither succeeded nor failed. */
  isOpening = true;

  constructor(slot: number, options: MqttClientOptions, events: MqttClientEvents<number>) {
    super(options, events);
    this.slot = slot;
  }
}

/** One real MQTT connection a car, to its own edge: opened, watched, ended. */
export class CarConnections implements LoneCarrier {
  readonly #options: CarConnectionsOptions;
  readonly #clients: (CarClient | undefined)[];
  readonly #topics: string[];
  readonly #clientEvents: MqttClientEvents<number>;
  readonly #events: CarConnectionEvents;
  /** First cars that are neither connected nor given up. */
  readonly #awaited = new Set<number>();
  /** Cars that read nothing once they are connected. */
  readonly #deaf = new Set<number>();
  /** Cars whose first attempt is under way, by edge. */
  readonly #opening: number[];
  #onSettled: (() => void) | undefined;
  #connected = 0;

  constructor(options: CarConnectionsOptions, events: CarConnectionEvents) {
    this.#options = options;
    this.#events = events;
    this.#clients = Array.from({ length: options.vins.length });
    this.#opening = options.edges.map(() => 0);
    this.#topics = options.vins.map(carTopics.telemetry);
    // No others than open() makes hear of these.
    this.#clientEvents = {
      onConnect: (client) => this.#onConnect(client as CarClient),
      onClose: (client, reason) => this.#onClose(client as CarClient, reason),
      onAck: (client, seq) => events.onAck((client as CarClient).slot, seq),
      onWritable: (client) => this.#onRoom(client as CarClient),
    };
  }

  /** Cars that are connected now. */
  get connected(): number {
    return this.#connected;
  }

  /** Cars that have been let in and wait for their edge's first answer. */
  openingAt(edge: number): number {
    return this.#opening[edge] ?? 0;
  }

  /** Resolves when each of these cars has connected or has failed three times. */
  settled(slots: readonly number[]): Promise<void> {
    for (const slot of slots) if (!this.#clients[slot]?.connected) this.#awaited.add(slot);
    return new Promise((resolve) => {
      this.#onSettled = resolve;
      this.#settle();
    });
  }

  isOpen(slot: number): boolean {
    return this.#clients[slot] !== undefined;
  }

  open(slot: number): void {
    if (this.#clients[slot]) return;
    const { edges, edgeOf, fleetSecret, run, tls, vins } = this.#options;
    const { inFlightLimit, keepAliveSeconds } = this.#options;
    const vin = vins[slot]!;
    const { host, ports } = edges[edgeOf[slot]!]!;
    const client = new CarClient(
      slot,
      {
        host,
        port: ports[Math.floor(slot / edges.length) % ports.length]!,
        ...(tls && { tls }),
        clientId: clientId(run, vin),
        username: vin,
        password: password(fleetSecret, vin),
        keepAliveSeconds,
        pingsBehindPublish: true,
        inFlightLimit,
        reconnect,
        connectTimeoutMs,
        random: () => this.#options.random(),
      },
      this.#clientEvents,
    );
    this.#clients[slot] = client;
    this.#opening[edgeOf[slot]!]!++;
    client.connect();
  }

  hasRoom(slot: number): boolean {
    const client = this.#clients[slot];
    if (!client?.connected) return false;
    return this.#options.qos === 0 || client.inFlight < this.#options.inFlightLimit;
  }

  publish(slot: number, payload: Buffer, seq: number): boolean {
    return this.#clients[slot]?.publish(this.#topics[slot]!, payload, this.#options.qos, seq) ?? false;
  }

  isIdle(slot: number): boolean {
    return this.#clients[slot]?.inFlight === 0;
  }

  ping(slot: number, answered: () => void): void {
    this.#clients[slot]?.ping(answered);
  }

  forget(slot: number, seq: number): void {
    this.#clients[slot]?.forget(seq);
  }

  /** false: the car reads nothing from this connection, nor from the next ones once they are accepted, until it does again. */
  setReading(slot: number, reads: boolean): void {
    const client = this.#clients[slot];
    if (reads) {
      this.#deaf.delete(slot);
      client?.resumeReading();
    } else {
      this.#deaf.add(slot);
      if (client?.connected) client.pauseReading();
    }
  }

  /** The car says goodbye. What it has not had acknowledged stays so. */
  async end(slot: number): Promise<void> {
    if (this.#awaited.delete(slot)) this.#settle();
    const client = this.#clients[slot];
    if (!client) return;
    this.#clients[slot] = undefined;
    await client.end({ graceful: true });
    this.#answered(client);
  }

  async endAll(): Promise<void> {
    await Promise.all(this.#clients.map((_, slot) => this.end(slot)));
  }

  #onConnect(client: CarClient): void {
    if (client.wasConnected) this.#options.counts.reconnects++;
    client.isConnected = client.wasConnected = true;
    client.failures = 0;
    this.#connected++;
    this.#answered(client);
    this.#awaited.delete(client.slot);
    this.#settle();
    if (this.#deaf.has(client.slot)) client.pauseReading();
    this.#onRoom(client);
  }

  #onClose(client: CarClient, reason: CloseReason): void {
    if (client.isConnected) this.#connected--;
    else if (reason !== 'closed') this.#options.counts.connectFailed(reason);
    client.isConnected = false;
    this.#answered(client);
    client.failures++;
    if (client.failures >= attemptsBeforeGivenUp) this.#awaited.delete(client.slot);
    this.#settle();
    if (this.#clients[client.slot] === client) this.#events.onClosed?.(client.slot);
  }

  #answered(client: CarClient): void {
    if (!client.isOpening) return;
    client.isOpening = false;
    this.#opening[this.#options.edgeOf[client.slot]!]!--;
  }

  #onRoom(client: CarClient): void {
    if (this.#clients[client.slot] === client) this.#events.onRoom(client.slot);
  }

  #settle(): void {
    if (this.#awaited.size > 0) return;
    this.#onSettled?.();
    this.#onSettled = undefined;
  }
}
