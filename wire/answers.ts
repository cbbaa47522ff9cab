import type { Socket } from 'node:net';

/** Before a packet id. */
const pubackHead = 0x4002_0000;
const pingResponse = 0xd000;

interface SilentClient {
  fallSilent(silence: 'slow-reader'): void;
}

/** What a broker says to a client that publishes: CONNACK, PUBACKs and PINGRESPs. */
export class Answers {
  readonly #socket: Socket;
  readonly #client: SilentClient;
  readonly #timeoutMs: number;
  /** Packet ids to be acknowledged at the end of this turn. */
  #acks: number[] = [];
  /** PINGREQs to be answered then. */
  #pings = 0;
  #unread: NodeJS.Timeout | undefined;

  /** @param timeoutMs how long the client may leave our answers unread */
  constructor(socket: Socket, client: SilentClient, timeoutMs: number) {
    this.#socket = socket;
    this.#client = client;
    this.#timeoutMs = timeoutMs;
  }

  accept(): void {
    this.#write(connack(0));
  }

  /** And nothing more. @param returnCode of MQTT 3.1.1, table 3.1 */
  refuse(returnCode: number): void {
    this.#write(connack(returnCode));
    this.#socket.destroySoon();
  }

  acknowledge(id: number): void {
    this.#writeInThisTurn();
    this.#acks.push(id);
  }

  ping(): void {
    this.#writeInThisTurn();
    this.#pings++;
  }

  /** They have been read. */
  drained(): void {
    clearTimeout(this.#unread);
    this.#unread = undefined;
  }

  end(): void {
    clearTimeout(this.#unread);
  }

  /** All PUBACKs of a turn in one write, and PINGRESPs behind them: one says that all before it has been read. */
  write(): void {
    const ids = this.#acks;
    const pings = this.#pings;
    this.#acks = [];
    this.#pings = 0;
    if (!this.#socket.writable) return;
    const bytes = Buffer.allocUnsafe(ids.length * 4 + pings * 2);
    let at = 0;
    for (const id of ids) at = bytes.writeUInt32BE(pubackHead + id, at);
    for (let n = 0; n < pings; n++) at = bytes.writeUInt16BE(pingResponse, at);
    this.#write(bytes);
  }

  #writeInThisTurn(): void {
    if (this.#acks.length + this.#pings === 0) process.nextTick(write, this);
  }

  #write(bytes: Buffer): void {
    if (this.#socket.write(bytes)) return;
    this.#unread ??= setTimeout(() => this.#client.fallSilent('slow-reader'), this.#timeoutMs);
  }
}

/** No session is ever kept. */
function connack(returnCode: number): Buffer {
  return Buffer.from([0x20, 2, 0, returnCode]);
}

function write(answers: Answers): void {
  answers.write();
}
