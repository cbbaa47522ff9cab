import { isolation, type Cluster } from './kafka-cluster.ts';

/** One partition of one topic. */
export interface Place {
  topic: string;
  partition: number;
}

/**
 * - start: the oldest record that is still kept
 * - stable: the last stable offset: before the first record of the oldest transaction that is still open
 * - written: behind the last record of all, decided or not (the high watermark)
 * - since: the first record before the last stable offset whose timestamp, ms since 1970, is at or behind it; Infinity
 *   where there is none
 */
export type Mark = 'start' | 'stable' | 'written' | { since: number };

const earliest = -2;
const latest = -1;
/** The answer where no record is as new as was asked. */
const nowhere = '-1';

/** Asks the leaders where a mark stands in each place, in the order of the places. */
export async function offsetsOf(cluster: Cluster, places: readonly Place[], mark: Mark): Promise<number[]> {
  const timestamp = timestampOf(mark);
  const isolationLevel = mark === 'written' ? isolation.readUncommitted : isolation.readCommitted;
  const found = new Map<string, number>();
  for (const [nodeId, topics] of byLeader(cluster, places, () => ({ timestamp }))) {
    const broker = await cluster.findBroker({ nodeId });
    const { responses } = await broker.listOffsets({ replicaId: -1, isolationLevel, topics });
    for (const { topic, partitions } of responses) {
      for (const { partition, offset } of partitions) {
        found.set(`${topic}/${partition}`, offset === nowhere ? Infinity : Number(offset));
      }
    }
  }
  return places.map(({ topic, partition }) => found.get(`${topic}/${partition}`) ?? 0);
}

function timestampOf(mark: Mark): number {
  // Below zero are Kafka's own marks.
  if (typeof mark === 'object') return Math.max(0, Math.ceil(mark.since));
  return mark === 'start' ? earliest : latest;
}

/** A request's topics and partitions, by the broker that leads them. @throws Error while a partition has no leader */
export function byLeader<P extends Place, Extra>(
  cluster: Cluster,
  places: readonly P[],
  extra: (place: P) => Extra,
): Map<number, { topic: string; partitions: ({ partition: number } & Extra)[] }[]> {
  const requests = new Map<number, { topic: string; partitions: ({ partition: number } & Extra)[] }[]>();
  for (const place of places) {
    const { topic, partition } = place;
    const known = cluster
      .findTopicPartitionMetadata(topic)
      .find(({ partitionId }) => partitionId === partition);
    if (!known || known.leader < 0) throw new NoLeaderError(place);
    const topics = requests.get(known.leader) ?? [];
    requests.set(known.leader, topics);
    let entry = topics.find((each) => each.topic === topic);
    if (!entry) topics.push((entry = { topic, partitions: [] }));
    entry.partitions.push({ partition, ...extra(place) });
  }
  return requests;
}

export class NoLeaderError extends Error {
  override name = 'NoLeaderError';
  constructor({ topic, partition }: Place) {
    super(`no broker leads ${topic}/${partition} at the moment`);
  }
}
