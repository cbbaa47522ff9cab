import { readFileSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
// Before kafkajs: they take the place of parts of it, the first one before anything has loaded them.
import './kafka-requests.ts';
import './kafka-request-queue.ts';
import kafkajs, {
  Kafka,
  logLevel,
  type KafkaConfig as ClientConfig,
  type LogEntry,
  type Producer,
  type ProducerConfig,
  type SASLOptions,
} from 'kafkajs';
import { z } from 'zod';
import { secret } from '#runtime/config.ts';
import { inWords, UserError } from '#runtime/errors.ts';
import type { Log } from '#runtime/log.ts';
import type { Metrics } from '#runtime/metrics.ts';
import { LagGauges } from './kafka-lag.ts';
import { partitionByKey } from './kafka-partitioner.ts';

/** Node finds most of this CommonJS package's names, not this one. */
export const ConfigResourceTypes = kafkajs.ConfigResourceTypes;

export type { Admin, Kafka, Message, Producer, TopicMessages, Transaction } from 'kafkajs';

/** How a component reaches Kafka: one part of each component's configuration. */
export const kafkaConfig = z.strictObject({
  brokers: z
    .array(z.string().regex(/^[^\s,]+:\d{1,5}$/, 'expected host:port'))
    .min(1)
    .describe('Kafka brokers to ask first, host:port'),
  clientId: z.string().min(1).default('fleetbed').describe("the name in Kafka's own logs and quotas"),
  topicPrefix: z
    .string()
    .regex(/^[A-Za-z0-9._-]*$/, "expected letters, digits, '.', '_', '-'")
    .default('')
    .describe("before every topic's name"),
  ssl: z
    .strictObject({
      enabled: z.boolean().default(true).describe('speak TLS to Kafka'),
      ca: z.string().optional().describe("file with the authority's certificate, PEM"),
      cert: z.string().optional().describe('file with our own certificate, PEM'),
      key: z.string().optional().describe('file with our private key, PEM'),
    })
    .optional()
    .describe('TLS to Kafka; without it plain TCP'),
  sasl: z
    .strictObject({
      mechanism: z.enum(['plain', 'scram-sha-256', 'scram-sha-512']).describe('how we say who we are'),
      username: z.string().describe('SASL user name'),
      password: secret.describe('SASL password'),
    })
    .optional()
    .describe('SASL authentication; without it none'),
});

export type KafkaConfig = z.output<typeof kafkaConfig>;

/**
 * kafkajs' own 300 ms make every commit take 170 ms: the next transaction meets CONCURRENT_TRANSACTIONS and waits. These
 * take 11 ms; 50 tries are about 4 s.
 */
const retry = { initialRetryTime: 5, maxRetryTime: 100, retries: 50, factor: 0.2, multiplier: 1.5 };

/** What a client was made with. */
interface MadeWith {
  config: KafkaConfig;
  log: Log;
  lags: LagGauges | undefined;
}

const createPartitioner = partitionByKey(kafkajs.Partitioners.DefaultPartitioner);

/** Its producers choose partitions our way, so that nobody has to think of it. */
class Client extends Kafka {
  override producer(options?: ProducerConfig): Producer {
    return super.producer({ createPartitioner, ...options });
  }
}

const told = new WeakMap<Kafka, MadeWith>();

/**
 * A Kafka client; it connects when it is used. The lag of readers that have a name is shown in `metrics`.
 * @throws UserError when a certificate file cannot be read
 */
export function connectKafka(config: KafkaConfig, log: Log, metrics?: Metrics): Kafka {
  const kafka = new Client(clientOptions(config, log));
  told.set(kafka, { config, log, lags: metrics && new LagGauges(metrics) });
  return kafka;
}

function clientOptions(config: KafkaConfig, log: Log): ClientConfig {
  const options: ClientConfig = {
    brokers: config.brokers,
    clientId: config.clientId,
    connectionTimeout: 3000,
    requestTimeout: 10_000,
    retry,
    logLevel: logLevel.INFO,
    logCreator: () => (entry) => passOn(log, entry),
  };
  if (config.ssl?.enabled) options.ssl = certificates(config.ssl);
  // A copy: kafkajs puts a function into it, and a configuration may go to worker threads.
  if (config.sasl) options.sasl = { ...config.sasl } as SASLOptions;
  return options;
}

/** What a client was made with: its brokers for messages, its log and gauges for those who read with it. */
export function madeWith(kafka: Kafka): MadeWith {
  const known = told.get(kafka);
  if (!known) throw new Error('this Kafka client was not made by connectKafka');
  return known;
}

/**
 * Done with a producer: at once, and again when its loose end is over, for kafkajs' retries connect a disconnected producer
 * anew.
 */
export async function discardProducer(producer: Producer, looseEnd: Promise<unknown>): Promise<void> {
  const close = async (): Promise<void> => producer.disconnect();
  await Promise.allSettled([close(), looseEnd]);
  await Promise.allSettled([close()]);
}

/**
 * Resolves as soon as Kafka answers.
 * @throws UserError in words when it does not within the time, or refuses our credentials
 */
export async function waitForKafka(kafka: Kafka, timeoutMs: number): Promise<void> {
  const giveUpAt = performance.now() + timeoutMs;
  const { config, log } = madeWith(kafka);
  // Of its own: the 50 tries of the other would outlast a short time.
  const asking = new Kafka({ ...clientOptions(config, log), retry: { ...retry, retries: 0 } });
  for (;;) {
    const admin = asking.admin();
    try {
      await admin.connect();
      const { brokers } = await admin.describeCluster();
      if (brokers.length > 0) return;
    } catch (error) {
      if (performance.now() >= giveUpAt || isFinal(error)) throw unreachable(kafka, error);
    } finally {
      await admin.disconnect();
    }
    await sleep(100);
  }
}

/** An error of Kafka's in words a user can act on. */
export function kafkaInWords(error: unknown): string {
  const root = rootCause(error);
  if (!(root instanceof Error) || !('broker' in root) || !('code' in root)) return inWords(root);
  // A system's error that kafkajs has taken over: it has the code and, of the address, its own form.
  return inWords(Object.assign(new Error(root.message), { code: root.code, path: root.broker }));
}

/** kafkajs wraps what went wrong, sometimes twice. */
function rootCause(error: unknown): unknown {
  let at = error;
  while (at instanceof Error && at.cause instanceof Error && at.cause !== at) at = at.cause;
  return at;
}

function isFinal(error: unknown): boolean {
  const name = rootCause(error) instanceof Error ? (rootCause(error) as Error).name : '';
  return name === 'KafkaJSSASLAuthenticationError' || name === 'KafkaJSUnsupportedVersion';
}

function unreachable(kafka: Kafka, error: unknown): UserError {
  const brokers = madeWith(kafka).config.brokers.join(', ');
  return new UserError('component', `Kafka at ${brokers} cannot be reached: ${kafkaInWords(error)}`, {
    cause: error,
  });
}

function certificates(ssl: NonNullable<KafkaConfig['ssl']>): { ca?: string[]; cert?: string; key?: string } {
  const read = (file: string): string => {
    try {
      return readFileSync(file, 'utf8');
    } catch (error) {
      throw new UserError('config', `kafka.ssl: ${inWords(error)}`, { cause: error });
    }
  };
  return {
    ...(ssl.ca !== undefined && { ca: [read(ssl.ca)] }),
    ...(ssl.cert !== undefined && { cert: read(ssl.cert) }),
    ...(ssl.key !== undefined && { key: read(ssl.key) }),
  };
}

/** Its producers have a number of tries, and one that has failed is thrown away. */
const harmless = 'Limiting retries for the idempotent producer';

/**
 * kafkajs calls each retry an error, and retries are how a transaction waits for the one before. Whatever matters
 * comes back to the caller as a rejection.
 */
function passOn(log: Log, entry: LogEntry): void {
  const { message, timestamp: _, logger: __, ...rest } = entry.log;
  const text = `kafkajs ${entry.namespace}: ${message}`;
  if (entry.level === logLevel.WARN && !message.includes(harmless)) log.warn(rest, text);
  else log.debug(rest, text);
}
