import path from 'node:path';
import type { HostPort } from '#runtime/config.ts';
import type { UserError } from '#runtime/errors.ts';
import type { Log } from '#runtime/log.ts';
import { connectKafka, kafkaConfig, waitForKafka, type Kafka, type KafkaConfig } from '#wire/kafka.ts';
import { ensureTopics } from '#wire/kafka-topics.ts';
import { processNames } from '../scenario/processes.ts';
import type { Scenario } from '../scenario/scenario.ts';
import type { Folders } from './folders.ts';
import { KafkaPart } from './kafka-part.ts';
import { startLocalKafka, type LocalKafka } from './kafka/local-kafka.ts';
import { LinkProxy } from './link-proxy.ts';
import { isTouched } from './plan.ts';
import { pickPort } from './ports.ts';
import type { Status } from './status.ts';

const reachTimeoutMs = 30_000;

/** The Kafka of a run: one of our own on this machine, or the user's. */
export interface KafkaSource {
  config: KafkaConfig;
  client: Kafka;
  /** Where a bridge reaches it: through a proxy, when the timeline names that link. */
  brokersOf: (bridge: string) => string[];
  /** Undefined for the user's own. */
  local: { kafka: LocalKafka; part: KafkaPart } | undefined;
  /** One for each link of a bridge that the timeline names. */
  proxies: LinkProxy[];
  notes: string[];
}

/** @throws UserError in words: no Java, no Maven, not to be reached, topics that do not fit */
export async function openKafka(request: {
  /** The user's own; undefined starts one. */
  given: KafkaConfig | undefined;
  scenario: Scenario;
  folders: Folders;
  log: Log;
  status: Status;
  onDeath: (error: UserError) => void;
}): Promise<KafkaSource> {
  const { given, status, log } = request;
  if (given) {
    status.doing(`reaching Kafka at ${given.brokers.join(', ')} …`);
    const client = connectKafka(given, log);
    await waitForKafka(client, reachTimeoutMs);
    const { notes } = await ensureTopics(client, {
      prefix: given.topicPrefix,
      given: true,
      tieredStorage: 'detect',
    });
    return { config: given, client, brokersOf: () => given.brokers, local: undefined, proxies: [], notes };
  }

  const { folders, scenario } = request;
  const links = processNames(scenario)
    .bridges.map((bridge) => `${bridge}/kafka`)
    .filter((link) => isTouched(scenario, link));
  const linksAdvertised: HostPort[] = [];
  while (linksAdvertised.length < links.length)
    linksAdvertised.push({ host: '127.0.0.1', port: await pickPort() });
  const kafka = await startLocalKafka({
    dataDir: path.join(folders.work, 'kafka'),
    logFile: path.join(folders.logs, 'kafka.log'),
    pickPort,
    linksAdvertised,
    onProgress: (text) => status.doing(text),
  });
  const part = new KafkaPart(kafka, request.onDeath);
  const config = kafkaConfig.parse({ brokers: kafka.brokers });
  const client = connectKafka(config, log);
  await waitForKafka(client, reachTimeoutMs);
  const { notes } = await ensureTopics(client, {
    prefix: config.topicPrefix,
    given: false,
    tieredStorage: true,
  });
  const proxies = links.map(
    (link, index) => new LinkProxy(link, linksAdvertised[index]!, kafka.linkTargets[index]!),
  );
  await Promise.all(proxies.map((proxy) => proxy.open()));
  const brokersOf = (bridge: string): string[] => {
    const proxy = proxies.find(({ name }) => name === `${bridge}/kafka`);
    return proxy ? [proxy.address] : kafka.brokers;
  };
  return { config, client, brokersOf, local: { kafka, part }, proxies, notes };
}
