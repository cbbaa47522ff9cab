import { isName } from './identity.ts';
import { exactly, finite, instant, list, natural, oneOf, refuse, text } from './release-fields.ts';
import { signalCount, signalNames } from './signals.ts';
import { maxReadingsPerBatch } from './telemetry.ts';

/** Size of a part of an artefact: one record of fleet.models, one retained message. The last part may be smaller. */
export const chunkBytes = 256 * 1024;
export const maxArtefactBytes = 256 * 1024 * 1024;

export const detectorKinds = ['autoencoder', 'virtual-sensors'] as const;
export type DetectorKind = (typeof detectorKinds)[number];

/** Consecutive readings of an invented car: columns[signal][reading], signals as in the signal table. */
export interface TelemetryGolden {
  /** ms since 1970 on the car's own clock: the first reading. */
  simTime: number;
  intervalMs: number;
  /** NaN is a signal that the car lacks; JSON has null for it. */
  columns: number[][];
}

/** What a scorer must say of an invented car: whoever gets other scores does not run the release. */
export interface GoldenVector {
  /** Consecutive batches of the one car. */
  batches: TelemetryGolden[];
  /** Of every reading, in order. */
  scores: number[];
}

/** What is said of an artefact's bytes, and signed. Times are ms since 1970. */
export interface ReleaseManifest {
  /** releaseId(counter, sha256). */
  id: string;
  run: string;
  /** Rises with every release of a run: an edge takes no lower one than it has. */
  counter: number;
  detector: DetectorKind;
  /** Of the artefact's bytes, hex. */
  sha256: string;
  length: number;
  chunks: number;
  /** Which features the networks take: a scorer with others cannot run it. */
  featureSchema: string;
  /** Per feature, as in the artefact: for people and other tools. */
  normalisation: { mean: number[]; scale: number[] };
  /** As in the artefact. */
  thresholds: Record<string, number>;
  golden: GoldenVector[];
  training: {
    /** Append time from which on records were learnt from. */
    since: number;
    /** What was read of fleet.telemetry; `to` is exclusive. */
    offsets: { partition: number; from: string; to: string }[];
    readings: number;
    vehicles: number;
    seed: number;
  };
  created: number;
  expires: number;
  /** keyIdOf the key that signed it. */
  keyId: string;
}

/** A release's name: its counter, and the first 12 hex digits of its artefact's hash. */
export function releaseId(counter: number, sha256: string): string {
  return `r${counter}-${sha256.slice(0, 12)}`;
}

/** Bounds of the lists: far above what a release has, far below what would hurt. */
const bounds = { features: 4096, thresholds: 1024, vectors: 32, batches: 4096, partitions: 4096 };
const hash = /^[0-9a-f]{64}$/;
const offset = /^(0|[1-9]\d{0,18})$/;

/**
 * Reads a manifest field by field: all are there, no others are, and they fit together. The result shares nothing with
 * what was given; its fields stand in one order.
 * @throws ReleaseError 'bad-manifest' naming the field
 */
export function checkManifest(value: unknown): ReleaseManifest {
  const given = exactly(value, 'manifest', manifestFields);
  const counter = natural(given['counter'], 'counter', 1);
  const sha256 = text(given['sha256'], 'sha256', (hex) => hash.test(hex), '64 hex digits');
  const length = natural(given['length'], 'length', 1, maxArtefactBytes);
  const expected = { id: releaseId(counter, sha256), chunks: Math.ceil(length / chunkBytes) };
  return {
    id: text(given['id'], 'id', (id) => id === expected.id, expected.id),
    run: text(given['run'], 'run', isName, 'a name'),
    counter,
    detector: oneOf(given['detector'], 'detector', detectorKinds),
    sha256,
    length,
    chunks: natural(given['chunks'], 'chunks', expected.chunks, expected.chunks),
    featureSchema: text(
      given['featureSchema'],
      'featureSchema',
      (word) => /^[\w.:-]{1,128}$/.test(word),
      'a hash',
    ),
    normalisation: checkNormalisation(given['normalisation']),
    thresholds: checkThresholds(given['thresholds']),
    golden: list(given['golden'], 'golden', 1, bounds.vectors).map(checkGolden),
    training: checkTraining(given['training']),
    created: instant(given['created'], 'created'),
    expires: instant(given['expires'], 'expires'),
    keyId: text(given['keyId'], 'keyId', (hex) => /^[0-9a-f]{16}$/.test(hex), '16 hex digits'),
  };
}

const manifestFields = [
  'id',
  'run',
  'counter',
  'detector',
  'sha256',
  'length',
  'chunks',
  'featureSchema',
  'normalisation',
  'thresholds',
  'golden',
  'training',
  'created',
  'expires',
  'keyId',
] as const satisfies (keyof ReleaseManifest)[];

function checkNormalisation(value: unknown): ReleaseManifest['normalisation'] {
  const given = exactly(value, 'normalisation', ['mean', 'scale']);
  const mean = list(given['mean'], 'normalisation.mean', 1, bounds.features).map((each, index) =>
    finite(each, `normalisation.mean[${index}]`),
  );
  const scale = list(given['scale'], 'normalisation.scale', mean.length, mean.length).map((each, index) =>
    finite(each, `normalisation.scale[${index}]`),
  );
  const flat = scale.findIndex((each) => each <= 0);
  if (flat >= 0) throw refuse(`normalisation.scale[${flat}]`, 'a number above 0', scale[flat]);
  return { mean, scale };
}

function checkThresholds(value: unknown): Record<string, number> {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) {
    throw refuse('thresholds', 'an object', value);
  }
  const entries = Object.entries(value as Record<string, unknown>);
  if (entries.length > bounds.thresholds)
    throw refuse('thresholds', `at most ${bounds.thresholds} of them`, entries.length);
  return Object.fromEntries(
    entries.map(([name, each]) => {
      if (!/^[A-Za-z][\w.-]{0,63}$/.test(name))
        throw refuse('thresholds', 'names of letters and digits', name);
      return [name, finite(each, `thresholds.${name}`)];
    }),
  );
}

function checkGolden(value: unknown, at: number): GoldenVector {
  const path = `golden[${at}]`;
  const given = exactly(value, path, ['batches', 'scores']);
  const batches = list(given['batches'], `${path}.batches`, 1, bounds.batches).map((each, index) =>
    checkGoldenBatch(each, `${path}.batches[${index}]`),
  );
  const readings = batches.reduce((sum, { columns }) => sum + (columns[0]?.length ?? 0), 0);
  const scores = list(given['scores'], `${path}.scores`, readings, readings).map((each, index) =>
    finite(each, `${path}.scores[${index}]`),
  );
  return { batches, scores };
}

function checkGoldenBatch(value: unknown, path: string): TelemetryGolden {
  const given = exactly(value, path, ['simTime', 'intervalMs', 'columns']);
  const simTime = instant(given['simTime'], `${path}.simTime`);
  const intervalMs = natural(given['intervalMs'], `${path}.intervalMs`, 1, 2 ** 31 - 1);
  let fewest = 1;
  let most = maxReadingsPerBatch;
  const columns = list(given['columns'], `${path}.columns`, signalCount, signalCount).map(
    (column, signal) => {
      const name = `${path}.columns.${signalNames[signal]}`;
      const readings = list(column, name, fewest, most).map((each, index) =>
        each === null || Number.isNaN(each) ? Number.NaN : finite(each, `${name}[${index}]`),
      );
      // All columns are as long as the first.
      fewest = readings.length;
      most = readings.length;
      return readings;
    },
  );
  return { simTime, intervalMs, columns };
}

function checkTraining(value: unknown): ReleaseManifest['training'] {
  const given = exactly(value, 'training', ['since', 'offsets', 'readings', 'vehicles', 'seed']);
  const offsets = list(given['offsets'], 'training.offsets', 0, bounds.partitions).map((each, index) => {
    const path = `training.offsets[${index}]`;
    const range = exactly(each, path, ['partition', 'from', 'to']);
    const partition = natural(range['partition'], `${path}.partition`, 0);
    const from = text(range['from'], `${path}.from`, (digits) => offset.test(digits), 'an offset as text');
    const isBehind = (digits: string): boolean => offset.test(digits) && BigInt(digits) >= BigInt(from);
    return { partition, from, to: text(range['to'], `${path}.to`, isBehind, `an offset from ${from} on`) };
  });
  return {
    since: instant(given['since'], 'training.since'),
    offsets,
    readings: natural(given['readings'], 'training.readings', 0),
    vehicles: natural(given['vehicles'], 'training.vehicles', 0),
    seed: natural(given['seed'], 'training.seed', 0),
  };
}
