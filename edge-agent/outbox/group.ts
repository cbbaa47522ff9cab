import type { FrameEntry } from '#contract/frame.ts';
import type { Settle } from '#wire/guarded-broker.ts';
import type { WindowRow } from '../window/recent.ts';

/** What will become one frame: entries that came close together, who waits for them, the windows as of the last one. */
export class Group {
  readonly openedAt: number;
  readonly entries: FrameEntry[] = [];
  readonly #settles: Settle[] = [];
  readonly #windows = new Map<string, Uint8Array | null>();
  bytes = 0;

  constructor(now: number) {
    this.openedAt = now;
  }

  /** @param bytes what the entries take in a frame */
  add(entries: readonly FrameEntry[], bytes: number, windows: readonly WindowRow[], settle: Settle): void {
    for (const entry of entries) this.entries.push(entry);
    this.bytes += bytes;
    for (const [vin, window] of windows) this.#windows.set(vin, window);
    this.#settles.push(settle);
  }

  /** Somebody more waits for it, with nothing of their own to store. */
  join(settle: Settle): void {
    this.#settles.push(settle);
  }

  get windows(): WindowRow[] {
    return [...this.#windows];
  }

  /** It is durable: tells everyone, in the order of arrival. */
  settle(): void {
    for (const settle of this.#settles) settle();
  }
}
