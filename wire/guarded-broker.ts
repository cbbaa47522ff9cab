import { once } from 'node:events';
import type { Server, Socket } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import tls from 'node:tls';
import { Aedes, type Client, type PublishPacket } from 'aedes';
import type { Log } from '#runtime/log.ts';
import type { Metrics } from '#runtime/metrics.ts';
import type { BrokerGuard } from './broker-guard.ts';
import { listenOn, portOf } from './listening.ts';
import { MqttDoor } from './mqtt-door.ts';
import { Refusals } from './mqtt-refusals.ts';

export type { BrokerGuard, ReceivedMessage, Settle } from './broker-guard.ts';
export type { RefusalReason } from './mqtt-refusals.ts';

export interface GuardedBrokerOptions {
  host: string;
  /** 0 picks a free one. */
  port: number;
  /** Others beside it. */
  morePorts?: readonly number[];
  tls?: tls.TlsOptions;
  /** Of one whole MQTT packet, header included. */
  maxPacketBytes: number;
  /** Messages of one connection that are not settled. Above this nothing more is read from it. */
  maxHeldPerConnection: number;
  /** As soon as they hold this much, no further message is begun. */
  maxHeldBytesPerConnection: number;
  maxConnections: number;
  /** From the connection to the CONNECT; with TLS, again for the handshake. */
  connectTimeoutMs: number;
  guard: BrokerGuard;
  log: Log;
  metrics: Metrics;
  /** {metricPrefix}_refused_total, _dropped_total, _connections, _held_messages, _held_bytes */
  metricPrefix: string;
}

/** How long a client may leave its answers unread. Not 0, which would be for ever. */
const drainTimeoutMs = 20_000;
/**
 * Heartbeats are for aedes brokers that share their wills. After a machine has slept, a late one would make aedes
 * publish the wills of clients that are there. Days; four times this must still fit into a timer.
 */
const heartbeatMs = 500_000_000;
/** Below half of the shortest keep-alive, 1 s: then a client begins to worry. */
const keepAliveSweepMs = 400;
/** At the end: how long held messages may still settle, and then how long sockets may take to close. */
const closeGraceMs = 2000;
const flushGraceMs = 500;

/**
 * aedes, an MQTT 3.1.1 broker, with guards: who may connect and what they may touch, packet size before anything is
 * read in, bounded reads while messages are held, QoS 0 and 1 only, no stored sessions (every CONNACK says so).
 */
export class GuardedBroker {
  readonly #aedes: Aedes;
  /** Those of the first port, then of the others. */
  readonly #servers: Server[] = [];
  readonly #admit: (socket: Socket) => void;
  readonly #door: MqttDoor;
  readonly #sockets = new Set<Socket>();
  #sweep: NodeJS.Timeout | undefined;
  #port = 0;
  #closing: Promise<void> | undefined;

  private constructor(options: GuardedBrokerOptions) {
    const refusals = new Refusals(options.metricPrefix, options.log, options.metrics);
    this.#aedes = new Aedes({
      drainTimeout: drainTimeoutMs,
      heartbeatInterval: heartbeatMs,
    });
    limitFanOut(this.#aedes);
    const limits = {
      maxPacketBytes: options.maxPacketBytes,
      maxHeld: options.maxHeldPerConnection,
      maxHeldBytes: options.maxHeldBytesPerConnection,
      connectTimeoutMs: options.connectTimeoutMs,
      drainTimeoutMs,
    };
    this.#door = new MqttDoor(this.#aedes, options.guard, limits, refusals);
    this.#admit = this.#admission(options, refusals);
    this.#createGauges(options);
  }

  /** @throws the system's error when it cannot listen */
  static async listen(options: GuardedBrokerOptions): Promise<GuardedBroker> {
    const broker = new GuardedBroker(options);
    await broker.#aedes.listen();
    const { host, morePorts = [] } = options;
    try {
      for (const port of [options.port, ...morePorts])
        broker.#servers.push(...(await listenOn({ host, port }, broker.#admit)));
    } catch (error) {
      broker.stopAccepting();
      broker.#aedes.close();
      throw error;
    }
    broker.#port = portOf(broker.#servers[0]!);
    broker.#sweep = setInterval(() => broker.#door.keepUnreadAlive(), keepAliveSweepMs).unref();
    return broker;
  }

  /** The first one. */
  get port(): number {
    return this.#port;
  }

  /** Clients that have been accepted and are still there. */
  get connections(): number {
    return this.#door.size;
  }

  /**
   * Resolves when it has been written to everyone who subscribed. A retained message of no bytes clears what was
   * retained.
   */
  publish(topic: string, payload: Buffer, options: { qos: 0 | 1; retain: boolean }): Promise<void> {
    const packet: PublishPacket = { cmd: 'publish', topic, payload, dup: false, ...options };
    return new Promise((resolve, reject) => {
      this.#aedes.publish(packet, (error) => (error ? reject(error) : resolve()));
    });
  }

  /** Cuts off whoever acts as `name`; nothing happens when nobody does. */
  disconnect(name: string, reason: string): void {
    this.#door.disconnect(name, reason);
  }

  /** Those who are connected stay. */
  stopAccepting(): void {
    for (const server of this.#servers) if (server.listening) server.close();
  }

  /**
   * Reads nothing more, gives held messages a short time to settle and their PUBACKs to go out, then drops everyone.
   */
  close(): Promise<void> {
    this.#closing ??= this.#close();
    return this.#closing;
  }

  async #close(): Promise<void> {
    this.stopAccepting();
    clearInterval(this.#sweep);
    for (const connection of this.#door.connections) connection.stopTaking();
    const giveUpAt = performance.now() + closeGraceMs;
    while (this.#door.held.messages > 0 && performance.now() < giveUpAt) await sleep(10);
    const closed = [...this.#sockets].map((socket) => once(socket, 'close'));
    for (const socket of this.#sockets) socket.end();
    await Promise.race([Promise.allSettled(closed), sleep(flushGraceMs)]);
    await new Promise<void>((resolve) => this.#aedes.close(resolve));
    for (const socket of this.#sockets) socket.destroy();
  }

  /** Of every socket, whatever port it came by: together they are limited, and may speak TLS first. */
  #admission(options: GuardedBrokerOptions, refusals: Refusals): (socket: Socket) => void {
    const { maxConnections, connectTimeoutMs } = options;
    const enter = (socket: Socket): void => this.#door.admit(socket);
    const secure =
      options.tls && tls.createServer({ ...options.tls, handshakeTimeout: connectTimeoutMs }, enter);
    secure?.on('tlsClientError', (error: Error, socket: Socket) => {
      refusals.refuse('tls-handshake', { from: socket.remoteAddress, detail: error.message });
    });
    return (socket) => {
      if (this.#sockets.size >= maxConnections) {
        refusals.refuse('too-many-connections', { from: socket.remoteAddress });
        socket.destroy();
        return;
      }
      this.#sockets.add(socket);
      socket.once('close', () => this.#sockets.delete(socket));
      if (secure) secure.emit('connection', socket);
      else enter(socket);
    };
  }

  #createGauges({ metrics, metricPrefix }: GuardedBrokerOptions): void {
    const { held } = this.#door;
    metrics.gauge(`${metricPrefix}_connections`, 'Clients that are connected.', () => this.connections);
    metrics.gauge(`${metricPrefix}_held_messages`, 'Messages taken in and not settled.', () => held.messages);
    metrics.gauge(
      `${metricPrefix}_held_bytes`,
      'Bytes of messages taken in and not settled.',
      () => held.bytes,
    );
  }
}

type Done = (error?: Error) => void;
type AedesPublish = (packet: PublishPacket, client?: Client | null | Done, done?: Done) => void;

/** What clients publish (their wills) goes to the owner alone; aedes' own news about each connection interest nobody. */
function limitFanOut(aedes: Aedes): void {
  const publish = aedes.publish.bind(aedes) as AedesPublish;
  const limited: AedesPublish = (packet, client, done) => {
    const fromClient = typeof client === 'object' && client !== null;
    const wanted = !fromClient && !packet.topic.startsWith('$SYS/');
    const finished = typeof client === 'function' ? client : done;
    if (wanted) publish(packet, client, done);
    // Never in the same turn: aedes would parse inside its parser.
    else if (finished) process.nextTick(finished);
  };
  aedes.publish = limited;
}
