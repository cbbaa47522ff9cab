import type { Socket } from 'node:net';
import type { Line, Rider } from './line.ts';

/** So much may wait for its time in one direction of a connection; above it the sender is held back. */
export const maxWaitingBytes = 1024 * 1024;

interface Waiting {
  /** By performance.now(). */
  dueAt: number;
  /** `end`: the sender has ended its half. `gone`: it was closed without an end. */
  what: Buffer | 'end' | 'gone';
}

/**
 * One direction of one connection, from socket to socket over a line. Order is kept, an end comes after all that was sent
 * before it, and a receiver that does not read holds its sender back.
 */
export class Flow implements Rider {
  readonly #source: Socket;
  readonly #sink: Socket;
  readonly #line: Line;
  #waiting: Waiting[] = [];
  #waitingBytes = 0;
  #lastDueAt = 0;
  #sinkIsFull = false;
  #hasAsked = false;
  #timer: NodeJS.Timeout | undefined;

  constructor(source: Socket, sink: Socket, line: Line) {
    this.#source = source;
    this.#sink = sink;
    this.#line = line;
    let hasEnded = false;
    source.on('data', (chunk: Buffer) => this.#take(chunk));
    source.on('end', () => {
      hasEnded = true;
      this.#take('end');
    });
    source.on('close', (hadError) => {
      if (!hasEnded || hadError) this.#take('gone');
    });
    sink.on('drain', () => {
      this.#sinkIsFull = false;
      this.pump();
    });
    sink.on('close', () => this.#drop());
  }

  /** Sends what is due. Called whenever that may be more than before: also when the line has changed. */
  pump(): void {
    clearTimeout(this.#timer);
    this.#holdBack();
    const head = this.#waiting[0];
    if (!head || this.#hasAsked || this.#sinkIsFull) return;
    // On a line that is slow no longer, nothing waits for a time that was set before.
    const waitMs = this.#line.isSlow ? head.dueAt - performance.now() : 0;
    if (waitMs > 0) {
      this.#timer = setTimeout(() => this.pump(), Math.ceil(waitMs));
      return;
    }
    this.#hasAsked = true;
    this.#line.ask(this);
  }

  send(maxBytes: number): number {
    this.#hasAsked = false;
    const head = this.#waiting[0];
    if (!head) return 0;
    let sent = 0;
    if (typeof head.what === 'string') {
      this.#waiting.shift();
      if (head.what === 'end') this.#sink.end();
      else this.#sink.destroySoon();
    } else {
      const part = head.what.subarray(0, maxBytes);
      sent = part.length;
      if (sent === head.what.length) this.#waiting.shift();
      else head.what = head.what.subarray(sent);
      this.#waitingBytes -= sent;
      this.#sinkIsFull = !this.#sink.write(part);
    }
    this.pump();
    return sent;
  }

  #take(what: Waiting['what']): void {
    if (this.#sink.destroyed) return;
    // Never before what came earlier, whatever the jitter.
    const dueAt = this.#line.isSlow
      ? Math.max(this.#lastDueAt, performance.now() + this.#line.delayMs())
      : performance.now();
    this.#lastDueAt = dueAt;
    this.#waiting.push({ dueAt, what });
    if (typeof what !== 'string') this.#waitingBytes += what.length;
    this.pump();
  }

  #holdBack(): void {
    const isFull = this.#sinkIsFull || this.#waitingBytes > maxWaitingBytes;
    if (isFull === this.#source.isPaused()) return;
    if (isFull) this.#source.pause();
    else this.#source.resume();
  }

  #drop(): void {
    clearTimeout(this.#timer);
    this.#waiting = [];
    this.#waitingBytes = 0;
  }
}
