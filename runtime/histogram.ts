/**
 * A histogram of bounded size whose buckets grow by 2^(1/16) (4.4 %), from 0.01 to more than a day in milliseconds.
 * Every histogram has the same buckets, so histograms of many processes merge exactly by adding counts.
 */
const firstBound = 0.01;
const bucketsPerDoubling = 16;
const doublings = 34;
const boundCount = doublings * bucketsPerDoubling + 1;

const bounds: readonly number[] = Array.from(
  { length: boundCount },
  (_, index) => firstBound * 2 ** (index / bucketsPerDoubling),
);

export class LogHistogram {
  /** Inclusive upper bounds, ascending; what lies above the last is counted in one bucket more. */
  static readonly bucketUpperBounds: readonly number[] = bounds;

  readonly #counts = new Float64Array(boundCount + 1);
  #count = 0;
  #sum = 0;
  #max = 0;

  /**
   * From Prometheus' form: pairs of upper bound (Infinity for the last) and the count of all values up to it,
   * ascending; empty buckets may be left out.
   * @throws RangeError when a bound is not one of ours or counts fall
   */
  static fromBuckets(
    cumulative: Iterable<readonly [number, number]>,
    sum: number,
    max: number,
  ): LogHistogram {
    const histogram = new LogHistogram();
    let before = 0;
    for (const [bound, upTo] of cumulative) {
      const bucket = bound === Infinity ? boundCount : bucketOf(bound);
      if (bound !== Infinity && Math.abs(boundAt(bucket) - bound) > bound * 1e-9) {
        throw new RangeError(`${bound} is no bucket's upper bound`);
      }
      if (!(upTo >= before)) throw new RangeError(`the count up to ${bound} falls from ${before} to ${upTo}`);
      histogram.#counts[bucket] = (histogram.#counts[bucket] ?? 0) + (upTo - before);
      before = upTo;
    }
    histogram.#count = before;
    histogram.#sum = sum;
    histogram.#max = max;
    return histogram;
  }

  /** A negative value (two machines' clocks differ) counts as 0. @throws RangeError for NaN: our own bug */
  record(value: number, count = 1): void {
    if (Number.isNaN(value)) throw new RangeError('a histogram takes no NaN');
    const positive = Math.max(0, value);
    const bucket = bucketOf(positive);
    this.#counts[bucket] = (this.#counts[bucket] ?? 0) + count;
    this.#count += count;
    this.#sum += positive * count;
    if (positive > this.#max) this.#max = positive;
  }

  merge(other: LogHistogram): void {
    for (let i = 0; i <= boundCount; i++) {
      this.#counts[i] = (this.#counts[i] ?? 0) + (other.#counts[i] ?? 0);
    }
    this.#count += other.#count;
    this.#sum += other.#sum;
    this.#max = Math.max(this.#max, other.#max);
  }

  /**
   * What came to this histogram after `earlier`, a former state of it. Its maximum is known no better than its highest
   * bucket, unless it is a new maximum.
   */
  since(earlier: LogHistogram): LogHistogram {
    const later = new LogHistogram();
    for (let bucket = 0; bucket <= boundCount; bucket++) {
      const added = Math.max(0, (this.#counts[bucket] ?? 0) - (earlier.#counts[bucket] ?? 0));
      if (added === 0) continue;
      later.#counts[bucket] = added;
      later.#count += added;
      later.#max = Math.min(this.#max, boundAt(bucket));
    }
    later.#sum = Math.max(0, this.#sum - earlier.#sum);
    if (later.#count > 0 && this.#max > earlier.#max) later.#max = this.#max;
    return later;
  }

  /**
   * The value below which the share `q` (0 to 1) of all values lies: interpolated inside its bucket, so within 4.4 %,
   * and never above the maximum. NaN when nothing was recorded.
   */
  quantile(q: number): number {
    if (this.#count === 0) return Number.NaN;
    const rank = Math.min(1, Math.max(0, q)) * this.#count;
    let below = 0;
    for (let bucket = 0; bucket < boundCount; bucket++) {
      const inside = this.#counts[bucket] ?? 0;
      if (inside > 0 && below + inside >= rank) {
        const lower = bucket === 0 ? 0 : boundAt(bucket - 1);
        const share = Math.max(0, rank - below) / inside;
        return Math.min(this.#max, lower + (boundAt(bucket) - lower) * share);
      }
      below += inside;
    }
    return this.#max;
  }

  get count(): number {
    return this.#count;
  }

  /** Largest value; 0 when nothing was recorded. */
  get max(): number {
    return this.#max;
  }

  get sum(): number {
    return this.#sum;
  }

  /** Upper bound (Infinity for the last) and count up to it, of every bucket that is not empty. */
  *cumulativeBuckets(): Generator<[bound: number, upTo: number]> {
    let upTo = 0;
    for (let bucket = 0; bucket <= boundCount; bucket++) {
      const inside = this.#counts[bucket] ?? 0;
      if (inside === 0) continue;
      upTo += inside;
      yield [boundAt(bucket), upTo];
    }
  }

  reset(): void {
    this.#counts.fill(0);
    this.#count = 0;
    this.#sum = 0;
    this.#max = 0;
  }
}

function bucketOf(value: number): number {
  if (value <= firstBound) return 0;
  if (value > boundAt(boundCount - 1)) return boundCount;
  // The logarithm may be off by one unit in the last place at a bound; the bounds themselves decide.
  let bucket = Math.ceil(Math.log2(value / firstBound) * bucketsPerDoubling);
  if (bucket > 0 && value <= boundAt(bucket - 1)) bucket -= 1;
  else if (value > boundAt(bucket)) bucket += 1;
  return bucket;
}

function boundAt(bucket: number): number {
  return bounds[bucket] ?? Infinity;
}
