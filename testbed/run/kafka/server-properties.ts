import { join } from 'node:path';

export interface ServerAddresses {
  /** Where clients connect. */
  client: number;
  /** Where Kafka's own controller listens. */
  controller: number;
  /** More doors for clients, and the address that each tells them to use: a proxy in front of it. */
  links: { port: number; advertised: { host: string; port: number } }[];
}

/**
 * Configuration of a single node that is broker and controller at once, light enough to stand beside a load test.
 * https://kafka.apache.org/documentation/#brokerconfigs
 */
export function serverProperties(dataDir: string, addresses: ServerAddresses): string {
  const { client, controller, links } = addresses;
  const listeners = [`CLIENT://127.0.0.1:${client}`];
  const advertised = [`CLIENT://127.0.0.1:${client}`];
  const protocols = ['CLIENT:PLAINTEXT', 'CONTROLLER:PLAINTEXT'];
  for (const [index, link] of links.entries()) {
    const name = `LINK${index + 1}`;
    listeners.push(`${name}://127.0.0.1:${link.port}`);
    advertised.push(`${name}://${link.advertised.host}:${link.advertised.port}`);
    protocols.push(`${name}:PLAINTEXT`);
  }
  const settings: Record<string, string | number | boolean> = {
    'process.roles': 'broker,controller',
    ...controllerOf(controller),
    listeners: [...listeners, `CONTROLLER://127.0.0.1:${controller}`].join(','),
    'advertised.listeners': advertised.join(','),
    'listener.security.protocol.map': protocols.join(','),
    'inter.broker.listener.name': 'CLIENT',
    'log.dirs': logFolder(dataDir),
    'auto.create.topics.enable': false,
    ...oneNode,
    ...fewThreads,
    ...tiered,
    'rsm.config.dir': join(dataDir, 'tier'),
  };
  return inLines(settings);
}

/** The same node as controller alone, which soon counts a broker that does not report as gone. */
export function controllerProperties(dataDir: string, { controller }: ServerAddresses): string {
  return inLines({
    'process.roles': 'controller',
    ...controllerOf(controller),
    listeners: `CONTROLLER://127.0.0.1:${controller}`,
    'listener.security.protocol.map': 'CONTROLLER:PLAINTEXT',
    'log.dirs': logFolder(dataDir),
    'broker.session.timeout.ms': 100,
    'broker.heartbeat.interval.ms': 50,
  });
}

function controllerOf(port: number): Record<string, string | number> {
  return {
    'node.id': nodeId,
    'controller.quorum.voters': `${nodeId}@127.0.0.1:${port}`,
    'controller.listener.names': 'CONTROLLER',
  };
}

function inLines(settings: Record<string, string | number | boolean>): string {
  return Object.entries(settings)
    .map(([key, value]) => `${key}=${value}\n`)
    .join('');
}

/** Kafka's own log folder (its data) within the run's. */
export function logFolder(dataDir: string): string {
  return join(dataDir, 'log');
}

export const nodeId = 1;

const oneNode = {
  'offsets.topic.replication.factor': 1,
  'offsets.topic.num.partitions': 4,
  'transaction.state.log.replication.factor': 1,
  'transaction.state.log.min.isr': 1,
  'transaction.state.log.num.partitions': 4,
  // A dead producer's open transaction stops every read_committed reader until it is noticed.
  'transaction.abort.timed.out.transaction.cleanup.interval.ms': 1000,
  'share.coordinator.state.topic.replication.factor': 1,
  'share.coordinator.state.topic.min.isr': 1,
  'group.initial.rebalance.delay.ms': 0,
  // 10 MB unless said otherwise, of which a segment's first entry brings all into memory: with segments of 4 MiB and 10 MB a second that
  // was a twelfth of Kafka's work. Enough for segments of 87 MB.
  'log.index.size.max.bytes': 256 * 1024,
  // To count it as gone because it was frozen for a while only does harm: nobody could take its place (controller-only.ts).
  // But a request to its own controller that got lost while both were starting is sent again after half of this.
  'broker.session.timeout.ms': 18_000,
};

const fewThreads = {
  'num.network.threads': 2,
  'num.io.threads': 4,
  'background.threads': 4,
  // Of the heap; 128 MB unless said otherwise.
  'log.cleaner.dedupe.buffer.size': 16 * 1024 * 1024,
};

/**
 * Segments of tiered topics move into a folder within seconds. The storage manager is Kafka's own, from its test jars;
 * it takes no class.path: a second class loader would load the same class twice and not recognise it.
 */
const tiered = {
  'remote.log.storage.system.enable': true,
  'remote.log.metadata.manager.listener.name': 'CLIENT',
  'remote.log.storage.manager.class.name': 'org.apache.kafka.server.log.remote.storage.LocalTieredStorage',
  'remote.log.storage.manager.impl.prefix': 'rsm.config.',
  'rlmm.config.remote.log.metadata.topic.replication.factor': 1,
  'rlmm.config.remote.log.metadata.topic.num.partitions': 1,
  'rlmm.config.remote.log.metadata.topic.min.isr': 1,
  'remote.log.manager.task.interval.ms': 1000,
  'remote.log.manager.thread.pool.size': 2,
  // History that comes faster waits on Kafka's own disk, where it is read as well: at 10 MB a second its copies took a tenth of Kafka's CPU
  // from those who wait for an answer.
  'remote.log.manager.copy.max.bytes.per.second': 4 * 1024 * 1024,
  'log.retention.check.interval.ms': 1000,
  'log.initial.task.delay.ms': 1000,
};
