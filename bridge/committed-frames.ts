import type { CommittedPosition, FramePosition } from '#contract/records.ts';

/**
 * What a frame is, beside those of its edge that are in Kafka already. `gap` is written like `next`: who left numbers out
 * does not have them any more. An edge's outbox limit does so, and the edge says it; a broker of the user's own may.
 */
export type FrameVerdict = 'next' | 'gap' | 'duplicate';

/** An edge renews its epoch when its outbox is created or repaired: this many are remembered, the oldest goes first. */
const epochLimit = 16;

/**
 * The last committed number of each epoch of one edge. Not of the last epoch alone: an edge whose outbox was repaired
 * sends the old epoch's last frames, then the new epoch's, and after a reconnect it begins again with the old ones.
 */
export class CommittedFrames {
  readonly #lastByEpoch: Map<string, number>;

  constructor(lastByEpoch: ReadonlyMap<string, number> = new Map()) {
    this.#lastByEpoch = new Map(lastByEpoch);
  }

  /** A copy that can be thrown away when the transaction fails. */
  copy(): CommittedFrames {
    return new CommittedFrames(this.#lastByEpoch);
  }

  /** What fleet.frames says of the edge; null when nothing is committed. */
  get position(): CommittedPosition | null {
    const positions = [...this.#lastByEpoch].map(([epoch, number]) => ({ epoch, number }));
    const last = positions.pop();
    return last ? { ...last, earlier: positions } : null;
  }

  judge(frame: FramePosition): FrameVerdict {
    const last = this.#lastByEpoch.get(frame.epoch);
    // Nothing is known of what came before a new epoch's first frame, so no number is a gap.
    if (last === undefined) return 'next';
    if (frame.number <= last) return 'duplicate';
    return frame.number === last + 1 ? 'next' : 'gap';
  }

  /** Numbers only grow within an epoch: an older position changes nothing. */
  note(position: FramePosition): void {
    const last = this.#lastByEpoch.get(position.epoch) ?? 0;
    if (position.number <= last) return;
    this.#lastByEpoch.delete(position.epoch);
    this.#lastByEpoch.set(position.epoch, position.number);
    const [oldest] = this.#lastByEpoch.keys();
    if (this.#lastByEpoch.size > epochLimit && oldest !== undefined) this.#lastByEpoch.delete(oldest);
  }
}
