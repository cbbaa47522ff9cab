import type { SignalName } from '#contract/signals.ts';
import type { EncodedTelemetry, TelemetryBatch } from '#contract/telemetry.ts';
import { ArtefactError, type Artefact } from './artefact.ts';
import { Autoencoder } from './autoencoder.ts';
import { featureSchemaHash } from './features.ts';
import { VirtualSensors } from './virtual-sensors.ts';

export interface Transition {
  /** Index within the batch. */
  reading: number;
  alarm: 'raised' | 'cleared';
  signal: SignalName;
  dtc: string | null;
  cause: 'engine' | 'sensor';
  score: number;
}

export interface BatchScores {
  /** One a reading, >= 0; from 1 on above a threshold. 0 until a car is known; absent signals change nothing. */
  scores: Float32Array;
  /** In the order of readings. At most one alarm of a car and signal stands at any time. */
  transitions: Transition[];
}

/** One batch of the car that the caller keeps under this slot, a small whole number. */
export interface ScoreItem {
  slot: number;
  batch: TelemetryBatch | EncodedTelemetry;
}

/** Keeps some numbers of each car. A score hangs on the car's own readings, never on what else is in a call. */
export interface Scorer {
  /** Batches of one car in the order in which they came. @returns one for each item */
  score(items: readonly ScoreItem[], trace?: Trace): BatchScores[];
  /** What comes next under this slot is another car. Its alarms end without a word. */
  forget(slot: number): void;
  /** Cars that were scored and not forgotten. */
  readonly cars: number;
}

/**
 * @param z standardised residual, adapted per car
 * @param level CUSUM / its threshold; of an autoencoder, smoothed error / its threshold, and of the worst signal alone
 * @param stuck seconds without a change / their threshold
 * @param erratic leaps from reading to reading / their threshold
 */
export type Trace = (
  item: number,
  reading: number,
  signal: SignalName,
  z: number,
  level: number,
  stuck: number,
  erratic: number,
) => void;

/** @throws ArtefactError when the artefact is of other features or misses something */
export function createScorer(artefact: Artefact): Scorer {
  if (artefact.featureSchema !== featureSchemaHash) {
    throw new ArtefactError(`artefact of features ${artefact.featureSchema}, these are ${featureSchemaHash}`);
  }
  return artefact.detector === 'autoencoder' ? new Autoencoder(artefact) : new VirtualSensors(artefact);
}
