import type { Eviction } from '#contract/ledger-records.ts';
import type { CommitRequest, Committed, StoreContents, StoredFrame } from './store.ts';

/** Between the outbox and the thread that owns its file. Requests are answered in the order in which they come. */
export type StoreRequest =
  | ({ type: 'commit' } & CommitRequest)
  | { type: 'forget'; acknowledged: number }
  | { type: 'eviction'; edge: string; at: number }
  | { type: 'read'; from: number; maxBytes: number }
  /** A fault of the testbed: the disk is full, or has room again. */
  | { type: 'disk'; full: boolean }
  | { type: 'close' };

/** What a request of another kind would have given is empty. */
export interface StoreResult {
  frames: StoredFrame[];
  committed: Committed | null;
  eviction: Eviction | null;
}

export type StoreAnswer =
  | ({ type: 'done'; tookMs: number } & StoreResult)
  | { type: 'failed'; failure: StoreFailure };

/** The first thing that the thread says. */
export type StoreOpened =
  | { type: 'opened'; contents: StoreContents; windows: [vin: string, window: Uint8Array][] }
  | { type: 'failed'; failure: StoreFailure };

/** Errors lose their class between threads. */
export interface StoreFailure {
  /** damaged: only a new start, which repairs the file, helps. full: the disk is. no-room: all is in flight. */
  kind: 'damaged' | 'full' | 'no-room' | 'other';
  words: string;
}
