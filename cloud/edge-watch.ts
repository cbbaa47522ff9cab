import { nameInRun } from '#contract/identity.ts';
import { edgeStateCodec } from '#contract/records.ts';
import type { Log } from '#runtime/log.ts';
import { readTopics, type TopicReader } from '#wire/kafka-reader.ts';
import type { Kafka } from '#wire/kafka.ts';
import { trainerTopic } from './topics.ts';

/**
 * Follows fleet.edges: every edge of the run that has ever said anything, each once, also those that come later.
 * @throws UserError when Kafka cannot be reached or lacks the topic
 */
export async function watchEdges(
  kafka: Kafka,
  options: { run: string; topicPrefix: string; log: Log; onEdge: (edge: string) => Promise<void> },
): Promise<TopicReader> {
  const { run, topicPrefix, log, onEdge } = options;
  const known = new Set<string>();
  return readTopics(kafka, {
    topics: [trainerTopic('fleet.edges', topicPrefix)],
    from: 'beginning',
    consumer: 'edges',
    onBatch: async (records) => {
      for (const { key, value } of records) {
        const edge = nameInRun(run, key);
        if (edge === null || known.has(edge)) continue;
        if (!value || !edgeStateCodec.matches(value)) continue;
        known.add(edge);
        log.info({ edge }, 'knows an edge');
        await onEdge(edge);
      }
    },
  });
}
