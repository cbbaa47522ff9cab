import net from 'node:net';
import tls from 'node:tls';
import { encodeConnect, type MqttWill } from './connect-packet.ts';
import { connectDirectly, type ClientReader } from './direct-reads.ts';
import { disconnect, PacketReader, pingRequest, type Incoming } from './mqtt-wire.ts';
import { TurnWriter } from './turn-writer.ts';

export interface MqttLinkOptions {
  tls?: tls.ConnectionOptions;
  clientId: string;
  username?: string;
  password?: string;
  /** 0: none. A connection that is silent for one to one and a half times this is given up. */
  keepAliveSeconds: number;
  /**
   * A PINGREQ of one that publishes regularly waits for its next message, for half of keepAliveSeconds at most, and leaves in
   * the same write: where thousands publish at QoS 0 it would cost as much as a message.
   */
  pingsBehindPublish?: boolean;
  /** From the first SYN to the CONNACK. */
  connectTimeoutMs: number;
  /** false: the broker keeps subscriptions, and messages for them, while this client id is away. True unless set. */
  cleanSession?: boolean;
  /** A function is asked at every connection. */
  will?: MqttWill | (() => MqttWill);
  /** Of an incoming packet; 1 MiB unless set. */
  maxPacketBytes?: number;
}

export type CloseReason =
  | 'refused:protocol-version'
  | 'refused:client-id'
  | 'refused:unavailable'
  | 'refused:bad-credentials'
  | 'refused:not-authorized'
  /** No connection could be made: nobody listens, no route, no such name. */
  | 'unreachable'
  /** This process may open no more files, or this machine has no port left to connect from. */
  | 'no-descriptors'
  | 'no-ports'
  | 'tls'
  /** No CONNACK in time, or silence. */
  | 'timeout'
  | 'reset'
  /** The other side closed. */
  | 'ended'
  /** It sent what no broker may send. */
  | 'malformed'
  /** end() or destroy() was called. */
  | 'closed';

export interface LinkHandlers {
  accepted(sessionPresent: boolean): void;
  /** All but CONNACK and PINGRESP. */
  packet(packet: Incoming): void;
  /** The socket's buffer is empty again, or a read is over. */
  turned(): void;
  /** Once, at the very end. */
  closed(reason: CloseReason): void;
}

const connackReasons: Record<number, CloseReason> = {
  1: 'refused:protocol-version',
  2: 'refused:client-id',
  3: 'refused:unavailable',
  4: 'refused:bad-credentials',
  5: 'refused:not-authorized',
};
const unreachable = new Set(['ECONNREFUSED', 'EHOSTUNREACH', 'ENETUNREACH', 'ENOTFOUND', 'EAI_AGAIN']);
const exhausted: Record<string, CloseReason> = {
  EMFILE: 'no-descriptors',
  ENFILE: 'no-descriptors',
  EADDRNOTAVAIL: 'no-ports',
};
const brokenOff = new Set(['ECONNRESET', 'EPIPE', 'ECONNABORTED']);
const defaultMaxPacketBytes = 1024 * 1024;
const endGraceMs = 2000;

/** One MQTT connection of a client, from the first SYN to the close: CONNECT, keep-alive, one write a turn. */
export class MqttLink implements ClientReader {
  bytesRead = 0;
  readonly #options: MqttLinkOptions;
  readonly #handlers: LinkHandlers;
  readonly #reader: PacketReader;
  readonly #socket: net.Socket;
  readonly #writer: TurnWriter;
  /** For the CONNACK, then for keep-alive. */
  #timer: NodeJS.Timeout;
  #accepted = false;
  /** Since the last tick of the keep-alive. */
  #wrote = true;
  #heard = true;
  #awaitsPong = false;
  /** Goes with the next message. */
  #owesPing = false;
  /** Nothing is read, PINGRESPs neither: silence means nothing. */
  #paused = false;
  /** PINGREQs that are not answered. */
  #pings = 0;
  #asked: { pings: number; answered: () => void } | undefined;
  #closeReason: CloseReason | undefined;

  constructor(address: { host: string; port: number }, options: MqttLinkOptions, handlers: LinkHandlers) {
    this.#options = options;
    this.#handlers = handlers;
    this.#reader = new PacketReader(options.maxPacketBytes ?? defaultMaxPacketBytes);
    const socket = this.#connect(address);
    socket.setNoDelay(true);
    socket.on('error', (error: NodeJS.ErrnoException) => this.#lose(this.#reasonOf(error)));
    socket.once('end', () => this.#lose('ended'));
    socket.on('drain', () => this.#handlers.turned());
    socket.once('close', () => {
      this.#lose('reset');
      this.#handlers.closed(this.#closeReason ?? 'reset');
    });
    this.#socket = socket;
    this.#writer = new TurnWriter(socket);
    this.#timer = setTimeout(() => this.destroy('timeout'), options.connectTimeoutMs);
  }

  /** Its socket is. */
  connected(): void {
    const { clientId, username, password, keepAliveSeconds, cleanSession = true, will } = this.#options;
    const willNow = typeof will === 'function' ? will() : will;
    const who = { clientId, username, password };
    this.#socket.write(encodeConnect({ ...who, keepAliveSeconds, cleanSession, will: willNow }));
  }

  /** Of its socket. */
  arrived(bytes: Buffer, length: number): void {
    this.#heard = true;
    try {
      this.#reader.read(bytes, length, this.#take);
    } catch {
      this.destroy('malformed');
    }
    if (this.#accepted) this.#handlers.turned();
  }

  /** Between the CONNACK and the first sign of an end. */
  get accepted(): boolean {
    return this.#accepted;
  }

  /** What waits to be written is below the socket's mark (64 KiB). */
  get hasRoom(): boolean {
    return this.#accepted && !this.#writer.isFull;
  }

  /** Reads nothing more until resumeReading(); what was read already still comes. TCP pushes back on the broker. */
  pauseReading(): void {
    this.#paused = true;
    this.#socket.pause();
  }

  resumeReading(): void {
    if (!this.#paused) return;
    this.#paused = false;
    this.#heard = true;
    this.#socket.resume();
  }

  /**
   * Asks the broker for an answer: by then it has read all that was written before. Never called when the connection ends
   * first, or when the next question is asked before.
   */
  ping(answered: () => void): void {
    if (!this.#accepted) return;
    this.#ping();
    this.#asked = { pings: this.#pings, answered };
  }

  /** What is written in one turn leaves in one system call. Nothing happens once the connection is lost. */
  write(bytes: Buffer): void {
    if (!this.#accepted) return;
    this.#wrote = true;
    // Before it: a large message is written in two.
    if (this.#owesPing) this.#pingForKeepAlive();
    this.#writer.write(bytes);
  }

  /** Says goodbye, lets what was written go out, and resolves when the socket has closed. */
  end(): Promise<void> {
    const socket = this.#socket;
    if (!this.#accepted || socket.destroyed) {
      this.destroy('closed');
      return Promise.resolve();
    }
    this.#lose('closed');
    this.#writer.flush();
    // Its end has to be read.
    if (this.#paused) socket.resume();
    return new Promise((resolve) => {
      const giveUp = setTimeout(() => socket.destroy(), endGraceMs);
      socket.once('close', () => {
        clearTimeout(giveUp);
        resolve();
      });
      socket.end(disconnect);
    });
  }

  /** One that was never let in is reset: it leaves no local port in TIME_WAIT, of which a fleet that tries again has too few. */
  destroy(reason: CloseReason): void {
    const socket = this.#socket;
    // Once it is ending (`writable` is false) libuv refuses a reset, and Node then never closes its handle.
    const isReset = !this.#accepted && !this.#options.tls && !socket.connecting && socket.writable;
    this.#lose(reason);
    if (isReset) socket.resetAndDestroy();
    else socket.destroy();
  }

  #connect(address: { host: string; port: number }): net.Socket {
    const options = this.#options.tls;
    if (options) {
      const servername = net.isIP(address.host) ? {} : { servername: address.host };
      const socket = tls.connect({ ...servername, ...options, ...address }, () => this.connected());
      return socket.on('data', (chunk: Buffer) => this.arrived(chunk, chunk.length));
    }
    return connectDirectly(address, this);
  }

  /** @returns whether to go on reading */
  readonly #take = (packet: Incoming): boolean => {
    if (this.#closeReason !== undefined) return false;
    if ((packet.type === 'connack') === this.#accepted) this.destroy('malformed');
    else if (packet.type === 'connack') this.#onConnack(packet.returnCode, packet.sessionPresent);
    else if (packet.type === 'pingresp') this.#onPong();
    else this.#handlers.packet(packet);
    return this.#accepted;
  };

  #onConnack(returnCode: number, sessionPresent: boolean): void {
    if (returnCode !== 0) return this.destroy(connackReasons[returnCode] ?? 'malformed');
    this.#accepted = true;
    clearTimeout(this.#timer);
    const { keepAliveSeconds } = this.#options;
    if (keepAliveSeconds > 0) this.#timer = setTimeout(() => this.#keepAlive(), keepAliveSeconds * 500);
    return this.#handlers.accepted(sessionPresent);
  }

  /** Twice within keepAliveSeconds: a PINGREQ unless both sides have been heard of; its answer has until the next time. */
  #keepAlive(): void {
    if (this.#awaitsPong && !this.#heard && !this.#paused) return this.destroy('timeout');
    if (this.#wrote && !this.#heard && this.#options.pingsBehindPublish) this.#owesPing = true;
    else if (!this.#wrote || !this.#heard) this.#pingForKeepAlive();
    this.#wrote = false;
    this.#heard = false;
    this.#timer.refresh();
    return undefined;
  }

  #pingForKeepAlive(): void {
    this.#owesPing = false;
    this.#awaitsPong = true;
    this.#ping();
  }

  #ping(): void {
    this.#pings++;
    this.write(pingRequest);
  }

  /** PINGRESPs carry no number: they come in the order of the questions. */
  #onPong(): void {
    this.#awaitsPong = false;
    this.#pings--;
    const asked = this.#asked;
    if (asked === undefined || --asked.pings > 0) return;
    this.#asked = undefined;
    asked.answered();
  }

  #lose(reason: CloseReason): void {
    clearTimeout(this.#timer);
    this.#accepted = false;
    this.#closeReason ??= reason;
  }

  #reasonOf(error: NodeJS.ErrnoException): CloseReason {
    const code = error.code ?? '';
    if (unreachable.has(code)) return 'unreachable';
    const lacking = exhausted[code];
    if (lacking) return lacking;
    if (code === 'ETIMEDOUT') return 'timeout';
    return this.#options.tls && !brokenOff.has(code) ? 'tls' : 'reset';
  }
}
