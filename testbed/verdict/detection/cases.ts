import type { Artefact } from '#model/artefact.ts';
import { createScorer } from '#model/detector.ts';
import { signalIndex, signalNames, type SignalName } from '#contract/signals.ts';
import { readingsOf, type TelemetryBatch } from '#contract/telemetry.ts';
import { tenths } from '../figures.ts';
import type { AlarmChange } from './alarms.ts';
import type { Case, CasePoint } from './case.ts';
import type { Outcome } from './score.ts';

/** How the cars' clock and the wall clock go together. */
export interface Clock {
  /** The schedule's zero, ms since 1970. */
  startedAt: number;
  /** The cars' clock then, ms since 1970. */
  simStartMs: number;
  speedup: number;
}

const maxPoints = 400;

/** Which failures are worth a picture: an engine failure that was found, one that was missed, and a sensor fault. */
export function worthTelling(outcomes: readonly Outcome[]): Outcome[] {
  const counted = outcomes.filter(({ counts }) => counts);
  const engine = counted.filter(({ truth }) => truth.kind === 'engine');
  const sensor = counted.filter(({ truth }) => truth.kind === 'sensor');
  const picked = [
    engine.find(({ detection }) => detection),
    engine.find(({ detection }) => !detection),
    sensor.find(({ detection }) => detection) ?? sensor[0],
  ];
  return picked.filter((outcome) => outcome !== undefined);
}

/**
 * Tells one failure from the car's own messages: scores them again with the release that its edge ran, from when it ran it.
 * @param batches all of the car's, in the order of its clock
 */
export function tellCase(
  outcome: Outcome,
  batches: readonly TelemetryBatch[],
  model: { artefact: Artefact; since: number; edge: string },
  clock: Clock,
): Case {
  const { truth, detection } = outcome;
  const told = trace(batches, model);
  const signal = detection?.first.signal ?? loudest(told, truth.onset);
  const column = signalIndex[signal as SignalName];
  const t = (simTime: number): number => tenths((simTime - clock.simStartMs) / clock.speedup / 1000);
  const wall = (at: number | null): number | null =>
    at === null ? null : tenths((at - clock.startedAt) / 1000);
  const step = Math.max(1, Math.ceil(told.length / maxPoints));
  const points = told
    // The raise itself may be the only moment above its threshold.
    .filter(({ simTime }, index) => index % step === 0 || simTime === detection?.first.simTime)
    .map(({ simTime, batch, reading, bySignal }): CasePoint => {
      const said = bySignal?.get(signal as SignalName);
      return {
        t: t(simTime),
        value: finite(batch.columns[column]?.[reading]),
        residual: finite(said?.z),
        level: finite(said?.level),
      };
    });
  return {
    vin: truth.vin,
    edge: model.edge,
    failure: truth.failure,
    kind: truth.kind,
    dtc: truth.dtc,
    severity: truth.severity,
    signal: signal as SignalName,
    onset: wall(truth.onset) ?? 0,
    detectableAt: wall(truth.detectableAt),
    failureAt: wall(truth.failureAt),
    raised: detection ? raisedAt(detection.first, t) : null,
    points,
  };
}

function raisedAt(raise: AlarmChange, t: (simTime: number) => number): Case['raised'] {
  return { at: t(raise.simTime), dtc: raise.dtc, cause: raise.cause, release: raise.release };
}

interface Told {
  simTime: number;
  scheduledAt: number;
  batch: TelemetryBatch;
  reading: number;
  /** undefined before the edge had the model. */
  bySignal: Map<SignalName, { z: number; level: number }> | undefined;
}

function trace(
  batches: readonly TelemetryBatch[],
  { artefact, since }: { artefact: Artefact; since: number },
): Told[] {
  const scorer = createScorer(artefact);
  return batches.flatMap((batch) => {
    const readings = readingsOf(batch);
    const told = Array.from({ length: readings }, (_, reading): Told => {
      const simTime = batch.simTime + reading * batch.intervalMs;
      return { simTime, scheduledAt: batch.scheduledAt, batch, reading, bySignal: undefined };
    });
    if (batch.scheduledAt < since) return told;
    scorer.score([{ slot: 0, batch }], (_, reading, signal, z, level, stuck, erratic) => {
      const one = told[reading];
      // Either of them raises the alarm.
      if (one) (one.bySignal ??= new Map()).set(signal, { z, level: Math.max(level, stuck, erratic) });
    });
    return told;
  });
}

/** The signal whose level came highest after the onset. */
function loudest(told: readonly Told[], onset: number): string {
  const peaks = new Map<SignalName, number>();
  for (const { scheduledAt, bySignal } of told) {
    if (scheduledAt < onset) continue;
    for (const [signal, { level }] of bySignal ?? []) {
      if (level > (peaks.get(signal) ?? 0)) peaks.set(signal, level);
    }
  }
  const [first] = [...peaks].toSorted(([, one], [, other]) => other - one);
  return first?.[0] ?? signalNames[signalIndex.coolantTemperature] ?? 'coolantTemperature';
}

function finite(value: number | undefined): number | null {
  return value !== undefined && Number.isFinite(value) ? Math.round(value * 1000) / 1000 : null;
}
