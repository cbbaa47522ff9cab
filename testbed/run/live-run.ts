import type { Scenario } from '../scenario/scenario.ts';
import type { FeedTakers, RunFeed } from '../verdict/kafka-feed.ts';
import type { Ledger } from '../verdict/ledger.ts';
import type { Collector } from './collector.ts';
import type { Components } from './components.ts';
import type { Fleet } from './fleet.ts';
import type { GivenBroker } from './given-broker.ts';
import type { GroundTruth } from './ground-truth.ts';
import type { KafkaSource } from './kafka-source.ts';
import type { ResourceMeter } from './resources.ts';
import type { Scraper } from './scrape.ts';
import type { Status } from './status.ts';
import type { Stop } from './stop.ts';
import type { Part } from './supervised.ts';
import type { Timeline } from './timeline/timeline.ts';
import type { Training } from './training.ts';

/** All that one run is made of, once it is set up. */
export interface Run {
  id: string;
  scenario: Scenario;
  kafka: KafkaSource;
  /** The user's own, between edges and bridges. */
  broker: GivenBroker | undefined;
  components: Components;
  parts: Map<string, Part>;
  fleet: Fleet;
  ledger: Ledger;
  /** What Kafka showed of cars, alarms and models. */
  evidence: FeedTakers;
  truth: GroundTruth;
  training: Training;
  feed: RunFeed;
  scraper: Scraper;
  meter: ResourceMeter;
  collector: Collector;
  status: Status;
  stop: Stop;
  /** Undefined until every car of the first stage is connected. */
  timeline: Timeline | undefined;
}

/** Was it killed, to stay down? A part that is about to be started again is not gone. */
export function isGone({ parts, scenario }: Run, name: string): boolean {
  const staysDown = scenario.timeline.some(
    (entry) => entry.action === 'kill' && entry.restart === 'never' && entry.targets.includes(name),
  );
  return staysDown && parts.get(name)?.pid === undefined;
}
