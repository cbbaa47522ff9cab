import { ProblemList } from './problem-list.ts';
import type { Session } from './session.ts';

/** One of them, as it was seen. */
interface Sighting {
  session: Session;
  seq: number;
  /** ms since 1970 */
  seenMs: number;
}

/** Beyond that they are only counted; 60 bytes each. */
const maxSightings = 100_000;

/**
 * Messages that were found behind a later one of their session. What was held back on purpose is none of them, but
 * nobody may have said so yet when it is found.
 */
export class OutOfOrder {
  #sightings: Sighting[] = [];
  #excusedSinceSweep = 0;
  /** Those that were not on purpose. */
  count = 0;

  seen(session: Session, seq: number, seenMs: number): void {
    this.count++;
    if (this.#sightings.length >= maxSightings) this.#sweep();
    if (this.#sightings.length < maxSightings) this.#sightings.push({ session, seq, seenMs });
  }

  /** One that was seen was held back on purpose; its session knows which. */
  excuse(): void {
    this.count--;
    this.#excusedSinceSweep++;
  }

  problems(): ProblemList {
    const list = new ProblemList('reordered');
    const kept = this.#sightings.filter(isProblem);
    for (const { session, seq, seenMs } of kept) list.add(session, { from: seq, to: seq }, seenMs);
    list.omitted += this.count - kept.length;
    return list;
  }

  /** Only when it frees much: else each new one would look at all of them. */
  #sweep(): void {
    if (this.#excusedSinceSweep < maxSightings / 10) return;
    this.#sightings = this.#sightings.filter(isProblem);
    this.#excusedSinceSweep = 0;
  }
}

function isProblem({ session, seq }: Sighting): boolean {
  return !session.isHeldBack(seq);
}
