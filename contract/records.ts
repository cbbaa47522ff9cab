import { codec, instant } from './codec.ts';

/** vin · which reading · what was said of it. Alarm transitions, and a sample of all scores. */
export interface Prediction {
  vin: string;
  session: number;
  seq: number;
  /** Index within the batch. */
  reading: number;
  simTime: number;
  at: number;
  scoredBy: 'edge' | 'cloud';
  edge: string;
  release: string;
  score: number;
  alarm: 'none' | 'raised' | 'cleared';
  signal: string | null;
  dtc: string | null;
  cause: 'engine' | 'sensor' | null;
  /** Per scorer, without gaps. */
  predictionSeq: number;
}

export const predictionCodec = codec<Prediction>('Prediction', [
  { name: 'vin', type: 'string' },
  { name: 'session', type: 'long' },
  { name: 'seq', type: 'long' },
  { name: 'reading', type: 'int' },
  { name: 'simTime', type: instant },
  { name: 'at', type: instant },
  { name: 'scoredBy', type: { type: 'enum', name: 'Scorer', symbols: ['edge', 'cloud'] } },
  { name: 'edge', type: 'string' },
  { name: 'release', type: 'string' },
  { name: 'score', type: 'float' },
  { name: 'alarm', type: { type: 'enum', name: 'AlarmState', symbols: ['none', 'raised', 'cleared'] } },
  { name: 'signal', type: ['null', 'string'], default: null },
  { name: 'dtc', type: ['null', 'string'], default: null },
  {
    name: 'cause',
    type: ['null', { type: 'enum', name: 'Cause', symbols: ['engine', 'sensor'] }],
    default: null,
  },
  { name: 'predictionSeq', type: 'long' },
]);

/**
 * Ground truth of one injected failure, sensor fault or benign circumstance; of the last, failureAt says when it is over.
 * Only testbed and cloud/evaluation may read it.
 */
export interface Truth {
  vin: string;
  failure: string;
  dtc: string | null;
  kind: 'engine' | 'sensor' | 'benign';
  severity: number;
  onsetSim: number;
  detectableAtSim: number | null;
  failureAtSim: number | null;
  onset: number;
  detectableAt: number | null;
  failureAt: number | null;
}

const optionalInstant = ['null', instant];

export const truthCodec = codec<Truth>('Truth', [
  { name: 'vin', type: 'string' },
  { name: 'failure', type: 'string' },
  { name: 'dtc', type: ['null', 'string'], default: null },
  { name: 'kind', type: { type: 'enum', name: 'FailureKind', symbols: ['engine', 'sensor', 'benign'] } },
  { name: 'severity', type: 'float' },
  { name: 'onsetSim', type: instant },
  { name: 'detectableAtSim', type: optionalInstant, default: null },
  { name: 'failureAtSim', type: optionalInstant, default: null },
  { name: 'onset', type: instant },
  { name: 'detectableAt', type: optionalInstant, default: null },
  { name: 'failureAt', type: optionalInstant, default: null },
]);

/** What an edge says of itself. */
export interface EdgeState {
  edge: string;
  /** Counts the edge's connections: a late last will of an older one is ignored. */
  connection: number;
  online: boolean;
  running: string | null;
  previous: string | null;
  shadow: string | null;
  cars: number;
  outboxFrames: number;
  outboxBytes: number;
  inferenceP99Us: number;
  alarmsPerSecond: number;
  /** Reason code -> count. */
  refusals: Record<string, number>;
  at: number;
}

export const edgeStateCodec = codec<EdgeState>('EdgeState', [
  { name: 'edge', type: 'string' },
  { name: 'connection', type: 'long' },
  { name: 'online', type: 'boolean' },
  { name: 'running', type: ['null', 'string'], default: null },
  { name: 'previous', type: ['null', 'string'], default: null },
  { name: 'shadow', type: ['null', 'string'], default: null },
  { name: 'cars', type: 'int' },
  { name: 'outboxFrames', type: 'long' },
  { name: 'outboxBytes', type: 'long' },
  { name: 'inferenceP99Us', type: 'double' },
  { name: 'alarmsPerSecond', type: 'double' },
  { name: 'refusals', type: { type: 'map', values: 'long' } },
  { name: 'at', type: instant },
]);

/** Bytes that were refused, unchanged, and why. */
export interface DeadLetter {
  /** Who refused them: the edge's id, or `bridge`. */
  source: string;
  /** One of deadLetterReasons. */
  reason: string;
  detail: string;
  /** MQTT topic they came on. */
  topic: string;
  key: string;
  bytes: Buffer;
  at: number;
}

export const deadLetterCodec = codec<DeadLetter>('DeadLetter', [
  { name: 'source', type: 'string' },
  { name: 'reason', type: 'string' },
  { name: 'detail', type: 'string' },
  { name: 'topic', type: 'string' },
  { name: 'key', type: 'string' },
  { name: 'bytes', type: 'bytes' },
  { name: 'at', type: instant },
]);

export const deadLetterReasons = [
  'not-telemetry',
  'unknown-schema',
  'truncated',
  'uneven-columns',
  'too-many-readings',
  'bad-json',
  'foreign-vin',
  'bad-frame',
  'bad-entry',
  'forbidden-topic',
] as const;
export type DeadLetterReason = (typeof deadLetterReasons)[number];

/** Which frame of an edge. */
export interface FramePosition {
  /** 16 hex digits. */
  epoch: string;
  number: number;
}

/** fleet.frames: the last frame of an edge that was committed to Kafka. */
export interface CommittedPosition extends FramePosition {
  /** The last frame of each earlier epoch, oldest first: a repaired outbox may still send some of it again. */
  earlier: FramePosition[];
}

const framePositionFields = [
  { name: 'epoch', type: 'string' },
  { name: 'number', type: 'long' },
];

export const framePositionCodec = codec<CommittedPosition>(
  'FramePosition',
  [
    ...framePositionFields,
    {
      name: 'earlier',
      type: {
        type: 'array',
        items: { type: 'record', name: 'EarlierPosition', fields: framePositionFields },
      },
      default: [],
    },
  ],
  [framePositionFields],
);
