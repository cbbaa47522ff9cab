import type { MessagePort } from 'node:worker_threads';
import type { SimulatorConfig } from '../config.ts';
import type { CountsSinceLast } from './counts.ts';

/** What a worker thread is given: a shard is a task that ends with the schedule. */
export interface ShardTask {
  config: SimulatorConfig;
  /** Which of the process's workers. */
  worker: number;
  /** Name of the shard, in marks and logs. */
  name: string;
  port: MessagePort;
}

/** Main thread -> shard. */
export type ToShard =
  /** The schedule's zero, ms since 1970. */
  { type: 'start'; at: number } | { type: 'stop' };

/** Shard -> main thread. */
export type FromShard =
  /** Every car of the first stage is connected or given up. */
  | { type: 'connected'; cars: number; seconds: number }
  /** A LedgerMarks record. */
  | { type: 'marks'; bytes: Uint8Array }
  /** A Spoiled record, before the marks that count its messages. */
  | { type: 'spoiled'; bytes: Uint8Array }
  /** A Truth record. */
  | { type: 'truth'; bytes: Uint8Array }
  | ({ type: 'report' } & ShardReport)
  /** The schedule is over and nothing is in flight, or the time to wait for it is. */
  | { type: 'finished' };

export interface ShardReport extends CountsSinceLast {
  /** Now. */
  connected: number;
  unacked: number;
  pending: number;
  /** Cars that read nothing from their connection, on purpose. */
  deaf: number;
  eventLoopDelayP99Ms: number;
}
