/** The Kafka topic table: the one source for local runs, Strimzi and managed Kafka. */
export interface TopicSpec {
  name: TopicName;
  /** What a record's key is, in words. */
  key: string;
  partitions: number;
  cleanup: 'delete' | 'compact';
  /** Closed segments move to tiered storage where the broker has it. Compacted topics cannot. */
  tiered: boolean;
  /** How long records are kept; a compacted topic keeps the last of each key for ever. */
  retentionMs: number;
  timestamps: 'CreateTime' | 'LogAppendTime';
}

export type TopicName =
  | 'fleet.telemetry'
  | 'fleet.predictions'
  | 'fleet.truth'
  | 'fleet.models'
  | 'fleet.desired'
  | 'fleet.edges'
  | 'fleet.frames'
  | 'fleet.deadletter'
  | 'fleet.ledger'
  | 'fleet.control';

const dayMs = 24 * 60 * 60 * 1000;
const history = {
  cleanup: 'delete',
  tiered: true,
  retentionMs: 30 * dayMs,
  timestamps: 'LogAppendTime',
} as const;
const kept = {
  cleanup: 'delete',
  tiered: false,
  retentionMs: 7 * dayMs,
  timestamps: 'LogAppendTime',
} as const;
const latest = { cleanup: 'compact', tiered: false, retentionMs: -1, timestamps: 'LogAppendTime' } as const;

export const topics: readonly TopicSpec[] = [
  { name: 'fleet.telemetry', key: 'vin', partitions: 6, ...history },
  { name: 'fleet.predictions', key: 'vin', partitions: 6, ...history },
  { name: 'fleet.truth', key: 'vin', partitions: 1, ...kept },
  {
    name: 'fleet.models',
    key: '{run}/{release}/manifest or {run}/{release}/chunk/{n}',
    partitions: 1,
    ...latest,
  },
  { name: 'fleet.desired', key: '{run}/{edge}', partitions: 1, ...latest },
  { name: 'fleet.edges', key: '{run}/{edge}', partitions: 1, ...latest },
  { name: 'fleet.frames', key: '{run}/{edge}', partitions: 1, ...latest },
  { name: 'fleet.deadletter', key: 'source', partitions: 1, ...kept },
  { name: 'fleet.ledger', key: '{run}/{shard}, or the edge', partitions: 1, ...kept },
  { name: 'fleet.control', key: '{run}', partitions: 1, ...kept },
];

/** The topic's name on the wire: an installation may put a prefix before every name. */
export function topicName(name: TopicName, prefix = ''): string {
  return prefix + name;
}

const compactedSegmentBytes = 64 * 1024 * 1024;

/** Kafka's own configuration of a topic. `localRetentionMs` bounds what a tiered topic keeps on the broker's disk. */
export function topicConfig(
  spec: TopicSpec,
  options: { tieredStorage: boolean; localRetentionMs: number; segmentBytes: number },
): Record<string, string> {
  const config: Record<string, string> = {
    'cleanup.policy': spec.cleanup,
    'message.timestamp.type': spec.timestamps,
  };
  if (spec.cleanup === 'delete') config['retention.ms'] = String(spec.retentionMs);
  // Only closed segments are compacted, and whoever reads such a topic reads all of it: the default of 1 GB is no bound.
  else config['segment.bytes'] = String(compactedSegmentBytes);
  if (spec.tiered && options.tieredStorage) {
    config['remote.storage.enable'] = 'true';
    config['local.retention.ms'] = String(options.localRetentionMs);
    config['segment.bytes'] = String(options.segmentBytes);
  }
  return config;
}
