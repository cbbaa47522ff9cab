import type { Socket } from 'node:net';
import type { Aedes, AuthenticateError, Client, PublishPacket, Subscription } from 'aedes';
import type { BrokerGuard, Settle } from './broker-guard.ts';
import { makeLean } from './lean-client.ts';
import {
  MqttConnection,
  type AedesClient,
  type ConnectionOwner,
  type HeldTally,
  type HoldLimits,
} from './mqtt-connection.ts';
import { RefusedError, type DropReason, type Refusals, type RefusalReason } from './mqtt-refusals.ts';
import { PacketFaultError } from './packet-guard.ts';
import type { CutPublish } from './publish-cutter.ts';

const maxSubscriptions = 1024;
/** CONNACK return codes (MQTT 3.1.1, table 3.1); 5, not authorized, for the rest. */
const returnCodes: Partial<Record<RefusalReason, number>> = {
  'foreign-client-id': 2,
  unavailable: 3,
  'bad-credentials': 4,
};

/**
 * Who is in, and what they may do: stands between aedes and the broker's owner. It knows every connection from its
 * first byte, counts each refusal once, and lets one connection act for one name.
 */
export class MqttDoor {
  readonly connections = new Set<MqttConnection>();
  /** Taken in and not settled, of all connections that are open. */
  readonly held: HeldTally = { messages: 0, bytes: 0 };
  readonly #aedes: Aedes;
  readonly #guard: BrokerGuard;
  readonly #limits: HoldLimits;
  readonly #refusals: Refusals;
  /** For as long as aedes has the client: its last will comes after its socket has closed. */
  readonly #ofClient = new WeakMap<Client, MqttConnection>();
  readonly #byName = new Map<string, MqttConnection>();
  /** Those that are not read from. */
  readonly #unread = new Set<MqttConnection>();
  readonly #owner: ConnectionOwner = {
    held: this.held,
    onPublish: (connection, publish, settle) => this.#receive(connection, publish, settle),
    onRejected: (connection, topic, { message }) =>
      this.#refuse(connection, 'rejected', { topic, detail: message }),
    onFault: (connection, { fault, message }) => this.#refuse(connection, fault, { detail: message }),
    onHold: (connection, holding) =>
      holding ? this.#unread.add(connection) : this.#unread.delete(connection),
    onClosed: (connection) => {
      // Its last will is published by the one who was let in.
      connection.client.close();
      this.connections.delete(connection);
      this.#unread.delete(connection);
      this.#leave(connection);
    },
  };

  constructor(aedes: Aedes, guard: BrokerGuard, limits: HoldLimits, refusals: Refusals) {
    this.#aedes = aedes;
    this.#guard = guard;
    this.#limits = limits;
    this.#refusals = refusals;
    aedes.preConnect = (client, packet, done) => {
      // aedes keeps messages for absent clients without a limit: no session outlives its connection here.
      packet.clean = true;
      const connection = this.#ofClient.get(client);
      if (connection) connection.will = packet.will;
      done(null, connection !== undefined);
    };
    aedes.authenticate = (client, username, password, done) => {
      const refused = this.#authenticate(client, username, password);
      if (refused === undefined) done(null, true);
      else done(notAuthenticated(refused), false);
    };
    aedes.authorizePublish = (client, packet, done) => this.#receiveWill(client, packet, done);
    aedes.authorizeSubscribe = (client, subscription, done) => {
      done(null, this.#maySubscribe(client, subscription) ? subscription : null);
    };
    aedes.on('connackSent', (packet, client) => {
      if (packet.returnCode === 0) this.#welcome(client);
    });
    aedes.on('clientReady', (client) => {
      // aedes has still to hand on what came behind the CONNECT.
      process.nextTick(makeLean, client);
    });
    aedes.on('unsubscribe', (filters, client) => {
      for (const filter of filters) this.#ofClient.get(client)?.filters?.delete(filter);
    });
    aedes.on('clientError', (client, error) => this.#onError(client, error));
    aedes.on('connectionError', (client, error) => this.#onError(client, error));
  }

  /** Names that are in. */
  get size(): number {
    return this.#byName.size;
  }

  admit(socket: Socket): void {
    const client = this.#aedes.handle(socket) as AedesClient;
    const connection = new MqttConnection(socket, client, this.#limits, this.#owner);
    this.#ofClient.set(client, connection);
    this.connections.add(connection);
  }

  disconnect(name: string, why: string): void {
    const connection = this.#byName.get(name);
    if (connection) this.#drop(connection, 'disconnected', why);
  }

  /** To be called more often than clients ask. */
  keepUnreadAlive(): void {
    for (const connection of this.#unread) connection.stayAliveUnread();
  }

  #authenticate(
    client: Client,
    username: string | undefined,
    password: Buffer | undefined,
  ): RefusalReason | undefined {
    const connection = this.#ofClient.get(client);
    if (connection === undefined) return 'rejected';
    const refuse = (reason: RefusalReason): RefusalReason => {
      // Without closing: aedes answers with the reason first.
      this.#count(connection, reason, { clientId: client.id, username });
      return reason;
    };
    const name = this.#guard.authenticate({ clientId: client.id, username, password });
    if (typeof name !== 'string') return refuse(name.refuse);
    const faultOfWill = this.#faultOfWill(connection, name);
    if (faultOfWill !== undefined) return refuse(faultOfWill);
    connection.name = name;
    this.#makeRoomFor(name);
    return undefined;
  }

  #faultOfWill(connection: MqttConnection, name: string): RefusalReason | undefined {
    if (connection.will === undefined) return undefined;
    if (connection.will.qos === 2) return 'qos-2';
    return this.#guard.mayPublish(name, connection.will.topic) ? undefined : 'forbidden-topic';
  }

  #welcome(client: Client): void {
    const connection = this.#ofClient.get(client);
    if (connection?.name === undefined || connection.socket.destroyed) return;
    this.#makeRoomFor(connection.name);
    this.#byName.set(connection.name, connection);
    this.#guard.onConnected?.(connection.name);
    connection.accept();
  }

  /** By name, not by client id alone (as MQTT 3.1.1 has it, 3.1.4-2): two connections of one edge would mix its frames. */
  #makeRoomFor(name: string): void {
    const older = this.#byName.get(name);
    if (older) this.#drop(older, 'taken-over', 'connected again');
  }

  #receive(connection: MqttConnection, publish: CutPublish, settle: Settle): void {
    const { name } = connection;
    const { topic, payload, qos, dup, retain } = publish;
    if (name === undefined) return this.#refuse(connection, 'rejected', { topic });
    const message = { name, topic, payload, qos, retain, dup, will: false };
    if (topic === connection.allowedTopic || this.#guard.mayPublish(name, topic)) {
      connection.allowedTopic = topic;
      return this.#guard.onPublish(message, settle);
    }
    this.#guard.onForbidden?.(message);
    return this.#refuse(connection, 'forbidden-topic', { topic });
  }

  /** It comes when its connection has closed, was checked when it connected, and takes nobody's room. */
  #receiveWill(client: Client | null, packet: PublishPacket, done: (error?: Error | null) => void): void {
    const name = client ? this.#ofClient.get(client)?.name : undefined;
    if (!client?.closed || name === undefined)
      return done(new RefusedError('rejected', 'not the last will of a client'));
    const { topic, retain, dup } = packet;
    const payload = Buffer.isBuffer(packet.payload) ? packet.payload : Buffer.from(packet.payload ?? '');
    const qos = packet.qos === 0 ? 0 : 1;
    return this.#guard.onPublish({ name, topic, payload, qos, retain, dup, will: true }, onceOnly(done));
  }

  #maySubscribe(client: Client, subscription: Subscription): boolean {
    const connection = this.#ofClient.get(client);
    if (connection?.name === undefined) return false;
    const filters = (connection.filters ??= new Set());
    const { name } = connection;
    const { topic: filter, qos } = subscription;
    const refused = (reason: RefusalReason): boolean => {
      this.#refusals.refuse(reason, { name, filter });
      return false;
    };
    if (/[+#]/.test(filter) || !this.#guard.maySubscribe(name, filter)) return refused('forbidden-topic');
    if (qos === 2) return refused('qos-2');
    if (!filters.has(filter) && filters.size >= maxSubscriptions) return refused('too-many-subscriptions');
    filters.add(filter);
    return true;
  }

  #onError(client: Client, error: Error): void {
    const connection = this.#ofClient.get(client);
    const cause = causeOf(error);
    if (connection === undefined || cause === undefined) return;
    if (cause === 'keep-alive-timeout' || cause === 'slow-reader')
      this.#drop(connection, cause, error.message);
    else this.#refuse(connection, cause, { detail: error.message });
  }

  #refuse(connection: MqttConnection, reason: RefusalReason, about: object): void {
    this.#count(connection, reason, about);
    connection.stopTaking();
    connection.socket.destroy();
  }

  #drop(connection: MqttConnection, reason: DropReason, why: string): void {
    if (connection.endReason === undefined) this.#refusals.drop(reason, { name: connection.name, why });
    connection.endReason ??= reason;
    connection.stopTaking();
    this.#leave(connection);
    connection.socket.destroy();
  }

  /** Counted and said once a connection: what follows from a refusal is not a second one. */
  #count(connection: MqttConnection, reason: RefusalReason, about: object): void {
    if (connection.endReason !== undefined) return;
    connection.endReason = reason;
    this.#refusals.refuse(reason, { name: connection.name, from: connection.socket.remoteAddress, ...about });
  }

  /** At once when it is taken over or dropped, not only when its socket has closed. */
  #leave(connection: MqttConnection): void {
    const { name } = connection;
    if (name === undefined || this.#byName.get(name) !== connection) return;
    this.#byName.delete(name);
    this.#guard.onGone?.(name);
  }
}

function notAuthenticated(reason: RefusalReason): AuthenticateError {
  // The enum of aedes exists in its types only.
  return Object.assign(new RefusedError(reason, reason), { returnCode: returnCodes[reason] ?? 5 });
}

function onceOnly(done: (error?: Error) => void): Settle {
  let called = false;
  return (error) => {
    if (!called) done(error);
    called = true;
  };
}

/** Sorts aedes' errors, which have no codes. undefined: the network's, or what follows from an end that is known already. */
function causeOf(error: Error): RefusalReason | 'keep-alive-timeout' | 'slow-reader' | undefined {
  if (error instanceof RefusedError) return error.reason;
  if (error instanceof PacketFaultError) return error.fault;
  if ('errorCode' in error) return 'protocol-version';
  if ('code' in error || error.message === 'connection closed') return undefined;
  if (error.message === 'connect did not arrive in time') return 'connect-timeout';
  if (error.message === 'keep alive timeout') return 'keep-alive-timeout';
  if (error.message === 'drain timeout') return 'slow-reader';
  return 'malformed-packet';
}
