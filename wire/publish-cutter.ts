/** A PUBLISH of QoS 0 or 1. */
export interface CutPublish {
  topic: string;
  /** A view into what came in. */
  payload: Buffer;
  qos: 0 | 1;
  dup: boolean;
  retain: boolean;
  /** Packet id; of no meaning at QoS 0. */
  id: number;
  /** Its remaining length. */
  bytes: number;
}

const publishType = 3;
/** First bytes of packets whose length is 0. */
const pingRequest = 0xc0;
const disconnect = 0xe0;
const numberSign = 0x23;
const plusSign = 0x2b;
const slash = 0x2f;
/** aedes' own limit. */
const maxTopicLevels = 100;

/** Who the packets are for. */
export interface PacketTaker {
  /** @returns false: the rest is not wanted any more */
  takePublish(publish: CutPublish): boolean;
  takePing(): void;
  /** Nothing is read behind it. */
  takeDisconnect(): void;
}

/**
 * Takes PUBLISH, PINGREQ and DISCONNECT out of a client's stream, which are nearly all of it, and leaves the rest to aedes. So
 * a message costs neither a general parser nor a round through aedes. What is not as it should be is left to aedes too, which
 * says no.
 *
 * The stream has passed a PacketGuard: its fixed headers are sound, and its packets are no larger than they may be.
 */
export class PublishCutter {
  /** Of a packet that is not whole yet. */
  #parts: Buffer[] = [];
  #partBytes = 0;
  /** How long it will be; 0 while its header is not whole. */
  #wholeBytes = 0;
  /** Something was left to aedes that ends the connection: so is all that follows. */
  #givenUp = false;
  /** A client says the same topic again and again: it is looked at once, and stays one string. */
  #topic = '';

  /**
   * @param taker is called for every packet of its own that is whole, in order
   * @returns the other packets that are whole, or null when there are none
   */
  cut(chunk: Buffer, taker: PacketTaker): Buffer | null {
    if (this.#givenUp) return chunk;
    const bytes = this.#whole(chunk);
    if (bytes === null) return null;
    const others: Buffer[] = [];
    for (let at = 0; at < bytes.length;) {
      const end = endOfPacket(bytes, at);
      if (end === 0 || end > bytes.length) {
        this.#keep(bytes.subarray(at), end === 0 ? 0 : end - at);
        break;
      }
      if (bytes[at]! >> 4 === publishType) {
        const publish = readPublish(bytes, at, end, this.#topic);
        if (publish === null) {
          this.#givenUp = true;
          others.push(bytes.subarray(at));
          break;
        }
        this.#topic = publish.topic;
        if (!taker.takePublish(publish)) return null;
      } else if (bytes[at] === pingRequest && end - at === 2) {
        taker.takePing();
      } else if (bytes[at] === disconnect && end - at === 2) {
        taker.takeDisconnect();
        return null;
      } else {
        others.push(bytes.subarray(at, end));
      }
      at = end;
    }
    if (others.length < 2) return others[0] ?? null;
    return Buffer.concat(others);
  }

  /** With what was kept before; null while that is not enough. */
  #whole(chunk: Buffer): Buffer | null {
    if (this.#parts.length === 0) return chunk;
    this.#parts.push(chunk);
    this.#partBytes += chunk.length;
    if (this.#partBytes < this.#wholeBytes) return null;
    const bytes = Buffer.concat(this.#parts);
    this.#keep(null, 0);
    return bytes;
  }

  #keep(part: Buffer | null, wholeBytes: number): void {
    this.#parts = part ? [part] : [];
    this.#partBytes = part?.length ?? 0;
    this.#wholeBytes = wholeBytes;
  }
}

/** @returns 0 when the header is not whole */
function endOfPacket(bytes: Buffer, start: number): number {
  let length = 0;
  for (let at = start + 1, shift = 0; at < bytes.length; at++, shift += 7) {
    const byte = bytes[at]!;
    length |= (byte & 127) << shift;
    if (byte < 128) return at + 1 + length;
  }
  return 0;
}

/** @returns null for what MQTT 3.1.1 (3.3.2) or aedes does not allow */
function readPublish(bytes: Buffer, start: number, end: number, lastTopic: string): CutPublish | null {
  const flags = bytes[start]!;
  const qos = (flags & 2) === 0 ? 0 : 1;
  let at = start + 1;
  while (bytes[at]! >= 128) at++;
  const body = ++at;
  if (end - body < 2 + 2 * qos) return null;
  const topicAt = at + 2;
  const topicEnd = topicAt + bytes.readUInt16BE(at);
  const payloadAt = topicEnd + 2 * qos;
  if (payloadAt > end) return null;
  const isKnown = isText(lastTopic, bytes, topicAt, topicEnd);
  if (!isKnown && !isTopic(bytes, topicAt, topicEnd)) return null;
  const topic = isKnown ? lastTopic : bytes.toString('utf8', topicAt, topicEnd);
  const id = qos === 0 ? 0 : bytes.readUInt16BE(topicEnd);
  if (qos === 1 && id === 0) return null;
  return {
    topic,
    payload: bytes.subarray(payloadAt, end),
    qos,
    dup: (flags & 8) !== 0,
    retain: (flags & 1) !== 0,
    id,
    bytes: end - body,
  };
}

/** Only where it is of ASCII. */
function isText(text: string, bytes: Buffer, from: number, to: number): boolean {
  if (to - from !== text.length || text === '') return false;
  for (let at = 0; at < text.length; at++) {
    const byte = bytes[from + at]!;
    if (byte > 127 || byte !== text.charCodeAt(at)) return false;
  }
  return true;
}

function isTopic(bytes: Buffer, from: number, to: number): boolean {
  let levels = 1;
  for (let at = from; at < to; at++) {
    const byte = bytes[at]!;
    if (byte === numberSign || byte === plusSign) return false;
    if (byte === slash) levels++;
  }
  return to > from && levels <= maxTopicLevels;
}
