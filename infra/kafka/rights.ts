import { topics, type TopicName } from '../../contract/topics.ts';

/** Who speaks with Kafka. `reader` is for people: fleetbed tail and the like. */
export const kafkaUsers = ['bridge', 'trainer', 'simulator', 'reader'] as const;
export type KafkaUser = (typeof kafkaUsers)[number];

export interface Rights {
  reads: readonly TopicName[];
  writes: readonly TopicName[];
  /** Its transactional ids begin with the run's id: {run}/{edge}. */
  transactions: boolean;
  /** Bytes a second that each broker lets it produce and consume: a broken part cannot take all of Kafka. */
  share: { producer: number; consumer: number };
}

/**
 * What each part does with each topic, and no more. The trainer has no way to fleet.truth: a detector that has seen the
 * answers proves nothing. Nobody creates or alters topics: they come from contract/topics.ts.
 */
export const rightsOf: Record<KafkaUser, Rights> = {
  bridge: {
    reads: ['fleet.frames', 'fleet.edges', 'fleet.models', 'fleet.desired'],
    writes: [
      'fleet.telemetry',
      'fleet.predictions',
      'fleet.deadletter',
      'fleet.edges',
      'fleet.ledger',
      'fleet.frames',
    ],
    transactions: true,
    share: { producer: 1, consumer: 0.5 },
  },
  trainer: {
    reads: ['fleet.telemetry', 'fleet.edges', 'fleet.models'],
    writes: ['fleet.models', 'fleet.desired'],
    transactions: false,
    share: { producer: 0.1, consumer: 1 },
  },
  simulator: {
    reads: [],
    writes: ['fleet.ledger'],
    transactions: false,
    share: { producer: 0.1, consumer: 0.1 },
  },
  reader: {
    reads: topics.map(({ name }) => name),
    writes: [],
    transactions: false,
    share: { producer: 0.01, consumer: 0.5 },
  },
};
