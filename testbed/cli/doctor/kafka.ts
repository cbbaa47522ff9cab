import { existsSync } from 'node:fs';
import { UserError } from '#runtime/errors.ts';
import { createLog } from '#runtime/log.ts';
import { connectKafka, waitForKafka, type KafkaConfig } from '#wire/kafka.ts';
import { milliseconds } from '../../verdict/figures.ts';
import { findJava, findMaven } from '../../run/kafka/java.ts';
import { cacheFolder, kafkaVersion } from '../../run/kafka/resolve.ts';
import { ok, type Finding } from './finding.ts';

const consequence =
  'no local Kafka can start; a Kafka of your own needs neither Java nor Maven (--kafka host:port)';

/** What a local Kafka needs: Java, and its jars or Maven to fetch them. */
export async function kafkaFindings(env: NodeJS.ProcessEnv): Promise<Finding[]> {
  return [await javaFinding(env), await jarsFinding(env)];
}

async function javaFinding(env: NodeJS.ProcessEnv): Promise<Finding> {
  try {
    const java = await findJava(env);
    return ok('Java', `${java.major} (${java.path})`);
  } catch (error) {
    if (!(error instanceof UserError)) throw error;
    return {
      subject: 'Java',
      state: 'blocks',
      found: firstSentences(error),
      consequence,
      fix: 'apt-get install openjdk-17-jre-headless     (macOS: brew install openjdk)',
    };
  }
}

async function jarsFinding(env: NodeJS.ProcessEnv): Promise<Finding> {
  const subject = 'Kafka';
  const folder = cacheFolder(env);
  if (existsSync(folder)) return ok(subject, `${kafkaVersion()}, in ${folder}`);
  try {
    await findMaven(env);
    return ok(subject, `${kafkaVersion()}, which the first run fetches with Maven (46 MB, once)`);
  } catch (error) {
    if (!(error instanceof UserError)) throw error;
    return {
      subject,
      state: 'blocks',
      found: firstSentences(error),
      consequence,
      fix: 'apt-get install maven     (macOS: brew install maven)',
    };
  }
}

const reachTimeoutMs = 5000;

/** A Kafka of the user's own: does it answer? @param config undefined: it is not named */
export async function givenKafkaFinding(config: KafkaConfig | undefined): Promise<Finding> {
  const subject = 'Kafka';
  if (!config) return ok(subject, 'your own; --kafka host:port asks whether it can be reached');
  try {
    const startedMs = performance.now();
    const kafka = connectKafka(config, createLog({ component: 'doctor', level: 'silent' }));
    await waitForKafka(kafka, reachTimeoutMs);
    return ok(
      subject,
      `${config.brokers.join(', ')} answers, within ${milliseconds(performance.now() - startedMs)}`,
    );
  } catch (error) {
    if (!(error instanceof UserError)) throw error;
    return {
      subject,
      state: 'blocks',
      found: error.message,
      consequence: 'nothing that cars send can be stored, and the run does not begin',
      fix: 'look at its address, its listeners (advertised.listeners) and FLEETBED_KAFKA_SSL_…, FLEETBED_KAFKA_SASL_…',
    };
  }
}

/** What is wrong, without how to install it: that stands in the fix. */
function firstSentences(error: UserError): string {
  return error.message.split(/\.\s+Install/)[0] ?? error.message;
}
