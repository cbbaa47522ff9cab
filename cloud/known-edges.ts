import { nameInRun } from '#contract/identity.ts';
import { edgeStateCodec, type EdgeState } from '#contract/records.ts';
import type { Log } from '#runtime/log.ts';
import { readToEnd } from '#wire/kafka-reader.ts';
import type { Kafka } from '#wire/kafka.ts';
import { trainerTopic } from './topics.ts';

/**
 * What the edges of a run last said of themselves, by name; also those that are offline now.
 * @throws UserError when Kafka cannot be reached or lacks the topic
 */
export async function readEdges(
  kafka: Kafka,
  { run, topicPrefix, log }: { run: string; topicPrefix: string; log: Log },
): Promise<Map<string, EdgeState>> {
  const edges = new Map<string, EdgeState>();
  await readToEnd(kafka, {
    topics: [trainerTopic('fleet.edges', topicPrefix)],
    onBatch: (records) => {
      for (const { key, value } of records) {
        const edge = nameInRun(run, key);
        if (edge === null) continue;
        if (value === null) edges.delete(edge);
        else {
          try {
            edges.set(edge, edgeStateCodec.decode(value));
          } catch (error) {
            log.warn({ edge, error }, 'fleet.edges: a record that says nothing of an edge is left out');
          }
        }
      }
    },
    timeoutMs: readTimeoutMs,
  });
  return edges;
}

const readTimeoutMs = 60_000;
