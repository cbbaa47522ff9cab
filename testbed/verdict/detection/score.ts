import type { Truth } from '#contract/records.ts';
import type { Summary } from '../summary.ts';
import { incidentsOf, type AlarmLog, type Incident } from './alarms.ts';
import type { DrivenCar } from './driven.ts';
import type { EdgeModels } from './edge-models.ts';

/** What the edges' alarms are held against. */
export interface Evidence {
  truths: readonly Truth[];
  alarms: AlarmLog;
  models: EdgeModels;
  /** By vin. */
  driven: ReadonlyMap<string, DrivenCar>;
  /** How many times faster the cars' clock goes. */
  speedup: number;
  /** The schedule's end, wall clock, ms since 1970. */
  endedAt: number;
}

/** How one failure went. */
export interface Outcome {
  truth: Truth;
  /**
   * Its edge had a model before the onset, and it showed before the end: it can be held against the detector. A benign
   * circumstance need not show.
   */
  counts: boolean;
  /** The first raise between onset and failure; of a benign circumstance, the false alarm that it made. */
  detection: Incident | undefined;
}

/** Fewer engine failures than this prove nothing. */
export const leastFailures = 5;

const dayMs = 24 * 60 * 60_000;

/** docs/design.md, "What numbers mean": detection counts the edges' alarms. */
export function scoreDetection(evidence: Evidence): Summary['detection'] {
  const { truths, alarms } = evidence;
  const outcomes = outcomesOf(evidence);
  const engines = outcomes.filter(({ truth, counts }) => truth.kind === 'engine' && counts);
  const found = engines.filter(({ detection }) => detection !== undefined).length;
  const faulty = new Map(truths.filter(({ kind }) => kind !== 'benign').map((truth) => [truth.vin, truth]));
  const incidents = [...alarms.cars()].flatMap((vin) => incidentsOf(alarms.of(vin)));
  const right = incidents.filter(({ first }) => {
    const onset = faulty.get(first.vin)?.onsetSim;
    return onset !== undefined && first.simTime >= onset;
  });
  const falseAlarms = incidents.filter(({ first }) => !faulty.has(first.vin)).length;
  const vehicleDays = healthyDays(evidence, faulty);
  if (vehicleDays === null) return notMeasured(outcomes);
  return {
    recall: engines.length < leastFailures ? null : rounded(found / engines.length),
    precision: incidents.length === 0 ? null : rounded(right.length / incidents.length),
    falseAlarms,
    vehicleDays: rounded(vehicleDays),
    falseAlarmsPerVehicleDay: vehicleDays === 0 ? null : rounded(falseAlarms / vehicleDays),
    engineFailures: engines.length,
    raises: incidents.length,
    byMode: byMode(outcomes),
  };
}

/** Every engine failure, sensor fault and benign circumstance, in the order of their onsets. */
export function outcomesOf(evidence: Evidence): Outcome[] {
  const { truths, alarms, models, driven, endedAt } = evidence;
  return truths
    .toSorted((one, other) => one.onset - other.onset)
    .map((truth) => {
      const edge = driven.get(truth.vin)?.edge;
      const since = edge === undefined ? undefined : models.activeSince(edge);
      const shownAt = truth.kind === 'benign' ? truth.onset : truth.detectableAt;
      const counts = since !== undefined && truth.onset > since && shownAt !== null && shownAt < endedAt;
      const until = truth.failureAtSim ?? Number.POSITIVE_INFINITY;
      const detection = incidentsOf(alarms.of(truth.vin)).find(
        ({ first }) => first.simTime >= truth.onsetSim && first.simTime <= until,
      );
      return { truth, counts, detection };
    });
}

/** Days on their own clock that healthy cars drove while their edge had a model; null when none ever had. */
function healthyDays(
  { driven, models, speedup }: Evidence,
  faulty: ReadonlyMap<string, Truth>,
): number | null {
  let wallMs = 0;
  let hadModel = false;
  for (const [vin, { edge, from, to }] of driven) {
    const since = models.activeSince(edge);
    if (since === undefined) continue;
    hadModel = true;
    if (!faulty.has(vin)) wallMs += Math.max(0, to - Math.max(from, since));
  }
  return hadModel ? (wallMs * speedup) / dayMs : null;
}

function byMode(outcomes: readonly Outcome[]): Summary['detection']['byMode'] {
  const modes = new Map<string, Outcome[]>();
  for (const outcome of outcomes) {
    const { failure } = outcome.truth;
    modes.set(failure, [...(modes.get(failure) ?? []), outcome]);
  }
  return Object.fromEntries(
    [...modes].map(([mode, all]) => {
      const counted = all.filter(({ counts }) => counts);
      const delays = counted
        .flatMap(({ truth, detection }) =>
          detection ? [(detection.first.simTime - truth.onsetSim) / 1000] : [],
        )
        .toSorted((one, other) => one - other);
      return [
        mode,
        {
          cars: counted.length,
          detected: delays.length,
          medianDelaySeconds: delays[Math.floor((delays.length - 1) / 2)] ?? null,
        },
      ];
    }),
  );
}

function notMeasured(outcomes: readonly Outcome[]): Summary['detection'] {
  return {
    recall: null,
    precision: null,
    falseAlarms: null,
    vehicleDays: null,
    falseAlarmsPerVehicleDay: null,
    engineFailures: 0,
    raises: 0,
    byMode: byMode(outcomes),
  };
}

function rounded(value: number): number {
  return Math.round(value * 10_000) / 10_000;
}
