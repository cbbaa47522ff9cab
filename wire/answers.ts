import type { Socket } from 'node:net';
import { atTurnEnd, type TurnEnder } from './turn-end.ts';

/** Before a packet id. */
const pubackHead = 0x4002_0000;
const pingResponse = 0xd000;

interface SilentClient {
  fallSilent(silence: 'slow-reader'): void;
}

/** What a broker says to a client that publishes: CONNACK, PUBACKs and PINGRESPs. */
export class Answers implements TurnEnder {
  readonly #socket: Socket;
  readonly #client: SilentClient;
  readonly #timeoutMs: number;
  /** Packet ids to be acknowledged at the end of this turn; 0: none. One a turn is usual, as in turn-writer.ts. */
  #firstAck = 0;
  #moreAcks: number[] | undefined;
  /** PINGREQs to be answered then. */
  #pings = 0;
  #unread: NodeJS.Timeout | undefined;

  /** @param timeoutMs how long the client may leave our answers unread */
  constructor(socket: Socket, client: SilentClient, timeoutMs: number) {
    this.#socket = socket;
    this.#client = client;
    this.#timeoutMs = timeoutMs;
  }

  /** The socket's buffer is full. */
  get areUnread(): boolean {
    return this.#unread !== undefined;
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
    if (this.#firstAck === 0) {
      this.#firstAck = id;
      return;
    }
    this.#moreAcks ??= [];
    this.#moreAcks.push(id);
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
  endTurn(): void {
    const first = this.#firstAck;
    const more = this.#moreAcks ?? [];
    const pings = this.#pings;
    this.#firstAck = 0;
    this.#moreAcks = undefined;
    this.#pings = 0;
    if (!this.#socket.writable) return;
    const acks = first === 0 ? 0 : 1 + more.length;
    const bytes = Buffer.allocUnsafe(acks * 4 + pings * 2);
    let at = first === 0 ? 0 : bytes.writeUInt32BE(pubackHead + first, 0);
    for (const id of more) at = bytes.writeUInt32BE(pubackHead + id, at);
    for (let n = 0; n < pings; n++) at = bytes.writeUInt16BE(pingResponse, at);
    this.#write(bytes);
  }

  #writeInThisTurn(): void {
    if (this.#firstAck + this.#pings === 0) atTurnEnd(this);
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
