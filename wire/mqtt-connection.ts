import type { Socket } from 'node:net';
import type { IConnectPacket } from 'mqtt-packet';
import type { AedesSide } from './aedes-side.ts';
import { Answers } from './answers.ts';
import { Chain } from './chain.ts';
import { readConnect, type MqttWill } from './connect-packet.ts';
import type { ConnectionLimits, ConnectionOwner, Silence } from './connection-owner.ts';
import { readDirectly, type ServerReader } from './direct-reads.ts';
import { PacketFaultError, PacketGuard, type Room } from './packet-guard.ts';
import { PublishCutter, type CutPublish, type PacketTaker } from './publish-cutter.ts';

/** Of clients that may be silent for ever, TCP asks whether they are still there. */
const tcpKeepAliveMs = 60_000;

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
  next: Held | undefined;
}

/**
 * One client's socket at the broker: its CONNECT, its messages and their PUBACKs, its pings and its goodbye. aedes gets the
 * other packets.
 *
 * It takes as many PUBLISH packets as there is room to hold, and the rest stays in the socket, so that TCP pushes back on the
 * sender. The socket flows into `arrived` until something has to wait: then it is paused with what waits in front, and read
 * from as there is room.
 */
export class MqttConnection implements PacketTaker, ServerReader {
  /** Who it acts as, once accepted. */
  name: string | undefined;
  /** To be published unless it says goodbye. */
  will: MqttWill | undefined;
  /** Why it was refused or dropped: said once, by the first who knows. */
  endReason: string | undefined;
  /** What it subscribed to; none unless set. */
  filters: Set<string> | undefined;
  /** What it may publish to, as it said last. */
  allowedTopic: string | undefined;
  readonly socket: Socket;
  bytesRead = 0;
  wasNeverPaused = true;
  readonly #guard: PacketGuard;
  readonly #cutter = new PublishCutter();
  readonly #limits: ConnectionLimits;
  readonly #owner: ConnectionOwner;
  readonly #answers: Answers;
  readonly #held = new Chain<Held>();
  /** Of its CONNECT, while it is not whole. */
  #connect: Buffer[] | undefined;
  #aedes: AedesSide | undefined;
  /** For the CONNECT, then for the keep-alive. */
  #silence: NodeJS.Timeout | undefined;
  /** How long it may be silent; 0: for ever. A packet only notes when it came: to put the timer back each time costs more. */
  #keepAliveMs = 0;
  /** performance.now() */
  #heardAt = 0;
  /** PUBLISH packets, and their bytes, that have been released again. */
  #released = 0;
  #releasedBytes = 0;
  #paused = false;
  /** Reads from the paused socket, whose bytes come as an event all the same. */
  #pulling = false;
  #holding = false;
  #willPump = false;
  #accepted = false;
  #stopped = false;
  #isTallied = true;

  /** @param socket of which nothing was read */
  constructor(socket: Socket, limits: ConnectionLimits, owner: ConnectionOwner) {
    this.socket = socket;
    this.#limits = limits;
    this.#guard = new PacketGuard(limits.maxPacketBytes);
    this.#owner = owner;
    this.#answers = new Answers(socket, this, limits.drainTimeoutMs);
    (socket as BrokerSocket)[connectionOf] = this;
    socket.on('data', arrived);
    socket.on('drain', drained);
    // 'close' follows.
    socket.on('error', nothing);
    socket.on('end', ended);
    socket.on('close', closed);
    if (!('encrypted' in socket)) readDirectly(this);
    socket.resume();
    this.#silence = setTimeout(connectLate, limits.connectTimeoutMs, this);
  }

  /** Handed to the owner and not settled. */
  get held(): number {
    return this.#guard.publishes - this.#released;
  }

  get heldBytes(): number {
    return this.#guard.publishBytes - this.#releasedBytes;
  }

  /**
   * Lets it in: more than its CONNECT may pass.
   * @param keepAliveSeconds it may be silent for one and a half times this; 0: for ever
   */
  accept(keepAliveSeconds: number): void {
    clearTimeout(this.#silence);
    this.#silence = undefined;
    if (keepAliveSeconds > 0) {
      this.#keepAliveMs = keepAliveSeconds * 1500 + 1;
      this.#heard();
      this.#silence = setTimeout(keepAliveOver, this.#keepAliveMs, this);
    } else {
      // Or nobody would notice that it has gone without a word.
      this.socket.setKeepAlive(true, tcpKeepAliveMs);
    }
    this.#accepted = true;
    this.#guard.accept();
    this.#answers.accept();
    this.#pumpIfHolding();
  }

  /** @param returnCode of MQTT 3.1.1, table 3.1 */
  refuse(returnCode: number): void {
    this.stopTaking();
    this.#answers.refuse(returnCode);
  }

  /** Nothing more is taken, for good: what still comes in is read to see its end, and thrown away. */
  stopTaking(): void {
    this.#stopped = true;
    this.#resume();
  }

  takePublish(publish: CutPublish): boolean {
    const { id, topic, bytes } = publish;
    this.#heard();
    const held: Held = { id, topic, bytes, settled: false, error: undefined, next: undefined };
    this.#held.push(held);
    this.#owner.onPublish(this, publish, (error) => {
      if (held.settled) return;
      held.settled = true;
      held.error = error;
      if (held === this.#held.first) this.#releaseSettled();
    });
    return !this.#stopped;
  }

  takePing(): void {
    this.#heard();
    this.#answers.ping();
  }

  takeDisconnect(): void {
    this.will = undefined;
    this.stopTaking();
    this.socket.destroy();
  }

  /**
   * The PINGREQ of a client that is not read from lies behind its messages: it counts as come, and is answered unasked where
   * only room is waited for, or the client would give us up and send everything again.
   */
  stayAliveUnread(): void {
    if (!this.#accepted || this.#stopped) return;
    if (this.socket.writableNeedDrain) this.#heard();
    else this.takePing();
  }

  /** Of the socket, while it flows. */
  arrived(chunk: Buffer): void {
    if (this.#pulling || this.#stopped) return;
    if (this.#isBlocked) this.#pause(chunk);
    else this.#admit(chunk);
  }

  /** Takes what waits in the socket, as far as there is room now. */
  pump(): void {
    this.#willPump = false;
    if (!this.#paused || this.#isBlocked || this.socket.destroyed) return;
    if (this.#stopped) return this.#resume();
    const room = this.#room();
    // What waits begins with a packet that was not admitted: only a change of these can admit it.
    if (this.#holding && (!this.#accepted || room.publishes <= 0 || room.bytes <= 0)) return;
    this.#pulling = true;
    const chunk = this.socket.read() as Buffer | null;
    this.#pulling = false;
    if (chunk !== null) this.#admit(chunk);
    if (!this.#holding && !this.#isBlocked) this.#resume();
  }

  drained(): void {
    this.#answers.drained();
    this.pump();
  }

  /** It may not be silent any longer, unless it was heard of meanwhile. */
  keepAliveOver(): void {
    const leftMs = this.#heardAt + this.#keepAliveMs - performance.now();
    if (leftMs <= 0) this.fallSilent('keep-alive-timeout');
    else this.#silence = setTimeout(keepAliveOver, Math.ceil(leftMs), this);
  }

  fallSilent(silence: Silence): void {
    this.#owner.onSilence(this, silence);
  }

  /** Its socket has closed: what is still settled is no longer of the broker's. */
  closed(): void {
    clearTimeout(this.#silence);
    this.#answers.end();
    this.#aedes?.destroy();
    this.#isTallied = false;
    this.#owner.held.messages -= this.held;
    this.#owner.held.bytes -= this.heldBytes;
    this.#owner.onClosed(this);
  }

  #heard(): void {
    this.#heardAt = performance.now();
  }

  /** In the order they came, whatever the order of settling. */
  #releaseSettled(): void {
    let { first } = this.#held;
    while (first?.settled) {
      this.#held.shift();
      this.#released++;
      this.#releasedBytes += first.bytes;
      this.#tally(-1, -first.bytes);
      if (first.error) this.#owner.onRejected(this, first.topic, first.error);
      else if (first.id > 0) this.#answers.acknowledge(first.id);
      first = this.#held.first;
    }
    this.#pumpIfHolding();
  }

  #pumpIfHolding(): void {
    if (!this.#holding || this.#willPump) return;
    this.#willPump = true;
    process.nextTick(pump, this);
  }

  /** It does not read our answers, or asks faster than aedes answers: no more is taken until it does. */
  get #isBlocked(): boolean {
    // Nobody else writes then, and no stream has to be looked at for each message.
    if (this.#aedes === undefined) return this.#answers.areUnread;
    return this.socket.writableNeedDrain || this.#aedes.isFull;
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
    this.wasNeverPaused = false;
    this.socket.pause();
    if (rest) this.socket.unshift(rest);
  }

  #resume(): void {
    if (!this.#paused) return;
    this.#paused = false;
    this.socket.resume();
  }

  #admit(chunk: Buffer): void {
    const { publishes, publishBytes } = this.#guard;
    let passed: number;
    try {
      passed = this.#guard.admit(chunk, this.#room());
    } catch (error) {
      return this.#fail(error as PacketFaultError);
    } finally {
      this.#tally(this.#guard.publishes - publishes, this.#guard.publishBytes - publishBytes);
    }
    const isWhole = passed === chunk.length;
    if (!isWhole) this.#pause(chunk.subarray(passed));
    this.#setHolding(!isWhole);
    if (passed === 0) return undefined;
    const bytes = isWhole ? chunk : chunk.subarray(0, passed);
    if (!this.#accepted) return this.#takeConnect(bytes);
    const others = this.#cutter.cut(bytes, this);
    if (others !== null) this.#giveToAedes(others);
    return undefined;
  }

  #fail(fault: PacketFaultError): void {
    this.#stopped = true;
    this.#owner.onFault(this, fault);
  }

  #takeConnect(bytes: Buffer): void {
    if (!this.#guard.isBetweenPackets) {
      this.#connect ??= [];
      this.#connect.push(bytes);
      return;
    }
    const begun = this.#connect;
    this.#connect = undefined;
    let packet: IConnectPacket;
    try {
      packet = readConnect(begun ? Buffer.concat([...begun, bytes]) : bytes);
    } catch (error) {
      return this.#fail(new PacketFaultError('malformed-packet', (error as Error).message));
    }
    return this.#owner.onConnect(this, packet);
  }

  #giveToAedes(packets: Buffer): void {
    this.#heard();
    this.#aedes ??= this.#owner.openAedes(this);
    this.#aedes.give(packets);
    if (this.#aedes.isFull) this.#pause();
  }

  #tally(messages: number, bytes: number): void {
    if (!this.#isTallied) return;
    this.#owner.held.messages += messages;
    this.#owner.held.bytes += bytes;
  }

  #setHolding(holding: boolean): void {
    if (holding === this.#holding) return;
    this.#holding = holding;
    this.#owner.onHold(this, holding);
  }
}

function arrived(this: BrokerSocket, chunk: Buffer): void {
  if (!this.destroyed) this[connectionOf].arrived(chunk);
}

function drained(this: BrokerSocket): void {
  this[connectionOf].drained();
}

function nothing(): void {}

function ended(this: BrokerSocket): void {
  this.destroy();
}

function closed(this: BrokerSocket): void {
  this[connectionOf].closed();
}

function pump(connection: MqttConnection): void {
  connection.pump();
}

function connectLate(connection: MqttConnection): void {
  connection.fallSilent('connect-timeout');
}

function keepAliveOver(connection: MqttConnection): void {
  connection.keepAliveOver();
}
