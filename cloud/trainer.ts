import { createHash } from 'node:crypto';
import { chunkBytes, releaseId, type DetectorKind, type ReleaseManifest } from '#contract/release.ts';
import type { TelemetryBatch } from '#contract/telemetry.ts';
import { encodeArtefact, type Artefact } from '#model/artefact.ts';
import { featureSchemaHash } from '#model/features.ts';
import type { Log } from '#runtime/log.ts';
import type { Kafka } from '#wire/kafka.ts';
import { readHistory, type HistoryReport } from './history.ts';
import { Breath } from './training/breath.ts';
import { calibrate, type CalibrationReport } from './training/calibration.ts';
import { goldenVectors } from './training/golden.ts';
import { fitNetworks, type NetworkReport } from './training/networks.ts';
import { loadTensorFlow, type TfjsBackend } from './training/tensorflow.ts';
import { TrainingSet } from './training/training-set.ts';

export { TooLittleHistory } from './training/survey.ts';

export interface TrainRequest {
  run: string;
  topicPrefix: string;
  /** Append time, ms since 1970. */
  since: number;
  seed: number;
  detector: DetectorKind;
  counter: number;
  falseAlarmsPerVehicleDay: number;
  expiresAfterMs: number;
}

export interface TrainHooks {
  log: Log;
  onProgress: (text: string) => void;
  /** Ends the training with its reason. */
  signal?: AbortSignal;
  /** Wasm unless it says otherwise. */
  backend?: TfjsBackend;
}

export interface TrainReport {
  networks: NetworkReport[];
  calibration: CalibrationReport;
  /** What the networks learnt from: rows of how many cars. */
  rows: number;
  seconds: { read: number; fit: number; calibrate: number };
}

export interface TrainOutcome {
  artefact: Buffer;
  manifest: Omit<ReleaseManifest, 'keyId'>;
  seconds: number;
  report: TrainReport;
}

/** Hands every batch of a history on; batches of one car in their order. */
export type HistoryReader = (
  onBatch: (batch: TelemetryBatch) => void | Promise<void>,
) => Promise<Pick<HistoryReport, 'offsets'>>;

/**
 * Reads what lies in Kafka, trains a detector on it, and makes a release, not signed yet.
 * @throws TooLittleHistory; the signal's reason; UserError when Kafka cannot be reached
 */
export async function train(kafka: Kafka, request: TrainRequest, hooks: TrainHooks): Promise<TrainOutcome> {
  const { run, topicPrefix, since } = request;
  let saidShare = 0;
  return trainOn(
    async (onBatch) =>
      readHistory(
        kafka,
        { run, topicPrefix, since },
        {
          onBatch,
          onProgress: ({ readings, share }) => {
            if (share < saidShare + 0.25) return;
            saidShare = share;
            hooks.onProgress(`read ${readings} readings (${Math.round(share * 100)} %)`);
          },
          ...(hooks.signal && { signal: hooks.signal }),
        },
      ),
    request,
    hooks,
  );
}

/** As `train`, on a history from anywhere. The same batches and seed give the same artefact, in any order of cars. */
export async function trainOn(
  read: HistoryReader,
  request: TrainRequest,
  hooks: TrainHooks,
): Promise<TrainOutcome> {
  const { onProgress, signal } = hooks;
  const startedAt = performance.now();
  const breath = new Breath(signal);
  const set = new TrainingSet(request.seed);
  const history = await read((batch) => {
    set.take(batch);
    if (breath.isDue) return breath.take();
    return undefined;
  });
  set.survey.assertEnough();
  const { rows, calibration, test } = set.split();
  const readAt = performance.now();
  const { readings, vehicles } = set.survey;
  onProgress(`learns from ${rows.count} of ${readings} readings of ${vehicles} vehicles`);

  const tf = await loadTensorFlow(hooks.backend ?? 'wasm', hooks.log);
  const fitted = await fitNetworks(tf, request, rows, calibration, breath, onProgress);
  const fittedAt = performance.now();
  const { thresholds, report } = await calibrate(fitted.artefact, { calibration, test }, request, breath);
  const artefact: Artefact = { ...fitted.artefact, thresholds };
  const calibratedAt = performance.now();
  onProgress(report.inWords);

  const bytes = encodeArtefact(artefact);
  const seconds = (calibratedAt - startedAt) / 1000;
  return {
    artefact: bytes,
    manifest: manifestOf(artefact, bytes, request, { history, readings, vehicles }),
    seconds,
    report: {
      networks: fitted.networks,
      calibration: report,
      rows: rows.count,
      seconds: {
        read: (readAt - startedAt) / 1000,
        fit: (fittedAt - readAt) / 1000,
        calibrate: (calibratedAt - fittedAt) / 1000,
      },
    },
  };
}

function manifestOf(
  artefact: Artefact,
  bytes: Buffer,
  request: TrainRequest,
  learnt: { history: Pick<HistoryReport, 'offsets'>; readings: number; vehicles: number },
): TrainOutcome['manifest'] {
  const { run, counter, detector, since, seed, expiresAfterMs } = request;
  const { history, readings, vehicles } = learnt;
  const sha256 = createHash('sha256').update(bytes).digest('hex');
  const created = Date.now();
  return {
    id: releaseId(counter, sha256),
    run,
    counter,
    detector,
    sha256,
    length: bytes.length,
    chunks: Math.ceil(bytes.length / chunkBytes),
    featureSchema: featureSchemaHash,
    normalisation: {
      mean: [...artefact.normalisation.mean],
      scale: [...artefact.normalisation.scale],
    },
    thresholds: artefact.thresholds,
    golden: goldenVectors(artefact),
    training: {
      since,
      offsets: history.offsets.map(({ partition, from, to }) => ({
        partition,
        from: String(from),
        to: String(to),
      })),
      readings,
      vehicles,
      seed,
    },
    created,
    expires: created + expiresAfterMs,
  };
}
