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
  #isReady = false;
  /** Came before aedes was ready: of a client that it is letting in it takes no more than 42 packets. */
  #early: Buffer[] = [];

  /** @param name stands for the client in aedes */
  constructor(connection: MqttConnection, name: string) {
    super();
    this.connection = connection;
    this.#socket = connection.socket;
    this.push(mqtt.generate({ cmd: 'connect', clientId: name, clean: true, keepalive: 0 }));
  }

  /** aedes has enough to do. connection.pump() is called when it wants more. */
  get isFull(): boolean {
    return !this.#isReady || this.readableLength >= this.readableHighWaterMark;
  }

  /** Packets of the client, whole ones. */
  give(bytes: Buffer): void {
    if (this.#isReady) this.push(bytes);
    else this.#early.push(bytes);
  }

  /** aedes has let the client in. */
  ready(): void {
    this.#isReady = true;
    for (const bytes of this.#early) this.push(bytes);
    this.#early = [];
    process.nextTick(pump, this.connection);
  }

  override _read(): void {
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

/** What aedes has for this client's socket. */
export function sideOf(client: Client): AedesSide {
  return client.conn as unknown as AedesSide;
}

function pump(connection: MqttConnection): void {
  connection.pump();
}
