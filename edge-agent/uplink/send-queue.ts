import { decodeFrameHeader } from '#contract/frame.ts';
import { BoundedQueue } from '#runtime/bounded-queue.ts';
import type { DurableFrame, Outbox } from '../outbox/outbox.ts';

/**
 * Frames to be sent next, in order: recent ones are kept in memory as they become durable; what does not fit stays on disk
 * and is read back in chunks when its turn comes.
 */
export interface SendQueueOptions {
  outbox: Pick<Outbox, 'read' | 'nextPosition' | 'firstPosition'>;
  /** Of frames in memory that were not handed to the client yet. */
  maxBytes: number;
  chunkBytes: number;
  /** Frames are there again. */
  onReady(): void;
  /** The file cannot be read back. */
  onError(error: unknown): void;
}

export class SendQueue {
  readonly #options: SendQueueOptions;
  readonly #frames: BoundedQueue<DurableFrame>;
  /** Behind the newest frame in memory: the next one that belongs here. */
  #nextPosition: number;
  #reading = false;
  /** What was read back last did not fit: nothing is read until a frame has left. */
  #isFull = false;
  #closed = false;
  /** Frames may be dropped right now: none is given out. */
  #held = false;

  constructor(options: SendQueueOptions) {
    this.#options = options;
    const { maxBytes } = options;
    this.#frames = new BoundedQueue({
      name: 'uplink',
      limitBytes: maxBytes,
      // A frame larger than the whole memory goes alone.
      sizeOf: (frame) => Math.min(frame.bytes.length, maxBytes),
      policy: 'push-back',
    });
    this.#nextPosition = options.outbox.firstPosition;
  }

  get bytes(): number {
    return this.#frames.bytes;
  }

  /** A frame became durable: kept, if it is the next one and there is room. */
  offer(frame: DurableFrame): void {
    if (frame.position === this.#nextPosition && !this.#reading) this.#push(frame);
  }

  /** The next frame to send; undefined when there is none, or none in memory yet (onReady follows). */
  peek(): DurableFrame | undefined {
    if (this.#held) return undefined;
    this.#readBack();
    return this.#frames.peek();
  }

  shift(): void {
    this.#frames.take(1);
    this.#isFull = false;
  }

  /** Gives out nothing until `release`. @returns the position of the next frame to send */
  hold(): number {
    this.#held = true;
    return this.#frames.peek()?.position ?? this.#nextPosition;
  }

  /** Goes on, without the frames that were dropped meanwhile: all up to this position, or none. */
  release(lastDropped: number | null): void {
    this.#held = false;
    if (lastDropped !== null) {
      for (let next = this.#frames.peek(); next && next.position <= lastDropped; next = this.#frames.peek())
        this.shift();
      this.#nextPosition = Math.max(this.#nextPosition, lastDropped + 1);
    }
    if (!this.#closed) this.#options.onReady();
  }

  close(): void {
    this.#closed = true;
  }

  /** @returns false when there is no room: it stays on disk, and those behind it */
  #push(frame: DurableFrame): boolean {
    const isTaken = this.#frames.offer(frame);
    if (isTaken) this.#nextPosition = frame.position + 1;
    return isTaken;
  }

  /** Well before the last frame in memory is sent, so that the link does not wait for the disk. */
  #readBack(): void {
    const { outbox, chunkBytes } = this.#options;
    if (this.#reading || this.#closed || this.#isFull || this.#nextPosition >= outbox.nextPosition) return;
    if (this.#frames.bytes >= chunkBytes) return;
    this.#reading = true;
    void this.#read();
  }

  async #read(): Promise<void> {
    const { outbox, chunkBytes } = this.#options;
    const from = this.#nextPosition;
    try {
      const stored = await outbox.read(from, chunkBytes);
      // Else they were dropped meanwhile.
      if (from === this.#nextPosition) {
        if (stored[0]?.position !== from) throw new Error(`the frame at position ${from} is missing`);
        this.#isFull = !stored.every(({ position, bytes }) => this.#push(decode(position, bytes)));
      }
      this.#reading = false;
      if (!this.#closed) this.#options.onReady();
    } catch (error) {
      if (!this.#closed) this.#options.onError(error);
    }
  }
}

/** @throws FrameError when the bytes are not those that were written */
function decode(position: number, stored: Uint8Array): DurableFrame {
  const bytes = Buffer.from(stored.buffer, stored.byteOffset, stored.byteLength);
  const { epoch, number, createdAt } = decodeFrameHeader(bytes);
  return { position, epoch, number, createdAt, bytes };
}
