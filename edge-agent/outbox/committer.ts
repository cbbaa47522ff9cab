import { setTimeout as sleep } from 'node:timers/promises';
import type { Backlog } from './backlog.ts';
import type { Dropped, EvictionOptions, RoomRequest, Told } from './evictions.ts';
import type { PackedRows } from './packed-rows.ts';
import { StoreError, type StoreThread } from './store-thread.ts';

export interface CommitterOptions {
  thread: StoreThread;
  backlog: Backlog;
  eviction: EvictionOptions | undefined;
  onCommitted(tookMs: number): void;
  /** Commits fail and are tried again (why), or succeed again (null). */
  onTrouble(why: string | null): void;
  /** Nothing is tried again from then on. */
  closing: AbortSignal;
}

/** What is to become durable together. */
export interface Commit {
  frame: { position: number; number: number; bytes: Uint8Array };
  rows: PackedRows;
  /** Of the entries in the frame: what room is made for. */
  entryBytes: number;
  /** What this frame says of frames that were dropped before. Nothing is dropped for such a frame. */
  told: Told | undefined;
}

/** no-room: all is in flight, as of the frames that were acknowledged then. given-up: the outbox was closed. */
export type CommitOutcome =
  | { kind: 'durable'; forgotten: number; dropped: Dropped | null; untold: boolean }
  | { kind: 'no-room'; acknowledged: number }
  | { kind: 'given-up' };

const retry = { minMs: 100, maxMs: 5000 };

/** Makes frames durable, one after the other: each is tried until the disk has taken it. */
export class Committer {
  readonly #options: CommitterOptions;

  constructor(options: CommitterOptions) {
    this.#options = options;
  }

  /** @throws StoreError `damaged`, or what ended the thread: trying again does not help */
  async commit({ frame, rows, entryBytes, told }: Commit): Promise<CommitOutcome> {
    const options = this.#options;
    const { thread, backlog, eviction, closing } = options;
    for (let waitMs = retry.minMs, failures = 0; ; failures++, waitMs = Math.min(waitMs * 2, retry.maxMs)) {
      const { acknowledged } = backlog;
      const room = told ? undefined : this.#holdForRoom(entryBytes);
      try {
        const { tookMs, dropped, untold } = await thread.commit({
          frame,
          rows,
          acknowledged,
          room,
          told,
        });
        if (room) this.#dropped(dropped);
        options.onCommitted(tookMs);
        if (failures > 0) options.onTrouble(null);
        return { kind: 'durable', forgotten: acknowledged, dropped, untold };
      } catch (error) {
        // Nothing was dropped.
        if (room) eviction?.release(null);
        if (closing.aborted) return { kind: 'given-up' };
        if (!(error instanceof StoreError) || error.kind === 'damaged') throw error;
        if (error.kind === 'no-room') {
          if (failures > 0) options.onTrouble(null);
          return { kind: 'no-room', acknowledged };
        }
        if (failures === 0) options.onTrouble(error.kind === 'full' ? 'the disk is full' : error.message);
        await sleep(waitMs, undefined, { signal: closing }).catch(() => {});
        if (closing.aborted) return { kind: 'given-up' };
      }
    }
  }

  /** Where frames have to leave: nothing is sent meanwhile, so that none of them is in flight. */
  #holdForRoom(bytes: number): RoomRequest | undefined {
    const { eviction, backlog } = this.#options;
    if (eviction?.whenFull !== 'drop-oldest' || !backlog.isShort(bytes)) return undefined;
    return backlog.roomBehind(eviction.hold());
  }

  #dropped(dropped: Dropped | null): void {
    const { eviction, backlog } = this.#options;
    if (dropped) {
      backlog.dropped(dropped);
      eviction?.onDropped(dropped);
    }
    eviction?.release(dropped?.last ?? null);
  }
}
