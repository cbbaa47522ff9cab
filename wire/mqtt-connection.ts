import { strict as assert } from 'node:assert';
import { Socket } from 'node:net';
import type { Client } from 'aedes';
import { readDirectly } from './direct-reads.ts';
import { PacketGuard, type PacketFaultError, type Room } from './packet-guard.ts';
import { PublishCutter, type CutPublish, type PacketTaker } from './publish-cutter.ts';

/** Before a packet id. */
const pubackHead = 0x4002_0000;
const pingResponse = 0xd000;

/** What the broker allows each connection to hold. */
export interface HoldLimits {
  maxPacketBytes: number;
  maxHeld: number;
  maxHeldBytes: number;
}

/** Of aedes' client, what its types do not show. test/wire/guarded-broker-hold.test.ts fails when it changes. */
export type AedesClient = Client & {
  _keepaliveTimer?: NodeJS.Timeout | null;
  /** Drops a client whose socket's buffer stays full. */
  waitForDrain(drained: () => void): void;
};

/** What all connections of a broker hold together: summed up here, because there are too many to ask each. */
export interface HeldTally {
  messages: number;
  bytes: number;
}

/** Who is told; one for all connections. */
export interface ConnectionOwner {
  readonly held: HeldTally;
  /** In order of arrival. Its PUBACK waits for `settle`. */
  onPublish(connection: MqttConnection, publish: CutPublish, settle: (error?: Error) => void): void;
  /** A message was settled with an error: nothing more of this client is wanted. */
  onRejected(connection: MqttConnection, topic: string, error: Error): void;
  /** It sent what may not be read: nothing more is. */
  onFault(connection: MqttConnection, error: PacketFaultError): void;
  /** Something waits in the socket that may not be read yet, or no longer. */
  onHold(connection: MqttConnection, holding: boolean): void;
  /** Its socket has closed. */
  onClosed(connection: MqttConnection): void;
}

/** Whose socket it is: so that all sockets share their listeners. */
const connectionOf = Symbol('connection');
type BrokerSocket = Socket & { [connectionOf]: MqttConnection };

interface Held {
  /** Packet id; 0 at QoS 0. */
  id: number;
  topic: string;
  bytes: number;
  settled: boolean;
  error: Error | undefined;
}

/**
 * One client's socket at the broker. aedes reads a socket on and on, whether or not what it read before has been
 * acknowledged; this puts itself between the two. It takes as many PUBLISH packets as there is room to hold, and the rest
 * stays in the socket, so that TCP pushes back on the sender. It acknowledges them itself; aedes gets the other packets.
 *
 * The socket flows into `arrived` until something has to wait: then it is paused with what waits in front, and read from as
 * there is room.
 *
 * Of aedes' insides it needs this: aedes has one 'readable' listener, which reads by `read(null)` once it has been called as
 * often as packets are unfinished. A test holds it to that.
 */
export class MqttConnection implements PacketTaker {
  /** Who it acts as, once accepted. */
  name: string | undefined;
  will: { topic: string; qos?: number } | undefined;
  /** Why it was refused or dropped: said once, by the first who knows. */
  endReason: string | undefined;
  /** What it subscribed to; none unless set. */
  filters: Set<string> | undefined;
  /** What it may publish to, as it said last. */
  allowedTopic: string | undefined;
  readonly client: AedesClient;
  readonly #socket: Socket;
  readonly #guard: PacketGuard;
  readonly #cutter = new PublishCutter();
  readonly #limits: HoldLimits;
  readonly #owner: ConnectionOwner;
  readonly #aedesReads: () => void;
  readonly #held: Held[] = [];
  /** Packet ids to be acknowledged at the end of this turn. */
  #acks: number[] = [];
  /** PINGREQs to be answered then. */
  #pings = 0;
  /** PUBLISH packets, and their bytes, that have been released again. */
  #released = 0;
  #releasedBytes = 0;
  #asked = false;
  /** For aedes, which has not asked for it yet. */
  #forAedes: Buffer | null = null;
  #paused = false;
  /** Reads from the paused socket, whose bytes come as an event all the same. */
  #pulling = false;
  #holding = false;
  #willPump = false;
  #accepted = false;
  #awaitsDrain = false;
  #stopped = false;
  #isTallied = true;

  /** To be made right after aedes took the socket. */
  constructor(socket: Socket, client: AedesClient, limits: HoldLimits, owner: ConnectionOwner) {
    this.client = client;
    this.#socket = socket;
    this.#limits = limits;
    this.#guard = new PacketGuard(limits.maxPacketBytes);
    this.#owner = owner;
    const listeners = socket.listeners('readable') as (() => void)[];
    const [listener] = listeners;
    assert(listener !== undefined && listeners.length === 1, 'aedes reads its sockets in another way');
    socket.removeListener('readable', listener);
    this.#aedesReads = listener;
    (socket as BrokerSocket)[connectionOf] = this;
    socket.read = readForAedes;
    socket.on('data', arrived);
    socket.on('close', closed);
    if (!('encrypted' in socket)) readDirectly(socket, this);
    socket.resume();
  }

  get socket(): Socket {
    return this.#socket;
  }

  /** Handed to the owner and not settled. */
  get held(): number {
    return this.#guard.publishes - this.#released;
  }

  get heldBytes(): number {
    return this.#guard.publishBytes - this.#releasedBytes;
  }

  /** The client is accepted: more than its CONNECT may pass. */
  accept(): void {
    this.#accepted = true;
    this.#guard.accept();
  }

  /** Its socket has closed: what is still settled is no longer of the broker's. */
  closed(): void {
    this.#isTallied = false;
    this.#owner.held.messages -= this.held;
    this.#owner.held.bytes -= this.heldBytes;
    this.#owner.onClosed(this);
  }

  /** Nothing more is taken, for good: what still comes in is read to see its end, and thrown away. */
  stopTaking(): void {
    this.#stopped = true;
    this.#resume();
  }

  takePublish(publish: CutPublish): boolean {
    const { id, topic, bytes } = publish;
    this.client._keepaliveTimer?.refresh();
    const held: Held = { id, topic, bytes, settled: false, error: undefined };
    this.#held.push(held);
    this.#owner.onPublish(this, publish, (error) => {
      if (held.settled) return;
      held.settled = true;
      held.error = error;
      if (held === this.#held[0]) this.#releaseSettled();
    });
    return !this.#stopped && !this.#socket.destroyed;
  }

  takePing(): void {
    this.client._keepaliveTimer?.refresh();
    this.#answerInThisTurn();
    this.#pings++;
  }

  /**
   * The PINGREQ of a client that is not read from lies behind its messages: it counts as come, and is answered unasked where
   * only room is waited for, or the client would give us up and send everything again.
   */
  stayAliveUnread(): void {
    const awaitsRoom = this.#accepted && this.#holding && !this.#stopped && !this.#socket.writableNeedDrain;
    if (awaitsRoom) this.takePing();
    else this.client._keepaliveTimer?.refresh();
  }

  /** In the order they came, whatever the order of settling. */
  #releaseSettled(): void {
    let first = this.#held[0];
    while (first?.settled) {
      this.#held.shift();
      this.#released++;
      this.#releasedBytes += first.bytes;
      this.#tally(-1, -first.bytes);
      if (first.error) this.#owner.onRejected(this, first.topic, first.error);
      else if (first.id > 0) this.#acknowledge(first.id);
      first = this.#held[0];
    }
    if (this.#holding && !this.#willPump) {
      this.#willPump = true;
      process.nextTick(pumpAgain, this);
    }
  }

  #acknowledge(id: number): void {
    this.#answerInThisTurn();
    this.#acks.push(id);
  }

  #answerInThisTurn(): void {
    if (this.#acks.length + this.#pings === 0) process.nextTick(writeAnswers, this);
  }

  /** There may be room again for what waits. */
  pumpAgain(): void {
    this.#willPump = false;
    if (this.#holding && !this.#socket.destroyed) this.#pump();
  }

  /** All PUBACKs of a turn in one write, and PINGRESPs behind them: one says that all before it has been read. */
  writeAnswers(): void {
    const ids = this.#acks;
    const pings = this.#pings;
    this.#acks = [];
    this.#pings = 0;
    if (!this.#socket.writable) return;
    const bytes = Buffer.allocUnsafe(ids.length * 4 + pings * 2);
    let at = 0;
    for (const id of ids) at = bytes.writeUInt32BE(pubackHead + id, at);
    for (let n = 0; n < pings; n++) at = bytes.writeUInt16BE(pingResponse, at);
    if (!this.#socket.write(bytes)) this.client.waitForDrain(() => {});
  }

  /** Of the socket, while it flows. */
  arrived(chunk: Buffer): void {
    if (this.#pulling || this.#stopped || this.#socket.destroyed) return;
    if (this.#socket.writableNeedDrain) {
      this.#pause(chunk);
      this.#waitForDrain();
      return;
    }
    this.#forAedes = this.#admit(chunk, this.#room());
    if (this.#forAedes === null) return;
    this.#pump();
    // It asks once it has finished what it has.
    if (this.#forAedes !== null) this.#pause();
  }

  /** Lets aedes read, if there is room: it has to be asked as often as it has unfinished packets. */
  #pump(): void {
    if (this.#stopped) return this.#resume();
    this.#asked = false;
    const times = this.held + 8;
    for (let n = 0; n < times && !this.#asked && !this.#socket.destroyed; n++) this.#aedesReads();
  }

  /** What aedes may have now. */
  read(): Buffer | null {
    this.#asked = true;
    const waiting = this.#forAedes;
    this.#forAedes = null;
    if (waiting !== null) {
      if (!this.#holding) this.#resume();
      return waiting;
    }
    if (!this.#paused || this.#stopped || this.#socket.destroyed) return null;
    if (this.#socket.writableNeedDrain) return this.#waitForDrain();
    const room = this.#room();
    // What waits begins with a packet that was not admitted: only a change of these can admit it.
    if (this.#holding && (!this.#accepted || room.publishes <= 0 || room.bytes <= 0)) return null;
    this.#pulling = true;
    const chunk = Socket.prototype.read.call(this.#socket) as Buffer | null;
    this.#pulling = false;
    const bytes = chunk === null ? null : this.#admit(chunk, room);
    if (!this.#holding) this.#resume();
    return bytes;
  }

  #room(): Room {
    return {
      publishes: this.#limits.maxHeld - this.held,
      bytes: this.#limits.maxHeldBytes - this.heldBytes,
    };
  }

  /** @param rest goes back into the socket, not into a buffer of our own: it counts against the socket's limit, and 'end' waits for it */
  #pause(rest?: Buffer): void {
    this.#paused = true;
    this.#socket.pause();
    if (rest) this.#socket.unshift(rest);
  }

  #resume(): void {
    if (!this.#paused) return;
    this.#paused = false;
    this.#socket.resume();
  }

  #admit(chunk: Buffer, room: Room): Buffer | null {
    const { publishes, publishBytes } = this.#guard;
    let passed: number;
    try {
      passed = this.#guard.admit(chunk, room);
    } catch (error) {
      this.#stopped = true;
      this.#owner.onFault(this, error as PacketFaultError);
      return null;
    } finally {
      this.#tally(this.#guard.publishes - publishes, this.#guard.publishBytes - publishBytes);
    }
    if (passed < chunk.length) this.#pause(chunk.subarray(passed));
    this.#setHolding(passed < chunk.length);
    if (passed === 0) return null;
    const bytes = chunk.subarray(0, passed);
    // Before it is accepted this is its CONNECT, which is aedes' to read however it comes.
    if (!this.#accepted) return bytes;
    return this.#cutter.cut(bytes, this);
  }

  #tally(messages: number, bytes: number): void {
    if (!this.#isTallied) return;
    this.#owner.held.messages += messages;
    this.#owner.held.bytes += bytes;
  }

  /** It does not read our answers: no more of its questions are taken until it does. */
  #waitForDrain(): null {
    if (this.#awaitsDrain) return null;
    this.#awaitsDrain = true;
    this.#socket.once('drain', () => {
      this.#awaitsDrain = false;
      // Not in this turn: aedes emits 'drain' itself, from inside its parser, which cannot be entered twice.
      process.nextTick(() => this.#pump());
    });
    return null;
  }

  #setHolding(holding: boolean): void {
    if (holding === this.#holding) return;
    this.#holding = holding;
    this.#owner.onHold(this, holding);
  }
}

/** aedes reads with a size of null; Node's own machinery without one, or of 0. */
function readForAedes(this: BrokerSocket, size?: number | null): Buffer | null {
  return size === null
    ? this[connectionOf].read()
    : (Socket.prototype.read.call(this, size) as Buffer | null);
}

function arrived(this: BrokerSocket, chunk: Buffer): void {
  this[connectionOf].arrived(chunk);
}

function closed(this: BrokerSocket): void {
  this[connectionOf].closed();
}

function pumpAgain(connection: MqttConnection): void {
  connection.pumpAgain();
}

function writeAnswers(connection: MqttConnection): void {
  connection.writeAnswers();
}
