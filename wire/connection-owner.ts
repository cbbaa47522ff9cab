import type { IConnectPacket } from 'mqtt-packet';
import type { AedesSide } from './aedes-side.ts';
import type { MqttConnection } from './mqtt-connection.ts';
import type { PacketFaultError } from './packet-guard.ts';
import type { CutPublish } from './publish-cutter.ts';

/** What the broker allows each connection. */
export interface ConnectionLimits {
  maxPacketBytes: number;
  maxHeld: number;
  maxHeldBytes: number;
  /** Until its CONNECT has come. */
  connectTimeoutMs: number;
  /** How long it may leave our answers unread. */
  drainTimeoutMs: number;
}

/** What all connections of a broker hold together: summed up here, because there are too many to ask each. */
export interface HeldTally {
  messages: number;
  bytes: number;
}

export type Silence = 'connect-timeout' | 'keep-alive-timeout' | 'slow-reader';

/** Who is told; one for all connections. */
export interface ConnectionOwner {
  readonly held: HeldTally;
  /** Accepts it or refuses it. */
  onConnect(connection: MqttConnection, packet: IConnectPacket): void;
  /** In order of arrival. Its PUBACK waits for `settle`. */
  onPublish(connection: MqttConnection, publish: CutPublish, settle: (error?: Error) => void): void;
  /** It sends what aedes answers. */
  openAedes(connection: MqttConnection): AedesSide;
  /** A message was settled with an error: nothing more of this client is wanted. */
  onRejected(connection: MqttConnection, topic: string, error: Error): void;
  /** It sent what may not be read: nothing more is. */
  onFault(connection: MqttConnection, error: PacketFaultError): void;
  onSilence(connection: MqttConnection, silence: Silence): void;
  /** Something waits in the socket that may not be read yet, or no longer. */
  onHold(connection: MqttConnection, holding: boolean): void;
  /** Its socket has closed. */
  onClosed(connection: MqttConnection): void;
}
