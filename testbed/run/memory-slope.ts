/** Less than this says more of the garbage collector than of a leak. */
const leastSeconds = 300;
const secondsPerHour = 3600;

/** What a least-squares line needs of the points of one life, so that a run of any length takes the same memory. */
interface Sums {
  pid: number | undefined;
  firstT: number;
  lastT: number;
  points: number;
  t: number;
  bytes: number;
  tt: number;
  tBytes: number;
}

/**
 * How fast each process's memory grows: a least-squares line through its RSS of every second in the second half of the
 * schedule, when caches and pools have filled. A process that is started again begins anew.
 */
export class MemorySlopes {
  readonly #from: number;
  readonly #to: number;
  readonly #sums = new Map<string, Sums>();

  /** @param scheduleSeconds from the schedule's zero to its end */
  constructor(scheduleSeconds: number) {
    this.#from = scheduleSeconds / 2;
    this.#to = scheduleSeconds;
  }

  /** @param t seconds since the schedule's zero */
  take(t: number, name: string, pid: number | undefined, rssBytes: number): void {
    if (t < this.#from || t > this.#to) return;
    let sums = this.#sums.get(name);
    if (!sums || sums.pid !== pid) {
      sums = { pid, firstT: t, lastT: t, points: 0, t: 0, bytes: 0, tt: 0, tBytes: 0 };
      this.#sums.set(name, sums);
    }
    // From its own beginning: sums of squares of small numbers stay exact.
    const own = t - sums.firstT;
    sums.lastT = t;
    sums.points++;
    sums.t += own;
    sums.bytes += rssBytes;
    sums.tt += own * own;
    sums.tBytes += own * rssBytes;
  }

  /** Bytes an hour; null for a process that was watched for less than five minutes. */
  perHour(name: string): number | null {
    const sums = this.#sums.get(name);
    if (!sums || sums.lastT - sums.firstT < leastSeconds) return null;
    const { points, t, bytes, tt, tBytes } = sums;
    const slope = (points * tBytes - t * bytes) / (points * tt - t * t);
    return Math.round(slope * secondsPerHour);
  }
}
