import { once } from 'node:events';
import { parseArgs } from 'node:util';
import { topicName, topics, type TopicName } from '#contract/topics.ts';
import { nearestWord } from '#runtime/config.ts';
import { exitCodes, UserError } from '#runtime/errors.ts';
import { createLog } from '#runtime/log.ts';
import { connectKafka, type KafkaConfig } from '#wire/kafka.ts';
import { readTopics } from '#wire/kafka-reader.ts';
import type { Command } from './command.ts';
import { kafkaOf } from './kafka-option.ts';
import { decodeRecord, lineOf, runOf } from './tail-record.ts';

const options = {
  kafka: { type: 'string' },
  from: { type: 'string' },
  run: { type: 'string' },
  max: { type: 'string' },
  json: { type: 'boolean' },
} as const;

const names = topics.map(({ name }) => name);

const help = `Usage: fleetbed tail TOPIC --kafka host:port,… [options]

Prints the records of a topic, decoded, and goes on with those that come until Ctrl-C. Only what is committed is shown.

  TOPIC                ${names.slice(0, 5).join(', ')},
                       ${names.slice(5).join(', ')}
                       ('fleet.' may be left out)
  --kafka host:port,…  Kafka's brokers; or FLEETBED_KAFKA_BROKERS
  --from WHERE         beginning (default) or end: only what comes from now on
  --run ID             only records of this run
  --max N              end after N records
  --json               one JSON object a line, with topic, partition, offset, at, key, origin and value

TLS, SASL and a topic prefix come from the environment: FLEETBED_KAFKA_SSL_ENABLED, FLEETBED_KAFKA_SSL_CA,
FLEETBED_KAFKA_SASL_MECHANISM, …_USERNAME, …_PASSWORD, FLEETBED_KAFKA_TOPIC_PREFIX.
`;

export const tailCommand: Command = {
  name: 'tail',
  summary: "print a topic's records, decoded",
  usage: 'fleetbed tail TOPIC --kafka host:port,… [--from beginning|end] [--run ID] [--max N] [--json]',
  help,
  async run(argv, io) {
    const request = parse(argv, io.env);
    const { name, kafka } = request;
    const client = connectKafka(kafka, createLog({ component: 'tail', level: 'silent' }));
    const ended = new AbortController();
    const end = (): void => ended.abort();
    let left = request.max;
    const reader = await readTopics(client, {
      topics: [topicName(name, kafka.topicPrefix)],
      from: request.from,
      onBatch: async (records) => {
        for (const raw of records) {
          if (ended.signal.aborted) return;
          const record = decodeRecord(name, raw);
          if (request.run !== undefined && runOf(record) !== request.run) continue;
          const line = request.json ? JSON.stringify(record) : lineOf(record);
          // A slow reader of ours slows our own reading.
          if (!io.stdout.write(`${line}\n`)) await Promise.race([once(io.stdout, 'drain'), aborted(ended)]);
          if (--left === 0) end();
        }
      },
    });
    process.once('SIGINT', end).once('SIGTERM', end);
    // `| head` has seen enough.
    io.stdout.once('error', end);
    try {
      await Promise.race([aborted(ended), reader.failed]);
      return exitCodes.ok;
    } finally {
      process.off('SIGINT', end).off('SIGTERM', end);
      await reader.stop();
    }
  },
};

interface TailRequest {
  name: TopicName;
  kafka: KafkaConfig;
  from: 'beginning' | 'end';
  run: string | undefined;
  /** Infinity: until the user ends it. */
  max: number;
  json: boolean;
}

function parse(argv: string[], env: NodeJS.ProcessEnv): TailRequest {
  const { values, positionals } = parseOptions(argv);
  const [topic, ...more] = positionals;
  if (topic === undefined) throw wrong(`which topic? One of ${names.join(', ')}`);
  if (more.length > 0) throw wrong(`one topic at a time; also got: ${more.join(' ')}`);
  const from = values.from ?? 'beginning';
  if (from !== 'beginning' && from !== 'end') throw wrong(`--from: expected beginning or end, got ${from}`);
  const max = values.max === undefined ? Number.POSITIVE_INFINITY : Number(values.max);
  if (values.max !== undefined && !(Number.isSafeInteger(max) && max > 0)) {
    throw wrong(`--max: expected a whole number from 1, got ${values.max}`);
  }
  const name = topicOf(topic);
  const kafka = kafkaOf('tail', { brokers: values.kafka }, env);
  return { name, kafka, from, run: values.run, max, json: values.json ?? false };
}

function parseOptions(argv: string[]) {
  try {
    return parseArgs({ args: argv, options, allowPositionals: true });
  } catch (error) {
    throw wrong(error instanceof Error ? error.message : String(error));
  }
}

function topicOf(word: string): TopicName {
  const name = names.find((each) => each === word || each === `fleet.${word}`);
  if (name) return name;
  const nearest = nearestWord(word.startsWith('fleet.') ? word : `fleet.${word}`, names);
  const hint = nearest === undefined ? `one of ${names.join(', ')}` : `did you mean ${nearest}?`;
  throw wrong(`there is no topic ${word}: ${hint}`);
}

function wrong(words: string): UserError {
  return new UserError('config', `fleetbed tail: ${words}`);
}

function aborted({ signal }: AbortController): Promise<void> {
  return new Promise((resolve) => {
    if (signal.aborted) resolve();
    else signal.addEventListener('abort', () => resolve(), { once: true });
  });
}
