import type { MessagePort } from 'node:worker_threads';
import type { Block } from './block.ts';
import type { GeneratePlan } from './plan.ts';
import type { TruthRow } from './truth-row.ts';

/** What a worker thread is given: one long task. */
export interface WorkerTask {
  plan: GeneratePlan;
  /** Bytes of this worker that may wait to be written. */
  aheadBytes: number;
  port: MessagePort;
}

/** Main thread -> worker. */
export type ToWorker =
  | { type: 'live'; segment: number }
  /** So many bytes of its blocks are out. */
  | { type: 'written'; bytes: number }
  | { type: 'end' };

/** Worker -> main thread. */
export type FromWorker =
  | { type: 'block'; segment: number; block: Block }
  /** All blocks of the segment have gone before. */
  | { type: 'done'; segment: number; truths: TruthRow[] };
