/**
 * Reads the fixed headers of a stream of MQTT 3.1.1 packets, and nothing else: it keeps no bytes. It stands before
 * the parser, which has no size limit of its own, and says how much of what came in may be handed on.
 */
export type PacketFault = 'oversized-packet' | 'malformed-packet' | 'qos-2';

/** The connection has to be closed: nothing after this can be read. */
export class PacketFaultError extends Error {
  override name = 'PacketFaultError';
  readonly fault: PacketFault;
  constructor(fault: PacketFault, message: string) {
    super(message);
    this.fault = fault;
  }
}

/** How many more PUBLISH packets may begin, and whether their bytes allow one more. */
export interface Room {
  publishes: number;
  bytes: number;
}

/** Before the client is accepted it may send a CONNECT and no more: a will and five strings, far below this. */
const maxConnectBytes = 16 * 1024;

const connect = 1;
const publish = 3;
/** What a client may send, by packet type: CONNECT, PUBLISH, PUBACK, SUBSCRIBE, UNSUBSCRIBE, PINGREQ, DISCONNECT. */
const fromClient = new Set([connect, publish, 4, 8, 10, 12, 14]);
/** PUBREC, PUBREL, PUBCOMP. */
const onlyQos2 = new Set([5, 6, 7]);

export class PacketGuard {
  /** PUBLISH packets that have begun, and their remaining lengths, since the start. */
  publishes = 0;
  publishBytes = 0;
  readonly #maxPacketBytes: number;
  #accepted = false;
  #begun = false;
  /** Type of the packet whose header is being read; 0 between packets and in a body. */
  #type = 0;
  #lengthBytes = 0;
  #length = 0;
  #bodyLeft = 0;

  constructor(maxPacketBytes: number) {
    this.#maxPacketBytes = maxPacketBytes;
  }

  /** The last packet that began has passed whole. */
  get isBetweenPackets(): boolean {
    return this.#begun && this.#type === 0 && this.#bodyLeft === 0;
  }

  /** From now on more than the CONNECT may pass. */
  accept(): void {
    this.#accepted = true;
  }

  /**
   * How many bytes from the start of `chunk` may be handed on; the caller keeps the rest and offers it again.
   * @throws PacketFaultError as soon as a header shows it, before the body has come in
   */
  admit(chunk: Buffer, room: Room): number {
    const publishesAtStart = this.publishes;
    const bytesAtStart = this.publishBytes;
    let at = 0;
    while (at < chunk.length) {
      if (this.#bodyLeft > 0) {
        const step = Math.min(this.#bodyLeft, chunk.length - at);
        this.#bodyLeft -= step;
        at += step;
      } else if (this.#type > 0) {
        this.#readLength(chunk[at++] ?? 0);
      } else {
        const first = chunk[at] ?? 0;
        if (this.#begun && !this.#accepted) return at;
        if (first >> 4 === publish) {
          if (this.publishes - publishesAtStart >= room.publishes) return at;
          if (this.publishBytes - bytesAtStart >= room.bytes) return at;
        }
        this.#begin(first);
        at++;
      }
    }
    return at;
  }

  #begin(first: number): void {
    const type = first >> 4;
    if (onlyQos2.has(type)) throw new PacketFaultError('qos-2', 'QoS 2 is not served');
    if (!fromClient.has(type)) throw new PacketFaultError('malformed-packet', `packet type ${type}`);
    if ((type === connect) === this.#begun) {
      const message = this.#begun ? 'a second CONNECT' : 'the first packet is not a CONNECT';
      throw new PacketFaultError('malformed-packet', message);
    }
    if (type === publish) {
      const qos = (first >> 1) & 3;
      if (qos === 2) throw new PacketFaultError('qos-2', 'QoS 2 is not served');
      if (qos === 3) throw new PacketFaultError('malformed-packet', 'QoS 3');
      this.publishes++;
    }
    this.#begun = true;
    this.#type = type;
    this.#length = 0;
    this.#lengthBytes = 0;
  }

  /** Seven bits a byte, the lowest first, at most four bytes (MQTT 3.1.1, section 2.2.3). */
  #readLength(byte: number): void {
    this.#length += (byte & 127) * 128 ** this.#lengthBytes++;
    const limit =
      this.#type === connect ? Math.min(maxConnectBytes, this.#maxPacketBytes) : this.#maxPacketBytes;
    const total = 1 + this.#lengthBytes + this.#length;
    if (total > limit)
      throw new PacketFaultError(
        'oversized-packet',
        `a packet of ${total} bytes or more, ${limit} are allowed`,
      );
    if (byte >= 128) {
      if (this.#lengthBytes === 4)
        throw new PacketFaultError('malformed-packet', 'a length of more than four bytes');
      return;
    }
    if (this.#type === publish) this.publishBytes += this.#length;
    this.#bodyLeft = this.#length;
    this.#type = 0;
  }
}
