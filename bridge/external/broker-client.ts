import { readFile } from 'node:fs/promises';
import type { MqttClientOptions } from '#wire/mqtt-client.ts';
import type { BrokerConfig } from '../config.ts';

const connectTimeoutMs = 5_000;
/** Of what a bridge itself publishes at once: who serves, and one part of a release after the other. */
const inFlightLimit = 64;
/** Of an MQTT packet, beside its payload: fixed header, topic, packet id. */
const packetOverheadBytes = 1024;

/** How every connection of a bridge to the user's broker is made; the client id is for each to add. */
export async function brokerClient(
  config: BrokerConfig,
  maxFrameBytes: number,
): Promise<Omit<MqttClientOptions, 'clientId'>> {
  const { broker, username, password, tls, keepAlive } = config;
  return {
    ...broker,
    ...(username !== undefined && { username }),
    ...(password !== undefined && { password }),
    ...(tls && { tls: tls.ca === undefined ? {} : { ca: await readFile(tls.ca) } }),
    keepAliveSeconds: Math.max(1, Math.round(keepAlive / 1000)),
    connectTimeoutMs,
    inFlightLimit,
    maxPacketBytes: maxFrameBytes + packetOverheadBytes,
    reconnect: { minMs: 100, maxMs: 2_000 },
  };
}
