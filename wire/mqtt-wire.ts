import mqtt from 'mqtt-packet';

/** The packets that are written and read most, written out; mqtt-packet does the rest. MQTT 3.1.1, chapter 3. */
export const pingRequest: Buffer = Buffer.from([0xc0, 0]);
export const disconnect: Buffer = Buffer.from([0xe0, 0]);

/** Payloads up to this are copied behind their header: one write. Larger ones are not copied: two. */
const copyLimitBytes = 4096;

export interface OutgoingPublish {
  topic: string;
  payload: Buffer;
  qos: 0 | 1;
  retain: boolean;
  dup: boolean;
  /** 1 to 65535; of no meaning at QoS 0. */
  id: number;
}

/** @returns the packet in one buffer, or its head and its payload */
export function encodePublish(message: OutgoingPublish): [Buffer] | [Buffer, Buffer] {
  const { topic, payload, qos, id } = message;
  const topicBytes = Buffer.byteLength(topic);
  const length = 2 + topicBytes + (qos > 0 ? 2 : 0) + payload.length;
  const copies = payload.length <= copyLimitBytes;
  const headBytes = 1 + lengthBytes(length) + length - payload.length;
  const bytes = Buffer.allocUnsafe(headBytes + (copies ? payload.length : 0));
  bytes[0] = 0x30 | (message.dup ? 8 : 0) | (qos << 1) | (message.retain ? 1 : 0);
  let at = writeLength(bytes, length, 1);
  at = bytes.writeUInt16BE(topicBytes, at);
  at += bytes.write(topic, at, 'utf8');
  if (qos > 0) at = bytes.writeUInt16BE(id, at);
  if (!copies) return [bytes, payload];
  payload.copy(bytes, at);
  return [bytes];
}

export function encodePuback(id: number): Buffer {
  return Buffer.from([0x40, 2, id >> 8, id & 255]);
}

export function encodeSubscribe(id: number, filter: string, qos: 0 | 1): Buffer {
  return mqtt.generate({ cmd: 'subscribe', messageId: id, subscriptions: [{ topic: filter, qos }] });
}

export function encodeUnsubscribe(id: number, filter: string): Buffer {
  return mqtt.generate({ cmd: 'unsubscribe', messageId: id, unsubscriptions: [filter] });
}

/** Bytes that a remaining length takes (MQTT 3.1.1, section 2.2.3). */
export function lengthBytes(length: number): number {
  if (length < 128) return 1;
  if (length < 128 ** 2) return 2;
  return length < 128 ** 3 ? 3 : 4;
}

/** @returns where the next byte goes */
export function writeLength(bytes: Buffer, length: number, at: number): number {
  let next = at;
  for (let rest = length; ; rest >>>= 7) {
    bytes[next++] = rest < 128 ? rest : (rest & 127) | 128;
    if (rest < 128) return next;
  }
}

/** What a broker sends to a client that asks for no more than QoS 1. */
export type Incoming =
  | { type: 'connack'; returnCode: number; sessionPresent: boolean }
  | { type: 'puback'; id: number }
  | { type: 'suback'; id: number; granted: number }
  | { type: 'unsuback'; id: number }
  | { type: 'publish'; id: number; qos: number; topic: string; payload: Buffer }
  | { type: 'pingresp' };

export class MalformedError extends Error {
  override name = 'MalformedError';
}

/**
 * Cuts what comes in into whole packets. It keeps nothing between two packets, which is where nearly every read ends, and takes
 * no reference to the buffer that it is given: many sockets may share one.
 */
export class PacketReader {
  readonly #maxPacketBytes: number;
  #partial: Buffer | undefined;

  constructor(maxPacketBytes: number) {
    this.#maxPacketBytes = maxPacketBytes;
  }

  /** Forgets what it has of a packet that will not be completed. */
  reset(): void {
    this.#partial = undefined;
  }

  /**
   * Calls `onPacket` for every packet that is whole, until it says false.
   * @param arrived bytes of `chunk`, from its beginning
   * @throws MalformedError
   */
  read(chunk: Buffer, arrived: number, onPacket: (packet: Incoming) => boolean): void {
    const partial = this.#partial;
    const bytes = partial ? Buffer.concat([partial, chunk.subarray(0, arrived)]) : chunk;
    const until = partial ? bytes.length : arrived;
    this.#partial = undefined;
    let at = 0;
    while (at < until) {
      const end = this.#endOfPacket(bytes, at, until);
      if (end === undefined || end > until) {
        this.#partial = Buffer.from(bytes.subarray(at, until));
        return;
      }
      if (!onPacket(decode(bytes, at, end))) return;
      at = end;
    }
  }

  #endOfPacket(bytes: Buffer, start: number, until: number): number | undefined {
    let length = 0;
    for (let n = 1; n <= 4; n++) {
      if (start + n >= until) return undefined;
      const byte = bytes[start + n]!;
      length += (byte & 127) << (7 * (n - 1));
      if (length > this.#maxPacketBytes)
        throw new MalformedError(`a packet of more than ${this.#maxPacketBytes} bytes`);
      if (byte < 128) return start + 1 + n + length;
    }
    throw new MalformedError('a length of more than four bytes');
  }
}

function decode(bytes: Buffer, start: number, end: number): Incoming {
  const first = bytes[start] ?? 0;
  const short = end - start === 4;
  if (first === 0x40 && short) return { type: 'puback', id: bytes.readUInt16BE(start + 2) };
  if (first === 0xd0 && end - start === 2) return { type: 'pingresp' };
  if (first === 0x20 && short) {
    const [flags = 0, returnCode = 0] = bytes.subarray(start + 2, end);
    return { type: 'connack', returnCode, sessionPresent: (flags & 1) === 1 };
  }
  if (first === 0x90 && end - start === 5)
    return { type: 'suback', id: bytes.readUInt16BE(start + 2), granted: bytes[start + 4] ?? 0x80 };
  if (first === 0xb0 && short) return { type: 'unsuback', id: bytes.readUInt16BE(start + 2) };
  if (first >> 4 === 3) return decodePublish(Buffer.from(bytes.subarray(start, end)));
  throw new MalformedError(`packet type ${first >> 4} of ${end - start} bytes`);
}

/** One parser for all clients: it is given whole packets only, so it remembers nothing from one to the next. */
const parser = mqtt.parser();
let outcome: mqtt.Packet | Error | undefined;
parser.on('packet', (packet) => {
  outcome ??= packet;
});
parser.on('error', (error: Error) => {
  outcome = error;
});

function parse(bytes: Buffer): mqtt.Packet | Error | undefined {
  outcome = undefined;
  parser.parse(bytes);
  return outcome;
}

function decodePublish(bytes: Buffer): Incoming {
  const packet = parse(bytes);
  if (packet instanceof Error) throw new MalformedError(packet.message);
  if (packet?.cmd !== 'publish' || packet.qos === 2 || packet.topic === '')
    throw new MalformedError('not a PUBLISH of QoS 0 or 1');
  const { topic, payload, qos, messageId } = packet;
  return { type: 'publish', id: messageId ?? 0, qos, topic, payload: payload as Buffer };
}
