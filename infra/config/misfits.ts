import { messagesPerSecondOf } from '../../testbed/cluster/requests.ts';
import { clusterSizeOf, leastBrokers, processesFor, type KafkaForm } from '../../testbed/cluster/size.ts';
import { mostNodes } from './ranges.ts';

/**
 * All edges' passwords are one Kubernetes secret (at most 1 MiB), all their addresses one variable of a simulator (Linux:
 * at most 128 KiB): so many stay well below both.
 */
export const mostEdges = 5000;

/** What a simulator takes for the time between two readings (simulator/config.ts: fleet.interval). */
const readingIntervalMs = { least: 10, most: 3_600_000 } as const;

/** Settings that are right each for itself, as far as sizes depend on them. */
export interface SizeSettings {
  'fleetbed:cars': number;
  'fleetbed:messageInterval': number;
  'fleetbed:readingsPerMessage': number;
  'fleetbed:kafka': KafkaForm;
  'fleetbed:kafkaImage'?: string | undefined;
  'fleetbed:brokers'?: number | undefined;
  'fleetbed:edges'?: number | undefined;
  'fleetbed:bridges'?: number | undefined;
  'fleetbed:simulators'?: number | undefined;
}

export interface Misfit {
  key: keyof SizeSettings;
  reason: string;
}

/** Settings that do not go together: sizes that a user fixed, held against what the load needs of them. */
export function* misfits(given: SizeSettings): Generator<Misfit> {
  yield* ofCounts(given);
  yield* ofReadings(given);
  yield* ofWhole(given);
  yield* ofKafka(given);
}

function loadOf(given: SizeSettings): Parameters<typeof clusterSizeOf>[0] {
  return {
    cars: given['fleetbed:cars'],
    messageIntervalMs: given['fleetbed:messageInterval'],
    readingsPerMessage: given['fleetbed:readingsPerMessage'],
    kafka: given['fleetbed:kafka'],
    edges: given['fleetbed:edges'],
    bridges: given['fleetbed:bridges'],
    simulators: given['fleetbed:simulators'],
    brokers: given['fleetbed:brokers'],
  };
}

function* ofCounts(given: SizeSettings): Generator<Misfit> {
  const load = loadOf(given);
  const messagesPerSecond = (load.cars * 1000) / load.messageIntervalMs;
  const parts = [
    ['fleetbed:edges', processesFor(load.cars, messagesPerSecond, messagesPerSecondOf.edge)],
    ['fleetbed:simulators', processesFor(load.cars, messagesPerSecond, messagesPerSecondOf.simulator)],
    ['fleetbed:bridges', Math.ceil(messagesPerSecond / messagesPerSecondOf.bridge)],
    ['fleetbed:brokers', leastBrokers(load)],
  ] as const;
  for (const [key, least] of parts) {
    const count = given[key];
    if (count === undefined || count >= least) continue;
    yield {
      key,
      reason: `${inWords(load)} need at least ${least}, got ${count}: raise it, or leave it out`,
    };
  }
}

function* ofReadings(given: SizeSettings): Generator<Misfit> {
  const { messageIntervalMs, readingsPerMessage } = loadOf(given);
  const each = Math.round(messageIntervalMs / readingsPerMessage);
  if (each >= readingIntervalMs.least && each <= readingIntervalMs.most) return;
  yield {
    key: 'fleetbed:readingsPerMessage',
    reason: `${readingsPerMessage} readings in ${messageIntervalMs} ms are ${each} ms apart: cars take 10 ms to 1 h`,
  };
}

/** What no number of machines helps: the cluster itself has bounds. */
function* ofWhole(given: SizeSettings): Generator<Misfit> {
  const load = loadOf(given);
  const { edges, pools } = clusterSizeOf(load);
  const nodes = Object.values(pools).reduce((sum, pool) => sum + pool.nodes, 0);
  const hint = 'take fewer cars, a longer fleetbed:messageInterval, or several stacks';
  if (load.edges === undefined && edges.count > mostEdges) {
    const reason = `${inWords(load)} need ${edges.count} edges; one stack has at most ${mostEdges}: ${hint}`;
    yield { key: 'fleetbed:cars', reason };
  }
  if (nodes > mostNodes) {
    const reason = `${inWords(load)} need ${nodes} nodes; the network has addresses for ${mostNodes}: ${hint}`;
    yield { key: 'fleetbed:cars', reason };
  }
}

function* ofKafka(given: SizeSettings): Generator<Misfit> {
  const isOurs = given['fleetbed:kafka'] === 'strimzi';
  if (isOurs && given['fleetbed:kafkaImage'] === undefined) {
    yield {
      key: 'fleetbed:kafkaImage',
      reason: 'needed where fleetbed:kafka is strimzi (infra/images/kafka)',
    };
  }
  for (const key of ['fleetbed:kafkaImage', 'fleetbed:brokers'] as const) {
    if (isOurs || given[key] === undefined) continue;
    yield { key, reason: 'only where fleetbed:kafka is strimzi: Google chooses its own' };
  }
}

function inWords({ cars, messageIntervalMs }: { cars: number; messageIntervalMs: number }): string {
  return `${cars} cars and ${Math.round((cars * 1000) / messageIntervalMs)} messages/s`;
}
