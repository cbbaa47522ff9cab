import type { Socket } from 'node:net';
import { atTurnEnd, type TurnEnder } from './turn-end.ts';

/** What is written to a socket in one turn leaves in one system call. */
export class TurnWriter implements TurnEnder {
  readonly #socket: Socket;
  // One buffer a turn is usual. An array that waited empty for the next turn would grow old and be garbage by then, each time.
  #first: Buffer | undefined;
  #more: Buffer[] | undefined;
  #bytes = 0;

  constructor(socket: Socket) {
    this.#socket = socket;
  }

  /** As much waits as may. There is room again at the latest when the socket says 'drain'. */
  get isFull(): boolean {
    return this.#bytes >= this.#socket.writableHighWaterMark || this.#socket.writableNeedDrain;
  }

  write(bytes: Buffer): void {
    this.#bytes += bytes.length;
    if (this.#first !== undefined) {
      this.#more ??= [];
      this.#more.push(bytes);
      return;
    }
    this.#first = bytes;
    atTurnEnd(this);
  }

  endTurn(): void {
    this.flush();
  }

  /** Without waiting for the end of the turn. */
  flush(): void {
    const first = this.#first;
    const more = this.#more;
    this.#first = undefined;
    this.#more = undefined;
    this.#bytes = 0;
    const socket = this.#socket;
    if (first === undefined || socket.destroyed) return;
    if (more === undefined) {
      socket.write(first);
      return;
    }
    socket.cork();
    socket.write(first);
    for (const part of more) socket.write(part);
    socket.uncork();
  }
}
