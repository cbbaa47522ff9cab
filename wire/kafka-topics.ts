import { setTimeout as sleep } from 'node:timers/promises';
import { topicConfig, topicName, topics, type TopicSpec } from '#contract/topics.ts';
import { UserError } from '#runtime/errors.ts';
import { ConfigResourceTypes, kafkaInWords, type Admin, type Kafka } from './kafka.ts';

export interface EnsureTopicsOptions {
  /** Before every topic's name. */
  prefix: string;
  /** A Kafka that is somebody else's: its broker decides on replication, its topics are checked and never altered. */
  given: boolean;
  /** `detect`: asks the broker whether it has it. */
  tieredStorage: boolean | 'detect';
  /** Of tiered topics: how long, and in pieces of what size, the broker's own disk keeps them. */
  localRetentionMs?: number;
  segmentBytes?: number;
}

/** Local runs are short: small segments, so that history moves within them. */
const local = { localRetentionMs: 10_000, segmentBytes: 4 * 1024 * 1024 };
const lasting = { localRetentionMs: 60 * 60 * 1000, segmentBytes: 128 * 1024 * 1024 };

const leadersTimeoutMs = 15_000;
/** Kafka's number for the broker's default replication (KIP-464). */
const brokersDefault = -1;

/**
 * Sees to it that every topic of the contract is there. What is there already stays as it is.
 * @returns names that were created, and notes for the user
 * @throws UserError when an existing topic does not fit, or one cannot be created
 */
export async function ensureTopics(
  kafka: Kafka,
  options: EnsureTopicsOptions,
): Promise<{ created: string[]; notes: string[] }> {
  const { prefix, given } = options;
  const admin = kafka.admin();
  await admin.connect();
  try {
    const existing = new Set(await admin.listTopics());
    const there = topics.filter(({ name }) => existing.has(topicName(name, prefix)));
    const missing = topics.filter(({ name }) => !existing.has(topicName(name, prefix)));
    await check(admin, there, prefix);
    if (missing.length === 0) return { created: [], notes: [] };
    const notes: string[] = [];
    const tieredStorage = options.tieredStorage === 'detect' ? await hasTiers(admin) : options.tieredStorage;
    if (!tieredStorage && missing.some(({ tiered }) => tiered)) {
      notes.push("Kafka has no tiered storage: all history stays on the brokers' own disks");
    }
    const sizes = { ...(given ? lasting : local), ...sizesOf(options), tieredStorage };
    await create(admin, missing, prefix, given ? brokersDefault : 1, sizes);
    // Another process may have been faster.
    await check(admin, missing, prefix);
    return { created: missing.map(({ name }) => topicName(name, prefix)), notes };
  } finally {
    await admin.disconnect();
  }
}

async function check(admin: Admin, specs: readonly TopicSpec[], prefix: string): Promise<void> {
  const problems = await misfits(admin, specs, prefix);
  if (problems.length === 0) return;
  throw new UserError(
    'component',
    `Kafka has topics that do not fit, and they are never altered:\n  ${problems.join('\n  ')}\n` +
      'Change them, or set another topic prefix.',
  );
}

function sizesOf(options: EnsureTopicsOptions): { localRetentionMs?: number; segmentBytes?: number } {
  const { localRetentionMs, segmentBytes } = options;
  return {
    ...(localRetentionMs !== undefined && { localRetentionMs }),
    ...(segmentBytes !== undefined && { segmentBytes }),
  };
}

async function create(
  admin: Admin,
  specs: readonly TopicSpec[],
  prefix: string,
  replicationFactor: number,
  sizes: Parameters<typeof topicConfig>[1],
): Promise<void> {
  try {
    await admin.createTopics({
      waitForLeaders: false,
      topics: specs.map((spec) => ({
        topic: topicName(spec.name, prefix),
        numPartitions: spec.partitions,
        replicationFactor,
        configEntries: Object.entries(topicConfig(spec, sizes)).map(([name, value]) => ({ name, value })),
      })),
    });
    await untilLed(
      admin,
      specs.map(({ name }) => topicName(name, prefix)),
    );
  } catch (error) {
    const names = specs.map(({ name }) => topicName(name, prefix)).join(', ');
    const detail = reasonsOf(error).join('; ');
    throw new UserError('component', `Kafka does not create ${names}: ${detail}`, { cause: error });
  }
}

/** kafkajs' own waiting gives up when a broker has not heard of a new topic yet. */
async function untilLed(admin: Admin, names: string[]): Promise<void> {
  const giveUpAt = performance.now() + leadersTimeoutMs;
  for (;;) {
    try {
      const metadata = await admin.fetchTopicMetadata({ topics: names });
      const partitions = metadata.topics.flatMap((topic) => topic.partitions);
      if (partitions.every(({ leader }) => leader >= 0)) {
        // Told of as leaders before they are: a write then is refused in part, and in part there twice when tried again.
        await Promise.all(names.map(async (name) => admin.fetchTopicOffsets(name)));
        return;
      }
      if (performance.now() >= giveUpAt) throw new Error('the new topics have no leaders');
    } catch (error) {
      if (performance.now() >= giveUpAt) throw error;
    }
    await sleep(50);
  }
}

/** kafkajs gathers one error a topic. */
function reasonsOf(error: unknown): string[] {
  if (error instanceof Error && 'errors' in error && Array.isArray(error.errors)) {
    return [...new Set(error.errors.map(kafkaInWords))];
  }
  return [kafkaInWords(error)];
}

/** What of the existing topics would make results wrong, in words. */
async function misfits(admin: Admin, specs: readonly TopicSpec[], prefix: string): Promise<string[]> {
  if (specs.length === 0) return [];
  const { resources } = await admin.describeConfigs({
    includeSynonyms: false,
    resources: specs.map(({ name }) => ({ type: ConfigResourceTypes.TOPIC, name: topicName(name, prefix) })),
  });
  return specs.flatMap((spec) => {
    const name = topicName(spec.name, prefix);
    const entries = resources.find((each) => each.resourceName === name)?.configEntries ?? [];
    const valueOf = (key: string): string =>
      entries.find(({ configName }) => configName === key)?.configValue ?? '';
    return misfit(spec, name, valueOf);
  });
}

function misfit(spec: TopicSpec, name: string, valueOf: (key: string) => string): string[] {
  const problems: string[] = [];
  const cleanup = valueOf('cleanup.policy').split(',');
  // Deleting besides compacting forgets what was committed; compacting history keeps one message a car.
  const fits = spec.cleanup === 'compact' ? cleanup.join() === 'compact' : !cleanup.includes('compact');
  if (!fits) problems.push(`${name}: cleanup.policy is ${cleanup.join()}, expected ${spec.cleanup}`);
  const timestamps = valueOf('message.timestamp.type');
  if (spec.name === 'fleet.telemetry' && timestamps !== spec.timestamps) {
    // carToKafkaMs is the broker's append time less the schedule's.
    problems.push(`${name}: message.timestamp.type is ${timestamps}, expected ${spec.timestamps}`);
  }
  return problems;
}

/** A broker that does not say counts as one without. */
async function hasTiers(admin: Admin): Promise<boolean> {
  try {
    const { brokers } = await admin.describeCluster();
    const name = String(brokers[0]?.nodeId);
    const { resources } = await admin.describeConfigs({
      includeSynonyms: false,
      resources: [
        { type: ConfigResourceTypes.BROKER, name, configNames: ['remote.log.storage.system.enable'] },
      ],
    });
    return resources[0]?.configEntries[0]?.configValue === 'true';
  } catch {
    return false;
  }
}
