import type { FrameEntry } from '#contract/frame.ts';
import type { Settle } from '#wire/guarded-broker.ts';
import type { PackedRows } from './packed-rows.ts';

/** What will become one frame: entries that came close together, who waits for them, and the rows that go with them. */
export class Group {
  readonly openedAt: number;
  readonly entries: FrameEntry[] = [];
  readonly #settles: Settle[] = [];
  readonly #rows: PackedRows[] = [];
  bytes = 0;

  constructor(now: number) {
    this.openedAt = now;
  }

  /** @param bytes what the entries take in a frame */
  add(entries: readonly FrameEntry[], bytes: number, rows: PackedRows, settle: Settle): void {
    for (const entry of entries) this.entries.push(entry);
    this.bytes += bytes;
    if (rows.length > 0) this.#rows.push(rows);
    this.#settles.push(settle);
  }

  /** Somebody more waits for it, with nothing of their own to store. */
  join(settle: Settle): void {
    this.#settles.push(settle);
  }

  get rows(): PackedRows {
    return Buffer.concat(this.#rows);
  }

  /** It is durable: tells everyone, in the order of arrival. */
  settle(): void {
    for (const settle of this.#settles) settle();
  }
}
