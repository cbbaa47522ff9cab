/**
 * The control channel between the testbed and the processes that it supervises (Node's IPC, advanced serialization).
 * A component that runs alone has no such channel, and needs none.
 */
export type ToSimulator =
  /** The schedule's zero. In the past for a simulator that was killed and restarted: it joins at the next due message, connected or not. */
  | { type: 'start'; at: number }
  /** Stop scheduling, wait for what is in flight, finish. */
  | { type: 'stop' };

export type FromSimulator =
  /** Every car of the first stage is connected, or was given up. */
  | { type: 'connected'; cars: number; seconds: number }
  /** fleet.ledger's bytes: one LedgerMarks record, every second and once at the end. */
  | { type: 'marks'; bytes: Uint8Array }
  /** fleet.ledger's bytes: one Spoiled record, with the marks and before them. */
  | { type: 'spoiled'; bytes: Uint8Array }
  /** fleet.truth's bytes: one Truth record, at the onset of a failure and again when one of its later times is known. */
  | { type: 'truth'; bytes: Uint8Array }
  /** The last stage is over and nothing is in flight, or the time to wait for it has passed. */
  | { type: 'finished' };

export type ToEdge =
  /** Its disk is full, or has room again: a fault of the timeline. */
  { type: 'disk'; full: boolean };

export type ToTrainer =
  /**
   * Learn from what Kafka appended since then (ms since 1970), and publish. Asked again when a trainer came back that
   * did not answer. `above`: the highest counter that was heard of; an earlier life's release of this history with a
   * higher one is the answer, and is not made twice.
   */
  { type: 'train'; since: number; above: number };

export type FromTrainer =
  /** Published, and desired of every edge that is known. */
  | { type: 'released'; release: Release }
  /** Nothing was published, and why, in words. */
  | { type: 'refused'; reason: string };

/** What the cloud says of a release that it published. */
export interface Release {
  id: string;
  counter: number;
  trainedOnReadings: number;
  /** null: an earlier life of the trainer made it, and did not live to say. */
  trainSeconds: number | null;
  /** ms since 1970. */
  publishedAt: number;
}

/** Every component says once that it takes work. */
export interface Ready {
  type: 'ready';
}
