import path from 'node:path';
import type { UserError } from '#runtime/errors.ts';
import type { Log } from '#runtime/log.ts';
import { connectKafka, kafkaConfig, waitForKafka, type Kafka, type KafkaConfig } from '#wire/kafka.ts';
import { ensureTopics } from '#wire/kafka-topics.ts';
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
  /** Where the bridge reaches it: through a proxy, when the timeline names that link. */
  bridgeBrokers: string[];
  /** Undefined for the user's own. */
  local: { kafka: LocalKafka; part: KafkaPart } | undefined;
  proxy: LinkProxy | undefined;
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
    return { config: given, client, bridgeBrokers: given.brokers, local: undefined, proxy: undefined, notes };
  }

  const { folders, scenario } = request;
  const advertised = isTouched(scenario, 'bridge/kafka')
    ? { host: '127.0.0.1', port: await pickPort() }
    : undefined;
  const kafka = await startLocalKafka({
    dataDir: path.join(folders.work, 'kafka'),
    logFile: path.join(folders.logs, 'kafka.log'),
    pickPort,
    ...(advertised && { linkAdvertised: advertised }),
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
  const proxy =
    advertised && kafka.linkTarget ? new LinkProxy('bridge/kafka', advertised, kafka.linkTarget) : undefined;
  await proxy?.open();
  const bridgeBrokers = proxy ? [proxy.address] : kafka.brokers;
  return { config, client, bridgeBrokers, local: { kafka, part }, proxy, notes };
}
