import type { TestContext } from 'node:test';
import { connectAsync, type IClientOptions, type MqttClient as MqttJs } from 'mqtt';
import mqtt, { type Packet } from 'mqtt-packet';

/** A client of another make. */
export async function connectMqttJs(
  t: TestContext,
  port: number,
  options: IClientOptions = {},
): Promise<MqttJs> {
  const client = await connectAsync({
    host: '127.0.0.1',
    port,
    protocol: 'mqtt',
    protocolVersion: 4,
    clientId: 'car',
    username: 'car',
    password: 'secret',
    reconnectPeriod: 0,
    ...options,
  });
  client.on('error', () => undefined);
  t.after(() => client.end(true));
  return client;
}

export const connectPacket = mqtt.generate({
  cmd: 'connect',
  clientId: 'car',
  username: 'car',
  password: Buffer.from('secret'),
  keepalive: 60,
});

export function publishPacket(
  n: number,
  overrides: { topic?: string; qos?: 0 | 1 | 2; dup?: boolean } = {},
): Buffer {
  const packet = { cmd: 'publish', topic: 't/car', qos: 1, dup: false, retain: false, messageId: n } as const;
  return mqtt.generate({ ...packet, payload: Buffer.from(String(n)), ...overrides });
}

export function packetsOf(bytes: Buffer): Packet[] {
  const packets: Packet[] = [];
  const parser = mqtt.parser();
  parser.on('packet', (packet) => packets.push(packet));
  parser.parse(bytes);
  return packets;
}

/** Packet ids of the PUBACKs among the answers. */
export function acknowledged(bytes: Buffer): number[] {
  return packetsOf(bytes)
    .filter(({ cmd }) => cmd === 'puback')
    .map(({ messageId }) => messageId ?? 0);
}
