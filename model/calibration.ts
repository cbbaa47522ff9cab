import type { DetectorKind } from '#contract/release.ts';
import type { Trace } from './detector.ts';
import { thresholdNames, uncalibratedThresholds } from './thresholds.ts';

const dayMs = 86_400_000;
/** Of the false alarms that are allowed, so many may come from sensors that seem stuck, and as many from erratic ones. */
const stuckShare = 0.1;
/** An alarm ends below this share of its threshold. */
const clearShare = 0.3;
/** Peaks above this quantile are the tail that is extended. */
const tailFrom = 0.7;
/** Vehicles drive longer, and through more, than those that thresholds were found on. Of CUSUMs, and of leaps. */
const margin = 2.5;
const erraticMargin = 1.5;
/** Of vehicles, where next to no alarm is allowed. */
const leastShare = 1e-9;
/** No threshold is lower, however calm the vehicles were: deviations x seconds, seconds, deviations, or squared deviations. */
const least = { raise: 200, stuck: 90, erratic: 30, error: 1.5 } as const;

/**
 * Finds thresholds by what healthy cars reach at most.
 *
 *     const calibration = new Calibration(kind);
 *     const scorer = createScorer({ ...artefact, thresholds: calibration.uncalibrated });
 *     for each vehicle, from the beginning of its series:
 *       for each batch: scorer.score([{ slot: 0, batch }], calibration.trace);
 *       scorer.forget(0);
 *       calibration.endVehicle(simulatedMs);
 *     artefact.thresholds = calibration.thresholds(falseAlarmsPerVehicleDay);
 */
export class Calibration {
  /** Nothing is ever raised with them. */
  readonly uncalibrated: Record<string, number>;
  /** Takes in what a scorer says of the one vehicle that it is shown. */
  readonly trace: Trace;
  readonly #kind: DetectorKind;
  /** By what its thresholds are named after. */
  readonly #tallies = new Map<string, Tally>();
  #simulatedMs = 0;

  constructor(kind: DetectorKind) {
    this.#kind = kind;
    this.uncalibrated = uncalibratedThresholds(kind);
    this.trace = (_, __, signal, z, level, stuck, erratic) => {
      const name = kind === 'autoencoder' ? 'error' : signal;
      const tally = this.#tallies.get(name) ?? newTally();
      this.#tallies.set(name, tally);
      tally.readings++;
      // Absent, or not judged yet.
      if (z === 0) return;
      tally.judged++;
      tally.raise = Math.max(tally.raise, level);
      tally.stuck = Math.max(tally.stuck, stuck);
      tally.erratic = Math.max(tally.erratic, erratic);
    };
  }

  /** @param simulatedMs how long it was watched, on its own clock */
  endVehicle(simulatedMs: number): void {
    this.#simulatedMs += simulatedMs;
    for (const [name, tally] of this.#tallies) {
      for (const what of ['raise', 'stuck', 'erratic'] as const) {
        if (tally[what] >= 0)
          tally.peaks[what].push(tally[what] * (this.uncalibrated[`${name}.${what}`] ?? 0));
        tally[what] = -1;
      }
    }
  }

  /**
   * The allowed false alarms are shared out evenly. Few vehicles over minutes must answer for days, so each tail is
   * extended as exponential; its median decides, to which a few failing cars do little. What no vehicle reported is
   * never raised.
   */
  thresholds(falseAlarmsPerVehicleDay: number): Record<string, number> {
    const thresholds = { ...this.uncalibrated };
    const names = thresholdNames(this.#kind).flatMap((name) =>
      name.endsWith('.raise') ? [name.slice(0, -'.raise'.length)] : [],
    );
    const isAlone = this.#kind === 'autoencoder';
    for (const name of names) {
      const tally = this.#tallies.get(name);
      if (!tally || tally.peaks.raise.length === 0) continue;
      const judgedDays = ((this.#simulatedMs / dayMs) * tally.judged) / tally.readings;
      const allowed = (falseAlarmsPerVehicleDay / names.length) * (judgedDays / tally.peaks.raise.length);
      if (isAlone) {
        thresholds['error.raise'] = Math.max(least.error, exceededBy(allowed, tally.peaks.raise));
        continue;
      }
      const raise = margin * exceededBy((1 - 2 * stuckShare) * allowed, tally.peaks.raise);
      thresholds[`${name}.raise`] = Math.max(least.raise, raise);
      const stuck = exceededBy(stuckShare * allowed, tally.peaks.stuck);
      thresholds[`${name}.stuck`] = Math.max(least.stuck, stuck);
      const erratic = erraticMargin * exceededBy(stuckShare * allowed, tally.peaks.erratic);
      thresholds[`${name}.erratic`] = Math.max(least.erratic, erratic);
    }
    for (const name of names) thresholds[`${name}.clear`] = clearShare * thresholds[`${name}.raise`]!;
    return thresholds;
  }
}

/** What was seen of a signal. */
interface Tally {
  /** Of all vehicles. */
  readings: number;
  judged: number;
  /** Highest of the present vehicle; -1 before anything was judged. */
  raise: number;
  stuck: number;
  erratic: number;
  /** Of each vehicle before it. */
  peaks: { raise: number[]; stuck: number[]; erratic: number[] };
}

function newTally(): Tally {
  const peaks = { raise: [], stuck: [], erratic: [] };
  return { readings: 0, judged: 0, raise: -1, stuck: -1, erratic: -1, peaks };
}

/** What this share of vehicles exceeds, by the exponential tail of their peaks. */
function exceededBy(share: number, peaks: readonly number[]): number {
  const sorted = peaks.toSorted((a, b) => a - b);
  const at = (quantile: number): number =>
    sorted[Math.min(sorted.length - 1, Math.floor(quantile * sorted.length))]!;
  const tailShare = 1 - tailFrom;
  if (share >= tailShare) return at(1 - Math.min(1, share));
  const tail = at(tailFrom);
  const mean = (at(1 - tailShare / 2) - tail) / Math.LN2;
  return tail + mean * Math.log(tailShare / Math.max(leastShare, share));
}
