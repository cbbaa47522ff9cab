/** Less than this says more of the garbage collector than of a leak. */
const leastSeconds = 300;
const secondsPerHour = 3600;
/** Points that are kept of one life, so that a run of any length takes the same memory. */
const mostPoints = 240;

/** Samples that are one point: their sums. */
interface Point {
  samples: number;
  t: number;
  bytes: number;
}

interface Life {
  pid: number | undefined;
  firstT: number;
  lastT: number;
  /** Of one point; it doubles when there are too many of them. */
  spanSeconds: number;
  points: Point[];
}

/**
 * How fast each process's memory grows: the median of the slopes between any two moments (Theil, Sen) of the second half of
 * the schedule, when caches and pools have filled. A line of least squares would take a large collection that comes just then,
 * and what fills up again behind it, for growth. A process that is started again begins anew.
 */
export class MemorySlopes {
  readonly #from: number;
  readonly #to: number;
  readonly #lives = new Map<string, Life>();

  /** @param scheduleSeconds from the schedule's zero to its end */
  constructor(scheduleSeconds: number) {
    this.#from = scheduleSeconds / 2;
    this.#to = scheduleSeconds;
  }

  /** @param t seconds since the schedule's zero */
  take(t: number, name: string, pid: number | undefined, rssBytes: number): void {
    if (t < this.#from || t > this.#to) return;
    let life = this.#lives.get(name);
    if (!life || life.pid !== pid) {
      life = { pid, firstT: t, lastT: t, spanSeconds: 1, points: [] };
      this.#lives.set(name, life);
    }
    life.lastT = t;
    const place = (): number => Math.floor((t - life.firstT) / life.spanSeconds);
    while (place() >= mostPoints) {
      life.spanSeconds *= 2;
      life.points = pairs(life.points);
    }
    const point = (life.points[place()] ??= { samples: 0, t: 0, bytes: 0 });
    point.samples++;
    point.t += t - life.firstT;
    point.bytes += rssBytes;
  }

  /** Bytes an hour; null for a process that was watched for less than five minutes. */
  perHour(name: string): number | null {
    const life = this.#lives.get(name);
    if (!life || life.lastT - life.firstT < leastSeconds) return null;
    const means = life.points
      .filter((point) => point !== undefined)
      .map(({ samples, t, bytes }) => ({ t: t / samples, bytes: bytes / samples }));
    const slopes = means.flatMap((from, index) =>
      means.slice(index + 1).map((to) => (to.bytes - from.bytes) / (to.t - from.t)),
    );
    return Math.round(median(slopes) * secondsPerHour);
  }
}

/** Each two neighbours as one. A second without a sample leaves a hole. */
function pairs(points: readonly (Point | undefined)[]): Point[] {
  const joined: Point[] = [];
  for (const [index, point] of points.entries()) {
    if (!point) continue;
    const into = (joined[index >> 1] ??= { samples: 0, t: 0, bytes: 0 });
    into.samples += point.samples;
    into.t += point.t;
    into.bytes += point.bytes;
  }
  return joined;
}

function median(values: readonly number[]): number {
  const sorted = Float64Array.from(values).sort();
  const middle = sorted.length >> 1;
  const upper = sorted[middle] ?? 0;
  return sorted.length % 2 === 1 ? upper : (upper + (sorted[middle - 1] ?? upper)) / 2;
}
