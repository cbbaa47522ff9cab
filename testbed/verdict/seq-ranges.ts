/** Consecutive seqs, both ends included. */
export interface SeqRange {
  from: number;
  to: number;
}

/** 16 bytes a range: the most that one session can take is 64 KB. */
const defaultMaxRanges = 4096;

/**
 * A set of seqs as ranges: while nothing is missing it is one range, whatever its length. Beyond `maxRanges` the lowest
 * gap is given up: its seqs stay missing for good, even when one of them turns up later.
 */
export class SeqRanges {
  /** from, to, from, to, … ascending, never touching each other. */
  #ends: number[] = [];
  readonly #maxRanges: number;
  /** Distinct seqs that were added. */
  count = 0;
  #givenUp: SeqRange | undefined;
  #givenUpCount = 0;

  constructor(maxRanges: number = defaultMaxRanges) {
    this.#maxRanges = maxRanges;
  }

  /** Highest seq, 0 while empty. */
  get max(): number {
    return this.#ends.at(-1) ?? 0;
  }

  /** How many missing seqs are only counted any more. */
  get givenUpCount(): number {
    return this.#givenUpCount;
  }

  /** The span in which they lie. */
  get givenUp(): SeqRange | undefined {
    return this.#givenUp;
  }

  has(seq: number): boolean {
    return this.#end(this.#firstEndingAt(seq) * 2) <= seq;
  }

  /** @returns false when it was there already, or lies in a gap that was given up */
  add(seq: number): boolean {
    const ends = this.#ends;
    const max = this.max;
    if (seq === max + 1) {
      // Written so, it takes two numbers' room and no more.
      if (max === 0) this.#ends = [seq, seq];
      else ends[ends.length - 1] = seq;
    } else if (seq > max) {
      ends.push(seq, seq);
    } else if (!this.#insert(seq)) {
      return false;
    }
    this.count++;
    while (this.#ends.length / 2 > this.#maxRanges) this.#giveUpLowestGap();
    return true;
  }

  /**
   * Adds all of a range, however long it is. Gives up no gap: where there would be too many ranges it takes nothing.
   * @returns how many of its seqs are new
   */
  addRange({ from, to }: SeqRange): number {
    const ends = this.#ends;
    const [first, behind] = [this.#firstEndingAt(from - 1), this.#firstEndingAt(to + 1)];
    // Ranges that it overlaps or touches become one with it.
    const last = this.#end(behind * 2) <= to + 1 ? behind : behind - 1;
    if (first > last && ends.length / 2 >= this.#maxRanges) return 0;
    let [joinedFrom, joinedTo, known] = [from, to, 0];
    for (let i = first * 2; i <= last * 2; i += 2) {
      joinedFrom = Math.min(joinedFrom, this.#end(i));
      joinedTo = Math.max(joinedTo, this.#end(i + 1));
      known += Math.max(0, Math.min(to, this.#end(i + 1)) - Math.max(from, this.#end(i)) + 1);
    }
    ends.splice(first * 2, (last - first + 1) * 2, joinedFrom, joinedTo);
    const added = to - from + 1 - known;
    this.count += added;
    return added;
  }

  *ranges(): Generator<SeqRange> {
    for (let i = 0; i < this.#ends.length; i += 2) yield { from: this.#end(i), to: this.#end(i + 1) };
  }

  /** Into or between the ranges below the highest seq. */
  #insert(seq: number): boolean {
    const ends = this.#ends;
    const at = this.#firstEndingAt(seq) * 2;
    if (this.#end(at) <= seq) return false;
    const joinsLeft = at > 0 && this.#end(at - 1) === seq - 1;
    const joinsRight = this.#end(at) === seq + 1;
    if (joinsLeft && joinsRight) ends.splice(at - 1, 2);
    else if (joinsLeft) ends[at - 1] = seq;
    else if (joinsRight) ends[at] = seq;
    else ends.splice(at, 0, seq, seq);
    return true;
  }

  /** Which range is the first that ends at or behind seq: it holds seq, or lies behind it. */
  #firstEndingAt(seq: number): number {
    let low = 0;
    let high = this.#ends.length / 2;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if (this.#end(middle * 2 + 1) < seq) low = middle + 1;
      else high = middle;
    }
    return low;
  }

  #giveUpLowestGap(): void {
    const first = this.#end(0);
    const gap = first > 1 ? { from: 1, to: first - 1 } : { from: this.#end(1) + 1, to: this.#end(2) - 1 };
    if (first > 1) this.#ends[0] = 1;
    else this.#ends.splice(1, 2);
    this.#givenUp = { from: this.#givenUp?.from ?? gap.from, to: gap.to };
    this.#givenUpCount += gap.to - gap.from + 1;
  }

  #end(index: number): number {
    return this.#ends[index] ?? Number.NaN;
  }
}

/** Every seq from 1 to `upTo` that is in none of the sets, as ranges. */
export function missingFrom(upTo: number, ...sets: readonly SeqRanges[]): SeqRange[] {
  const found = sets.flatMap((set) => Array.from(set.ranges())).sort((a, b) => a.from - b.from);
  const missing: SeqRange[] = [];
  let next = 1;
  for (const { from, to } of found) {
    if (from > upTo) break;
    if (from > next) missing.push({ from: next, to: from - 1 });
    next = Math.max(next, to + 1);
  }
  if (next <= upTo) missing.push({ from: next, to: upTo });
  return missing;
}

export function lengthOf(ranges: readonly SeqRange[]): number {
  return ranges.reduce((sum, { from, to }) => sum + to - from + 1, 0);
}

/** The first `n` seqs of the ranges, and the rest. */
export function splitAfter(ranges: readonly SeqRange[], n: number): [first: SeqRange[], rest: SeqRange[]] {
  const first: SeqRange[] = [];
  const rest: SeqRange[] = [];
  let left = n;
  for (const { from, to } of ranges) {
    const taken = Math.min(left, to - from + 1);
    if (taken > 0) first.push({ from, to: from + taken - 1 });
    if (from + taken <= to) rest.push({ from: from + taken, to });
    left -= taken;
  }
  return [first, rest];
}

/** The seqs up to `limit`, and those above it. */
export function splitAt(ranges: readonly SeqRange[], limit: number): [upTo: SeqRange[], above: SeqRange[]] {
  return splitAfter(
    ranges,
    lengthOf(
      ranges.filter(({ from }) => from <= limit).map(({ from, to }) => ({ from, to: Math.min(to, limit) })),
    ),
  );
}
