import mqtt, { type IConnectPacket } from 'mqtt-packet';

/** Between two packets a parser remembers nothing: one serves all connections. */
let parser = newParser();
/** Of the packet that is being read. */
let read: { packet?: IConnectPacket; error?: Error } = {};

/**
 * @param bytes a whole CONNECT, of whatever version
 * @throws Error what is wrong with it
 */
export function readConnect(bytes: Buffer): IConnectPacket {
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
