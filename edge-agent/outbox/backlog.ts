import assert from 'node:assert/strict';
import type { Dropped } from './evictions.ts';
import { addGap, passGaps, type Gap } from './gaps.ts';
import type { StoreContents } from './store.ts';

/** The books on what is on disk and not acknowledged by the bridge: how much it is, and where it begins and ends. */
export class Backlog {
  readonly #maxBytes: number;
  readonly #gaps: Gap[] = [];
  #nextNumber: number;
  #nextPosition: number;
  #acknowledged: number;
  #frames: number;
  #bytes: number;

  /** @param maxBytes of the frames */
  constructor(contents: StoreContents, maxBytes: number) {
    this.#maxBytes = maxBytes;
    this.#nextNumber = contents.nextNumber;
    this.#nextPosition = contents.nextPosition;
    this.#acknowledged = contents.firstPosition - 1;
    this.#frames = contents.frames;
    this.#bytes = contents.bytes;
  }

  get frames(): number {
    return this.#frames;
  }

  get bytes(): number {
    return this.#bytes;
  }

  /** The bridge has all frames up to this position that were not dropped. */
  get acknowledged(): number {
    return this.#acknowledged;
  }

  /** Behind the newest frame that is durable. */
  get nextPosition(): number {
    return this.#nextPosition;
  }

  /** Of the next frame to be written. */
  get nextNumber(): number {
    return this.#nextNumber;
  }

  /** Is there no room for so many more? A frame that is larger than the limit goes alone. */
  isShort(bytes: number): boolean {
    return this.#bytes > 0 && this.#bytes + bytes > this.#maxBytes;
  }

  /** How much has to leave so that a new frame fits. @param firstUnsent where nothing is in flight any more */
  roomBehind(firstUnsent: number): { after: number; bytes: number; maxBytes: number } {
    return { after: firstUnsent - 1, bytes: this.#bytes, maxBytes: this.#maxBytes };
  }

  /** The next frame is durable. */
  added(bytes: number): void {
    this.#nextNumber += 1;
    this.#nextPosition += 1;
    this.#frames += 1;
    this.#bytes += bytes;
  }

  /** The bridge has this frame, the next one in order. */
  acknowledge(position: number, bytes: number): void {
    assert.equal(position, this.#acknowledged + 1);
    this.#acknowledged = passGaps(this.#gaps, position);
    this.#frames -= 1;
    this.#bytes -= bytes;
  }

  dropped(dropped: Dropped): void {
    this.#frames -= dropped.frames;
    this.#bytes -= dropped.bytes;
    addGap(this.#gaps, dropped);
    this.#acknowledged = passGaps(this.#gaps, this.#acknowledged);
  }
}
