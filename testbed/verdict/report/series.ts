import type { SecondQuantiles, SecondSample } from '../second.ts';

/** More points than pixels help nobody: longer runs show several seconds as one point. */
const maxPoints = 600;

export interface Timeseries {
  /** One point a second, or one every few: `secondsPerPoint`. */
  points: SecondSample[];
  secondsPerPoint: number;
}

/**
 * The samples since the schedule's zero. Where several become one point, rates and fill levels are averaged, and
 * latencies keep the worst p99: a peak must not vanish because a run was long.
 */
export function timeseries(samples: readonly SecondSample[]): Timeseries {
  const counted = samples.filter((sample) => sample.t >= 0);
  const secondsPerPoint = Math.max(1, Math.ceil(counted.length / maxPoints));
  const points: SecondSample[] = [];
  for (let from = 0; from < counted.length; from += secondsPerPoint) {
    const point = merged(counted.slice(from, from + secondsPerPoint));
    if (point) points.push(point);
  }
  return { points, secondsPerPoint };
}

function merged(group: readonly SecondSample[]): SecondSample | undefined {
  const last = group.at(-1);
  if (!last || group.length === 1) return last;
  const mean = (pick: (sample: SecondSample) => number): number =>
    group.reduce((sum, sample) => sum + pick(sample), 0) / group.length;
  const worst = (pick: (sample: SecondSample) => SecondQuantiles): SecondQuantiles => {
    const known = group.map(pick).filter((quantiles) => quantiles !== null);
    if (known.length === 0) return null;
    return {
      p50: known.reduce((sum, { p50 }) => sum + p50, 0) / known.length,
      p99: Math.max(...known.map(({ p99 }) => p99)),
      max: Math.max(...known.map(({ max }) => max)),
    };
  };
  return {
    t: last.t,
    cars: mean((sample) => sample.cars),
    sentPerSecond: mean((sample) => sample.sentPerSecond),
    ackedPerSecond: mean((sample) => sample.ackedPerSecond),
    storedPerSecond: mean((sample) => sample.storedPerSecond),
    carToKafkaMs: worst((sample) => sample.carToKafkaMs),
    backfillMs: worst((sample) => sample.backfillMs),
    carToEdgeMs: worst((sample) => sample.carToEdgeMs),
    scheduleToSendMs: worst((sample) => sample.scheduleToSendMs),
    outboxFrames: Math.max(...group.map((sample) => sample.outboxFrames)),
    outboxBytes: Math.max(...group.map((sample) => sample.outboxBytes)),
    bridgePendingBytes: Math.max(...group.map((sample) => sample.bridgePendingBytes)),
    ledgerLagRecords: Math.max(...group.map((sample) => sample.ledgerLagRecords)),
    ledgerLagMs: Math.max(...group.map((sample) => sample.ledgerLagMs)),
    openTransactionRecords: Math.max(...group.map((sample) => sample.openTransactionRecords)),
    rssBytes: mean((sample) => sample.rssBytes),
    rssBytesByProcess: last.rssBytesByProcess,
    cpuBusyRatio: mean((sample) => sample.cpuBusyRatio),
    cpuSeconds: last.cpuSeconds,
  };
}
