import { topicName, type TopicName } from '#contract/topics.ts';

/**
 * The topics that the trainer may read, all of them: what cars said, which edges there are, which releases exist. What
 * truly failed (fleet.truth) is not among them: a detector that has seen the answers proves nothing.
 */
export const trainerTopics = ['fleet.telemetry', 'fleet.edges', 'fleet.models'] as const;

export type TrainerTopic = (typeof trainerTopics)[number];

/** The topic's name on the wire. @throws RangeError for a topic that the trainer has no business with: our own bug */
export function trainerTopic(name: TopicName, prefix: string): string {
  if ((trainerTopics as readonly TopicName[]).includes(name)) return topicName(name, prefix);
  throw new RangeError(`the trainer does not read ${name}`);
}
