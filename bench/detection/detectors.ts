import { createLog } from '#runtime/log.ts';
import type { DetectorKind } from '#contract/release.ts';
import type { SignalName } from '#contract/signals.ts';
import { readingsOf, type TelemetryBatch } from '#contract/telemetry.ts';
import { trainOn } from '#cloud/trainer.ts';
import { decodeArtefact, type Artefact } from '#model/artefact.ts';
import { createScorer } from '#model/detector.ts';
import type { Car } from './drives.ts';
import type { Rival } from './rivals.ts';

export interface Raise {
  simTime: number;
  signal: SignalName | null;
  /** What it blames; null for a detector that blames nothing. */
  cause: 'engine' | 'sensor' | null;
}

/** The alarms of one car, from its beginning on. */
export type Detector = (batches: readonly TelemetryBatch[]) => Raise[];

const dayMs = 86_400_000;

/** Trains as the cloud does, thresholds included. */
export async function trained(
  detector: DetectorKind,
  fleet: readonly Car[],
  falseAlarmsPerVehicleDay: number,
): Promise<{ artefact: Artefact; seconds: number }> {
  const outcome = await trainOn(
    async (onBatch) => {
      for (const car of fleet) for (const batch of car.live().batches) await onBatch(batch);
      return { offsets: [] };
    },
    {
      run: 'bench',
      topicPrefix: '',
      since: 0,
      seed: 42,
      detector,
      counter: 1,
      falseAlarmsPerVehicleDay,
      expiresAfterMs: dayMs,
    },
    { log: createLog({ component: 'bench', level: 'silent' }), onProgress: () => undefined },
  );
  return { artefact: decodeArtefact(outcome.artefact), seconds: outcome.seconds };
}

/** The alarms that an edge would raise. */
export function asTrained(artefact: Artefact): Detector {
  const scorer = createScorer(artefact);
  return (batches) => {
    scorer.forget(0);
    return batches.flatMap((batch) =>
      (scorer.score([{ slot: 0, batch }])[0]?.transitions ?? []).flatMap(
        ({ alarm, reading, signal, cause }) =>
          alarm === 'raised' ? [{ simTime: batch.simTime + reading * batch.intervalMs, signal, cause }] : [],
      ),
    );
  };
}

/** Its scores alone, to be given a threshold of their own: less caution than the trainer has, no naming. */
export function scoresOf(name: string, artefact: Artefact): Rival {
  const scorer = createScorer(artefact);
  let scores = new Float32Array(0);
  return {
    name,
    threshold: undefined,
    begin: () => scorer.forget(0),
    level(batch, reading) {
      if (reading === 0) scores = Float32Array.from(scorer.score([{ slot: 0, batch }])[0]?.scores ?? []);
      return { level: scores[reading] ?? 0, signal: null };
    },
  };
}

/** Raises where the level comes to the threshold; an alarm ends below 70 % of it. */
export function atThreshold(rival: Rival, threshold: number): Detector {
  return (batches) => {
    rival.begin();
    const raises: Raise[] = [];
    let stands = false;
    for (const batch of batches) {
      for (let reading = 0; reading < readingsOf(batch); reading++) {
        const { level, signal } = rival.level(batch, reading);
        const simTime = batch.simTime + reading * batch.intervalMs;
        if (!stands && level >= threshold) raises.push({ simTime, signal, cause: null });
        stands = level >= (stands ? 0.7 * threshold : threshold);
      }
    }
    return raises;
  };
}

/** Of each rival the lowest threshold that keeps the budget on these healthy cars. */
export function calibrated(
  rivals: readonly Rival[],
  fleet: readonly Car[],
  { minutes, budget }: { minutes: number; budget: number },
): number[] {
  const peaks = rivals.map((): number[] => []);
  for (const car of fleet) {
    const { batches } = car.live();
    for (const [index, rival] of rivals.entries()) {
      rival.begin();
      let peak = 0;
      for (const batch of batches) {
        for (let r = 0; r < readingsOf(batch); r++) peak = Math.max(peak, rival.level(batch, r).level);
      }
      peaks[index]?.push(peak);
    }
  }
  const allowed = Math.floor((budget * fleet.length * minutes * 60_000) / dayMs);
  return peaks.map((own) => own.toSorted((a, b) => b - a)[Math.min(own.length - 1, allowed)] ?? 1);
}
