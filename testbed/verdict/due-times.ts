/** Under 1 KB a session at most. */
const maxKnots = 32;

/**
 * When the messages of one session were due, as far as a few of them tell: the first, the last, and those on both sides
 * of each gap; what lies between two is taken to be evenly spread. Beyond `maxKnots` the oldest gaps become inexact.
 */
export class DueTimes {
  /** seq, ms since 1970, seq, ms, … ascending. The last pair moves with the session. */
  #knots: number[] = [];

  /** A message that is not behind the last one; others say nothing new. */
  seen(seq: number, at: number): void {
    const knots = this.#knots;
    if (knots.length === 0) {
      // Written so, it takes four numbers' room and no more.
      this.#knots = [seq, at, seq, at];
      return;
    }
    const lastSeq = knots.at(-2) ?? 0;
    if (seq <= lastSeq) return;
    if (seq === lastSeq + 1) {
      knots[knots.length - 2] = seq;
      knots[knots.length - 1] = at;
      return;
    }
    knots.push(seq, at, seq, at);
    if (knots.length / 2 > maxKnots) knots.splice(2, 4);
  }

  /** When `seq` was due, ms since 1970; null where nothing is known of its session. */
  at(seq: number): number | null {
    const knots = this.#knots;
    if (knots.length === 0) return null;
    let right = 0;
    while (right < knots.length - 2 && this.#number(right) < seq) right += 2;
    const inside = right > 0 && this.#number(right) >= seq;
    // Before the first and behind the last: as the whole session went.
    const [from, to] = inside ? [right - 2, right] : [0, knots.length - 2];
    const steps = this.#number(to) - this.#number(from);
    const stepMs = steps === 0 ? 0 : (this.#number(to + 1) - this.#number(from + 1)) / steps;
    const near = this.#number(0) > seq ? 0 : to;
    return Math.round(this.#number(near + 1) + (seq - this.#number(near)) * stepMs);
  }

  #number(index: number): number {
    return this.#knots[index] ?? Number.NaN;
  }
}
