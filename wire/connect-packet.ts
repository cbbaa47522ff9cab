import mqtt, { type IConnectPacket } from 'mqtt-packet';
import { lengthBytes, writeLength } from './mqtt-wire.ts';

/**
 * CONNECT, written and read. Every car and every edge sends the same kind: MQTT 3.1.1, a name and a password, and nothing
 * else but perhaps a last will. That kind without a will is written out here, because a fleet connects a hundred thousand times;
 * mqtt-packet does the rest. MQTT 3.1.1, section 3.1.
 */

const firstByte = 0x10;
/** "MQTT", level 4. */
const protocol = Buffer.from([0, 4, 0x4d, 0x51, 0x54, 0x54, 4]);
const userNameAndPassword = 0xc0;
const cleanSessionFlag = 0x02;
/** Where the flags are behind the fixed header; the keep-alive follows, and the three strings. */
const flagsAt = protocol.length;
const stringsAt = flagsAt + 3;
/** Remaining lengths below this take one byte or two. */
const plainLimit = 128 ** 2;

export interface MqttWill {
  topic: string;
  payload: Buffer;
  qos: 0 | 1;
  retain: boolean;
}

export interface OutgoingConnect {
  clientId: string;
  username: string | undefined;
  password: string | undefined;
  keepAliveSeconds: number;
  /** true: the broker forgets what it kept for this client id, and keeps nothing. */
  cleanSession: boolean;
  will: MqttWill | undefined;
}

export function encodeConnect(options: OutgoingConnect): Buffer {
  const { clientId, username, password, keepAliveSeconds, cleanSession, will } = options;
  if (username !== undefined && password !== undefined && will === undefined && clientId !== '') {
    const strings = [clientId, username, password];
    const length = strings.reduce((sum, text) => sum + 2 + Buffer.byteLength(text), stringsAt);
    if (length < plainLimit) return encodePlain(strings, length, keepAliveSeconds, cleanSession);
  }
  return mqtt.generate({
    cmd: 'connect',
    clientId,
    keepalive: keepAliveSeconds,
    clean: cleanSession,
    ...(username === undefined ? {} : { username }),
    ...(password === undefined ? {} : { password: Buffer.from(password) }),
    ...(will ? { will } : {}),
  });
}

function encodePlain(
  strings: string[],
  length: number,
  keepAliveSeconds: number,
  cleanSession: boolean,
): Buffer {
  const bytes = Buffer.allocUnsafe(1 + lengthBytes(length) + length);
  bytes[0] = firstByte;
  let at = writeLength(bytes, length, 1);
  at += protocol.copy(bytes, at);
  at = bytes.writeUInt8(userNameAndPassword | (cleanSession ? cleanSessionFlag : 0), at);
  at = bytes.writeUInt16BE(keepAliveSeconds, at);
  for (const text of strings) {
    const written = bytes.write(text, at + 2);
    bytes.writeUInt16BE(written, at);
    at += 2 + written;
  }
  return bytes;
}

/**
 * @param bytes a whole CONNECT, of whatever version
 * @throws Error what is wrong with it
 */
export function readConnect(bytes: Buffer): IConnectPacket {
  return readPlain(bytes) ?? readAny(bytes);
}

/** undefined: it is of another kind, or wrong. */
function readPlain(bytes: Buffer): IConnectPacket | undefined {
  const [first, low = 0, high = 0] = bytes;
  const start = low < 128 ? 2 : 3;
  if (first !== firstByte || (start === 3 && high >= 128) || bytes.length < start + stringsAt)
    return undefined;
  if (bytes.compare(protocol, 0, flagsAt, start, start + flagsAt) !== 0) return undefined;
  const flags = bytes[start + flagsAt] ?? 0;
  if ((flags & ~cleanSessionFlag) !== userNameAndPassword) return undefined;
  const idAt = start + stringsAt;
  const nameAt = endOfString(bytes, idAt);
  const passwordAt = endOfString(bytes, nameAt);
  if (endOfString(bytes, passwordAt) !== bytes.length) return undefined;
  return {
    cmd: 'connect',
    protocolId: 'MQTT',
    protocolVersion: 4,
    clean: flags !== userNameAndPassword,
    keepalive: bytes.readUInt16BE(start + flagsAt + 1),
    clientId: bytes.toString('utf8', idAt + 2, nameAt),
    username: bytes.toString('utf8', nameAt + 2, passwordAt),
    password: bytes.subarray(passwordAt + 2),
  };
}

/** Beyond the end where it is not whole. */
function endOfString(bytes: Buffer, at: number): number {
  return at + 2 + ((bytes[at] ?? 0) << 8) + (bytes[at + 1] ?? 0);
}

/** Between two packets a parser remembers nothing: one serves all connections. */
let parser = newParser();
/** Of the packet that is being read. */
let read: { packet?: IConnectPacket; error?: Error } = {};

function readAny(bytes: Buffer): IConnectPacket {
  read = {};
  parser.parse(bytes);
  const { packet, error } = read;
  if (packet !== undefined && error === undefined) return packet;
  parser = newParser();
  throw error ?? new Error('a CONNECT that does not end');
}

function newParser(): ReturnType<typeof mqtt.parser> {
  const made = mqtt.parser();
  made.on('packet', (packet) => (read.packet = packet as IConnectPacket));
  made.on('error', (error) => (read.error = error));
  return made;
}
