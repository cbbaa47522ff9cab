import { z } from 'zod';
import { isName } from '#contract/identity.ts';
import { commonConfig } from '#runtime/component.ts';
import { byteSize, duration, port, secret } from '#runtime/config.ts';
import { kafkaConfig } from '#wire/kafka.ts';

const mebibyte = 1024 * 1024;

/** Everything that a bridge can be told, checked before anything starts. */
export const bridgeConfig = z.strictObject({
  ...commonConfig,
  run: z
    .string()
    .refine(isName, 'expected letters, digits, - and _')
    .describe('id of the run, part of every name'),
  listen: z.strictObject({
    host: z.string().default('127.0.0.1').describe('address where edges connect'),
    port: port.default(8884).describe('port where edges connect; 0 takes a free one and logs it'),
  }),
  edgeSecret: secret.describe("what edges' passwords are made from"),
  tls: z
    .strictObject({
      cert: z.string().describe("file with the bridge's certificate chain (PEM)"),
      key: z.string().describe('file with its private key (PEM)'),
    })
    .optional()
    .describe('TLS for edges'),
  kafka: kafkaConfig,
  transactionalIdPrefix: z.string().default('').describe('stands before every Kafka transactional id'),
  createTopics: z
    .boolean()
    .default(true)
    .describe('create Kafka topics that are missing; what exists is never altered'),
  kafkaWait: duration.default(20_000).describe('how long a starting bridge waits for Kafka'),
  maxFrameBytes: byteSize.default(8 * mebibyte).describe('larger frames end their connection'),
  maxPendingBytes: byteSize
    .default(16 * mebibyte)
    .describe('frames of one edge that are not committed; above this nothing more is read from it'),
  maxEdges: z.int().min(1).default(1000).describe('connections'),
  downlink: z.strictObject({
    maxReleaseBytes: byteSize
      .default(256 * mebibyte)
      .describe('releases kept ready for edges; above this the oldest that nobody desires go first'),
  }),
  transaction: z.strictObject({
    maxBytes: byteSize.default(4 * mebibyte).describe('frames that one transaction takes, in bytes'),
    maxFrames: z.int().min(1).default(256).describe('frames that one transaction takes'),
    timeout: duration
      .default(10_000)
      .describe('after this Kafka gives up a transaction, whose readers wait for it until then'),
  }),
});

export type BridgeConfig = z.output<typeof bridgeConfig>;
