import { decodeFrameHeader } from '#contract/frame.ts';
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
  readonly #frames: DurableFrame[] = [];
  /** Behind the newest frame in memory: the next one that belongs here. */
  #nextPosition: number;
  #bytes = 0;
  #reading = false;
  #closed = false;

  constructor(options: SendQueueOptions) {
    this.#options = options;
    this.#nextPosition = options.outbox.firstPosition;
  }

  get bytes(): number {
    return this.#bytes;
  }

  /** A frame became durable: kept, if it is the next one and there is room. */
  offer(frame: DurableFrame): void {
    if (frame.position === this.#nextPosition && !this.#reading && this.#bytes < this.#options.maxBytes) {
      this.#push(frame);
    }
  }

  /** The next frame to send; undefined when there is none, or none in memory yet (onReady follows). */
  peek(): DurableFrame | undefined {
    this.#readBack();
    return this.#frames[0];
  }

  shift(): void {
    this.#bytes -= this.#frames.shift()?.bytes.length ?? 0;
  }

  close(): void {
    this.#closed = true;
  }

  #push(frame: DurableFrame): void {
    this.#frames.push(frame);
    this.#bytes += frame.bytes.length;
    this.#nextPosition = frame.position + 1;
  }

  /** Well before the last frame in memory is sent, so that the link does not wait for the disk. */
  #readBack(): void {
    const { outbox, chunkBytes } = this.#options;
    if (this.#reading || this.#closed || this.#nextPosition >= outbox.nextPosition) return;
    if (this.#bytes >= chunkBytes) return;
    this.#reading = true;
    void this.#read();
  }

  async #read(): Promise<void> {
    const { outbox, chunkBytes } = this.#options;
    try {
      const stored = await outbox.read(this.#nextPosition, chunkBytes);
      if (stored[0]?.position !== this.#nextPosition) {
        throw new Error(`the frame at position ${this.#nextPosition} is missing`);
      }
      for (const { position, bytes } of stored) this.#push(decode(position, bytes));
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
