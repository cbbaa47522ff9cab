import type { SignalName } from '#contract/signals.ts';
import type { Truth } from '#contract/records.ts';

/** One failing car, told for a picture. Times are seconds since the schedule's zero. */
export interface Case {
  vin: string;
  edge: string;
  failure: string;
  kind: Truth['kind'];
  dtc: string | null;
  severity: number;
  /** The signal that the alarm named; without one, the signal that changed most. */
  signal: SignalName;
  onset: number;
  detectableAt: number | null;
  failureAt: number | null;
  /** The raise that found it. */
  raised: { at: number; dtc: string | null; cause: 'engine' | 'sensor' | null; release: string } | null;
  /** In the order of time, at most maxPoints and the raise; residual and level are null while no model could say. */
  points: CasePoint[];
}

export interface CasePoint {
  t: number;
  /** In the signal's unit. */
  value: number | null;
  /** Measured less predicted, in spreads of healthy cars. */
  residual: number | null;
  /** The alarm's level; it is raised at 1. */
  level: number | null;
}

/** What came of the models in a run, beside the summary's numbers: detection.json, and the report's pictures. */
export interface DetectionRecord {
  /** Which edge ran which release; seconds since the schedule's zero, null: to the end. */
  models: { edge: string; release: string; from: number; to: number | null }[];
  outcomes: {
    vin: string;
    failure: string;
    kind: Truth['kind'];
    counts: boolean;
    delaySeconds: number | null;
  }[];
  cases: Case[];
}
