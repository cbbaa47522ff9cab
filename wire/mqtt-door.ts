import type { Socket } from 'node:net';
import type { Aedes, Subscription } from 'aedes';
import type { IConnectPacket } from 'mqtt-packet';
import { AedesSide, sideOf } from './aedes-side.ts';
import type { BrokerGuard, Settle } from './broker-guard.ts';
import type { MqttWill } from './connect-packet.ts';
import type { ConnectionLimits, ConnectionOwner, HeldTally, Silence } from './connection-owner.ts';
import { MqttConnection } from './mqtt-connection.ts';
import { RefusedError, type DropReason, type Refusals, type RefusalReason } from './mqtt-refusals.ts';
import type { CutPublish } from './publish-cutter.ts';

const maxSubscriptions = 1024;
/** CONNACK return codes (MQTT 3.1.1, table 3.1); 5, not authorized, for the rest. */
const returnCodes: Partial<Record<RefusalReason, number>> = {
  'protocol-version': 1,
  'foreign-client-id': 2,
  unavailable: 3,
  'bad-credentials': 4,
};

/** MQTT 3.1 and 3.1.1. */
const protocolVersions = new Set<number | undefined>([3, 4]);
const silenceInWords: Record<Silence, string> = {
  'connect-timeout': 'no CONNECT',
  'keep-alive-timeout': 'keep-alive timeout',
  'slow-reader': 'it does not read what it is sent',
};

/**
 * Who is in, and what they may do: stands between the connections, aedes and the broker's owner. It knows every connection from its
 * first byte, counts each refusal once, and lets one connection act for one name.
 */
export class MqttDoor {
  readonly connections = new Set<MqttConnection>();
  /** Taken in and not settled, of all connections that are open. */
  readonly held: HeldTally = { messages: 0, bytes: 0 };
  readonly #aedes: Aedes;
  readonly #guard: BrokerGuard;
  readonly #limits: ConnectionLimits;
  readonly #refusals: Refusals;
  readonly #byName = new Map<string, MqttConnection>();
  /** Those that are not read from. */
  readonly #unread = new Set<MqttConnection>();
  readonly #owner: ConnectionOwner = {
    held: this.held,
    onConnect: (connection, packet) => this.#answer(connection, packet),
    onPublish: (connection, publish, settle) => this.#receive(connection, publish, settle),
    openAedes: (connection) => this.#openAedes(connection),
    onRejected: (connection, topic, { message }) =>
      this.#refuse(connection, 'rejected', { topic, detail: message }),
    onFault: (connection, { fault, message }) => this.#refuse(connection, fault, { detail: message }),
    onSilence: (connection, silence) => this.#onSilence(connection, silence),
    onHold: (connection, holding) =>
      holding ? this.#unread.add(connection) : this.#unread.delete(connection),
    onClosed: (connection) => this.#onClosed(connection),
  };

  constructor(aedes: Aedes, guard: BrokerGuard, limits: ConnectionLimits, refusals: Refusals) {
    this.#aedes = aedes;
    this.#guard = guard;
    this.#limits = limits;
    this.#refusals = refusals;
    aedes.authorizePublish = (_client, { topic }, done) =>
      done(new RefusedError('rejected', `a message that was left to aedes, to ${topic}`));
    aedes.authorizeSubscribe = (client, subscription, done) => {
      done(null, client && this.#maySubscribe(sideOf(client).connection, subscription) ? subscription : null);
    };
    aedes.on('clientReady', (client) => sideOf(client).ready());
    aedes.on('unsubscribe', (filters, client) => {
      for (const filter of filters) sideOf(client).connection.filters?.delete(filter);
    });
    aedes.on('clientError', (client, error) => this.#onError(sideOf(client).connection, error));
    aedes.on('connectionError', (client, error) => this.#onError(sideOf(client).connection, error));
  }

  /** Names that are in. */
  get size(): number {
    return this.#byName.size;
  }

  admit(socket: Socket): void {
    this.connections.add(new MqttConnection(socket, this.#limits, this.#owner));
  }

  disconnect(name: string, why: string): void {
    const connection = this.#byName.get(name);
    if (connection) this.#drop(connection, 'disconnected', why);
  }

  /** To be called more often than clients ask. */
  keepUnreadAlive(): void {
    for (const connection of this.#unread) connection.stayAliveUnread();
  }

  #answer(connection: MqttConnection, packet: IConnectPacket): void {
    const { clientId, username } = packet;
    const name = this.#authenticate(packet);
    if (typeof name !== 'string') {
      this.#count(connection, name.refuse, { clientId, username });
      return connection.refuse(returnCodes[name.refuse] ?? 5);
    }
    this.#makeRoomFor(name);
    connection.name = name;
    connection.will = willOf(packet);
    this.#byName.set(name, connection);
    connection.accept(packet.keepalive ?? 0);
    return this.#guard.onConnected?.(name);
  }

  /** @returns who it acts as */
  #authenticate(packet: IConnectPacket): ReturnType<BrokerGuard['authenticate']> {
    const { clientId, username, password, protocolVersion, will } = packet;
    if (!protocolVersions.has(protocolVersion)) return { refuse: 'protocol-version' };
    const bytes = typeof password === 'string' ? Buffer.from(password) : password;
    const name = this.#guard.authenticate({ clientId, username, password: bytes });
    if (typeof name !== 'string' || will === undefined) return name;
    if (will.qos === 2) return { refuse: 'qos-2' };
    return this.#guard.mayPublish(name, will.topic) ? name : { refuse: 'forbidden-topic' };
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

  #openAedes(connection: MqttConnection): AedesSide {
    // Only who was let in gets so far.
    const side = new AedesSide(connection, connection.name ?? '');
    this.#aedes.handle(side);
    return side;
  }

  #maySubscribe(connection: MqttConnection, { topic: filter, qos }: Subscription): boolean {
    const { name } = connection;
    if (name === undefined) return false;
    const refused = (reason: RefusalReason): boolean => {
      this.#refusals.refuse(reason, { name, filter });
      return false;
    };
    const filters = (connection.filters ??= new Set());
    if (/[+#]/.test(filter) || !this.#guard.maySubscribe(name, filter)) return refused('forbidden-topic');
    if (qos === 2) return refused('qos-2');
    if (!filters.has(filter) && filters.size >= maxSubscriptions) return refused('too-many-subscriptions');
    filters.add(filter);
    return true;
  }

  #onError(connection: MqttConnection, error: Error): void {
    const cause = causeOf(error);
    if (cause === 'slow-reader') this.#onSilence(connection, cause);
    else if (cause !== undefined) this.#refuse(connection, cause, { detail: error.message });
  }

  #onSilence(connection: MqttConnection, silence: Silence): void {
    const why = silenceInWords[silence];
    if (silence === 'connect-timeout') this.#refuse(connection, silence, { detail: why });
    else this.#drop(connection, silence, why);
  }

  #onClosed(connection: MqttConnection): void {
    this.connections.delete(connection);
    this.#unread.delete(connection);
    const { name, will } = connection;
    // It was checked when it connected, takes nobody's room, and nobody waits for it.
    if (name !== undefined && will !== undefined)
      this.#guard.onPublish({ name, ...will, dup: false, will: true }, () => {});
    this.#leave(connection);
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

function willOf({ will }: IConnectPacket): MqttWill | undefined {
  if (will === undefined) return undefined;
  const payload = Buffer.from(will.payload);
  // Not a slice of a larger buffer, which would stay as long as the connection.
  const own = Buffer.allocUnsafeSlow(payload.length);
  payload.copy(own);
  return { topic: will.topic, payload: own, qos: will.qos === 0 ? 0 : 1, retain: will.retain ?? false };
}

/** Sorts aedes' errors, which have no codes. undefined: what follows from an end that is known already. */
function causeOf(error: Error): RefusalReason | 'slow-reader' | undefined {
  if (error instanceof RefusedError) return error.reason;
  if ('code' in error || error.message === 'connection closed') return undefined;
  return error.message === 'drain timeout' ? 'slow-reader' : 'malformed-packet';
}
