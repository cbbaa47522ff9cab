import type { Socket } from 'node:net';

/** Those that have something to write at the end of this turn. */
let waiting: TurnWriter[] = [];

/** What is written to a socket in one turn leaves in one system call; one look at the end of a turn serves all sockets. */
export class TurnWriter {
  readonly #socket: Socket;
  #parts: Buffer[] = [];
  #bytes = 0;

  constructor(socket: Socket) {
    this.#socket = socket;
  }

  /** As much waits as may. There is room again at the latest when the socket says 'drain'. */
  get isFull(): boolean {
    return this.#bytes >= this.#socket.writableHighWaterMark || this.#socket.writableNeedDrain;
  }

  write(bytes: Buffer): void {
    if (this.#parts.length === 0) {
      if (waiting.length === 0) process.nextTick(flushAll);
      waiting.push(this);
    }
    this.#parts.push(bytes);
    this.#bytes += bytes.length;
  }

  /** Without waiting for the end of the turn. */
  flush(): void {
    const parts = this.#parts;
    if (parts.length === 0) return;
    this.#parts = [];
    this.#bytes = 0;
    const socket = this.#socket;
    if (socket.destroyed) return;
    socket.cork();
    for (const part of parts) socket.write(part);
    socket.uncork();
  }
}

function flushAll(): void {
  const writers = waiting;
  waiting = [];
  for (const writer of writers) writer.flush();
}
