/**
 * The control channel between the testbed and the processes that it supervises (Node's IPC, advanced serialization).
 * A component that runs alone has no such channel, and needs none.
 */
export type ToSimulator =
  /** The schedule's zero. In the past for a simulator that was killed and restarted: it joins at the next due message. */
  | { type: 'start'; at: number }
  /** Stop scheduling, wait for what is in flight, finish. */
  | { type: 'stop' };

export type FromSimulator =
  /** Every car of the first stage is connected, or was given up. */
  | { type: 'connected'; cars: number; seconds: number }
  /** fleet.ledger's bytes: one LedgerMarks record, every second and once at the end. */
  | { type: 'marks'; bytes: Uint8Array }
  /** The last stage is over and nothing is in flight, or the time to wait for it has passed. */
  | { type: 'finished' };

/** Every component says once that it takes work. */
export interface Ready {
  type: 'ready';
}
