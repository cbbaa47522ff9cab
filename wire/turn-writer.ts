import type { Socket } from 'node:net';

/** Those that have something to write at the end of this turn. */
let waiting: TurnWriter[] = [];

/** What is written to a socket in one turn leaves in one system call; one look at the end of a turn serves all sockets. */
export class TurnWriter {
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
    if (waiting.length === 0) process.nextTick(flushAll);
    waiting.push(this);
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

function flushAll(): void {
  const writers = waiting;
  waiting = [];
  for (const writer of writers) writer.flush();
}
