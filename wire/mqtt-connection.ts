import { strict as assert } from 'node:assert';
import type { Socket } from 'node:net';
import { PacketGuard, type PacketFaultError, type Room } from './packet-guard.ts';

/** What the broker allows each connection to hold. */
export interface HoldLimits {
  maxPacketBytes: number;
  maxHeld: number;
  maxHeldBytes: number;
}

interface Held {
  bytes: number;
  settled: boolean;
  error: Error | undefined;
  release: (error?: Error) => void;
}

/**
 * One client's socket at the broker. aedes reads a socket on and on, whether or not what it read before has been
 * acknowledged; this puts itself between the two: aedes gets as many packets as there is room to hold, and the rest
 * stays in the socket, so that TCP pushes back on the sender.
 *
 * Of aedes' insides it needs this: aedes has one 'readable' listener, which reads by `read(null)` once it has been called as
 * often as packets are unfinished. A test holds it to that.
 */
export class MqttConnection {
  /** Who it acts as, once accepted. */
  name: string | undefined;
  will: { topic: string; qos?: number } | undefined;
  /** Why it was refused or dropped: said once, by the first who knows. */
  endReason: string | undefined;
  readonly filters = new Set<string>();
  readonly #socket: Socket;
  readonly #guard: PacketGuard;
  readonly #limits: HoldLimits;
  readonly #onFault: (error: PacketFaultError) => void;
  readonly #onHold: (holding: boolean) => void;
  readonly #readSocket: () => Buffer | null;
  readonly #aedesReads: () => void;
  readonly #held: Held[] = [];
  /** PUBLISH packets, and their bytes, that have been released again. */
  #released = 0;
  #releasedBytes = 0;
  #asked = false;
  #holding = false;
  #accepted = false;
  #awaitsDrain = false;
  #stopped = false;

  /** To be made right after aedes took the socket. */
  constructor(
    socket: Socket,
    options: {
      limits: HoldLimits;
      /** It sent what may not be read: nothing more is. */
      onFault: (error: PacketFaultError) => void;
      /** Something waits in the socket that may not be read yet, or no longer. */
      onHold: (holding: boolean) => void;
    },
  ) {
    this.#socket = socket;
    this.#limits = options.limits;
    this.#guard = new PacketGuard(options.limits.maxPacketBytes);
    this.#onFault = options.onFault;
    this.#onHold = options.onHold;
    const read = socket.read.bind(socket) as (size?: number) => Buffer | null;
    this.#readSocket = read;
    // Node's own machinery reads with a size of 0, to fill the socket's buffer up to its limit.
    socket.read = (size?: number | null): Buffer | null => (size === 0 ? read(0) : this.#read());
    const listeners = socket.listeners('readable') as (() => void)[];
    const [listener] = listeners;
    assert(listener !== undefined && listeners.length === 1, 'aedes reads its sockets in another way');
    socket.removeListener('readable', listener);
    this.#aedesReads = listener;
    socket.on('readable', () => this.#pump());
  }

  get socket(): Socket {
    return this.#socket;
  }

  /** Handed to the owner and not settled. */
  get held(): number {
    return this.#guard.publishes - this.#released;
  }

  /** Accepted, and not read from until some of what is held is settled. */
  get awaitsRoom(): boolean {
    return this.#accepted && this.#holding && !this.#stopped && !this.#socket.writableNeedDrain;
  }

  get heldBytes(): number {
    return this.#guard.publishBytes - this.#releasedBytes;
  }

  /** The client is accepted: more than its CONNECT may pass. */
  accept(): void {
    this.#accepted = true;
    this.#guard.accept();
  }

  /** Nothing more is taken, for good: what still comes in is read to see its end, and thrown away. */
  stopTaking(): void {
    this.#stopped = true;
    this.#readSocket();
  }

  /** @returns the settle callback for one message. Messages are released in the order they came, whatever the order of settling. */
  hold(bytes: number, release: (error?: Error) => void): (error?: Error) => void {
    const held: Held = { bytes, settled: false, error: undefined, release };
    this.#held.push(held);
    return (error) => {
      if (held.settled) return;
      held.settled = true;
      held.error = error;
      if (held === this.#held[0]) this.#releaseSettled();
    };
  }

  #releaseSettled(): void {
    let first = this.#held[0];
    while (first?.settled) {
      this.#held.shift();
      this.#released++;
      this.#releasedBytes += first.bytes;
      if (first.error) first.release(first.error);
      else first.release();
      first = this.#held[0];
    }
  }

  /**
   * Lets aedes read, if there is room: it has to be asked as often as it has unfinished packets. Having been asked so, it asks
   * by itself whenever one of them is finished.
   */
  #pump(): void {
    if (this.#stopped) this.#readSocket();
    this.#asked = this.#stopped;
    const times = this.held + 8;
    for (let n = 0; n < times && !this.#asked && !this.#socket.destroyed; n++) this.#aedesReads();
  }

  #read(): Buffer | null {
    this.#asked = true;
    if (this.#stopped || this.#socket.destroyed) return null;
    if (this.#socket.writableNeedDrain) return this.#waitForDrain();
    const room = {
      publishes: this.#limits.maxHeld - this.held,
      bytes: this.#limits.maxHeldBytes - this.heldBytes,
    };
    // What waits begins with a packet that was not admitted: only a change of these can admit it.
    if (this.#holding && (!this.#accepted || room.publishes <= 0 || room.bytes <= 0)) return null;
    const chunk = this.#readSocket();
    return chunk === null ? null : this.#admit(chunk, room);
  }

  #admit(chunk: Buffer, room: Room): Buffer | null {
    let passed: number;
    try {
      passed = this.#guard.admit(chunk, room);
    } catch (error) {
      this.#stopped = true;
      this.#onFault(error as PacketFaultError);
      return null;
    }
    // Back into the socket, not into a buffer of our own: it counts against the socket's limit, and 'end' waits for it.
    if (passed < chunk.length) this.#socket.unshift(chunk.subarray(passed));
    this.#setHolding(passed < chunk.length);
    return passed === 0 ? null : chunk.subarray(0, passed);
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
    this.#onHold(holding);
  }
}
