import { z } from 'zod';
import { loadConfig } from '#runtime/config.ts';
import { UserError } from '#runtime/errors.ts';
import { kafkaConfig, type KafkaConfig } from '#wire/kafka.ts';

/**
 * The Kafka that a command looks into: --kafka or FLEETBED_KAFKA_BROKERS names it, FLEETBED_KAFKA_… says how it is reached.
 * @throws UserError that none is named, or what is wrong with it
 */
export function kafkaOf(
  command: string,
  option: { brokers: string | undefined; topicPrefix?: string | undefined },
  env: NodeJS.ProcessEnv,
): KafkaConfig {
  const brokers = option.brokers ?? env['FLEETBED_KAFKA_BROKERS'];
  if (brokers === undefined) {
    const words = 'which Kafka? Give --kafka host:port (or FLEETBED_KAFKA_BROKERS)';
    throw new UserError('config', `fleetbed ${command}: ${words}`);
  }
  const argv = ['--kafka-brokers', brokers];
  if (option.topicPrefix !== undefined) argv.push('--kafka-topic-prefix', option.topicPrefix);
  return loadConfig(z.object({ kafka: kafkaConfig }), { argv, env, component: command }).kafka;
}

/** The user's own Kafka is named by --kafka or FLEETBED_KAFKA_BROKERS; how to reach it, by FLEETBED_KAFKA_…. */
export function givenKafka(env: NodeJS.ProcessEnv, option: string | undefined): KafkaConfig | undefined {
  const brokers = option ?? env['FLEETBED_KAFKA_BROKERS'];
  if (brokers === undefined) return undefined;
  return kafkaOf('run', { brokers }, env);
}
