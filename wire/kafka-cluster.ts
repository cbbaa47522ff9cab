import type { Kafka } from './kafka.ts';

/**
 * kafkajs' own cluster, beneath its consumer. Its consumer cannot say where it stands when a batch holds markers alone,
 * and hands out records of aborted transactions when several end in another order than they began (it takes the broker's
 * list to be sorted). So the reader fetches by itself; this file is all that it takes from inside kafkajs 2.2.4, and
 * test/wire/kafka-cluster.test.ts fails if it changes.
 */
export interface Cluster {
  connect(): Promise<void>;
  disconnect(): Promise<void>;
  addMultipleTargetTopics(topics: string[]): Promise<void>;
  refreshMetadata(): Promise<void>;
  refreshMetadataIfNecessary(): Promise<void>;
  findTopicPartitionMetadata(topic: string): { partitionId: number; leader: number }[];
  findBroker(node: { nodeId: number }): Promise<Broker>;
}

export interface Broker {
  fetch(request: {
    isolationLevel: 0 | 1;
    maxWaitTime: number;
    minBytes: number;
    maxBytes: number;
    topics: { topic: string; partitions: { partition: number; fetchOffset: string; maxBytes: number }[] }[];
  }): Promise<{ responses: { topicName: string; partitions: FetchedPartition[] }[] }>;
  listOffsets(request: {
    replicaId: -1;
    isolationLevel: 0 | 1;
    topics: { topic: string; partitions: { partition: number; timestamp: number }[] }[];
  }): Promise<{ responses: { topic: string; partitions: { partition: number; offset: string }[] }[] }>;
}

export interface FetchedPartition {
  partition: number;
  highWatermark: string;
  lastStableOffset: string;
  abortedTransactions: AbortedTransaction[] | null;
  messages: RawRecord[];
}

export interface AbortedTransaction {
  producerId: string;
  firstOffset: string;
}

/** A record, or a marker that ends a transaction, as it lies in the log. */
export interface RawRecord {
  offset: string;
  timestamp: string;
  key: Buffer | null;
  value: Buffer | null;
  headers: Record<string, Buffer | string | (Buffer | string)[] | undefined>;
  isControlRecord: boolean;
  /** Of the record batch around it. */
  batchContext: { firstOffset: string; lastOffsetDelta: number; producerId: string; inTransaction: boolean };
}

export const isolation = { readUncommitted: 0, readCommitted: 1 } as const;

const metadataMaxAgeMs = 60_000;

/** A cluster of its own connections. It creates no topic by asking for it. */
export function openCluster(kafka: Kafka): Cluster {
  const door = Object.getOwnPropertySymbols(kafka).find(
    (symbol) => symbol.description === 'private:Kafka:createCluster',
  );
  const create = door && (kafka as unknown as Record<symbol, unknown>)[door];
  if (typeof create !== 'function')
    throw new Error('kafkajs has changed inside: kafka-cluster.ts needs a look');
  return create({ metadataMaxAge: metadataMaxAgeMs, allowAutoTopicCreation: false }) as Cluster;
}
