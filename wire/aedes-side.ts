import type { Socket } from 'node:net';
import { Duplex } from 'node:stream';
import type { Client } from 'aedes';
import mqtt from 'mqtt-packet';
import type { MqttConnection } from './mqtt-connection.ts';

const connackBytes = 4;

/**
 * What aedes has for the socket of a client that subscribes. Most clients only publish, and of those aedes knows nothing: its
 * object for a client and all that hangs on it cost more than the rest of a connection. The client is in already, so aedes
 * is told so by a CONNECT of ours, and its answer to that is kept back.
 */
export class AedesSide extends Duplex {
  readonly connection: MqttConnection;
  readonly #socket: Socket;
  #connackLeft = connackBytes;
  #isFull = false;

  /** @param name stands for the client in aedes */
  constructor(connection: MqttConnection, name: string) {
    super();
    this.connection = connection;
    this.#socket = connection.socket;
    this.give(mqtt.generate({ cmd: 'connect', clientId: name, clean: true, keepalive: 0 }));
  }

  /** aedes has enough to do. connection.pump() is called when it wants more. */
  get isFull(): boolean {
    return this.#isFull;
  }

  /** Packets of the client, whole ones. */
  give(bytes: Buffer): void {
    this.#isFull = !this.push(bytes);
  }

  override _read(): void {
    if (!this.#isFull) return;
    this.#isFull = false;
    process.nextTick(pump, this.connection);
  }

  override _write(bytes: Buffer, _encoding: string, written: () => void): void {
    const left = bytes.subarray(this.#connackLeft);
    this.#connackLeft -= bytes.length - left.length;
    if (left.length === 0 || this.#socket.write(left)) written();
    else this.#socket.once('drain', written);
  }

  override _writev(chunks: { chunk: Buffer }[], written: () => void): void {
    this._write(Buffer.concat(chunks.map(({ chunk }) => chunk)), 'buffer', written);
  }

  override _destroy(error: Error | null, done: (error?: Error | null) => void): void {
    this.#socket.destroy();
    done(error);
  }
}

/** Whose client aedes means. */
export function connectionOf(client: Client): MqttConnection {
  return (client.conn as unknown as AedesSide).connection;
}

function pump(connection: MqttConnection): void {
  connection.pump();
}
