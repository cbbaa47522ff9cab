import { z } from 'zod';
import { isName } from '#contract/identity.ts';
import { commonConfig } from '#runtime/component.ts';
import { byteSize, duration, givenSecret, hostPort, port, secret } from '#runtime/config.ts';

const kibibyte = 1024;
const mebibyte = 1024 * kibibyte;
const name = z.string().refine(isName, 'expected letters, digits, - and _');

/** Everything that an edge agent can be told, checked before anything starts. */
export const edgeConfig = z.strictObject({
  ...commonConfig,
  run: name.describe('id of the run, part of every name'),
  edge: name.describe('id of this edge'),
  listen: z
    .strictObject({
      host: z.string().default('127.0.0.1').describe('address where cars connect'),
      port: port.default(1883).describe('port where cars connect'),
      morePorts: z
        .array(port)
        .default([])
        .describe(
          'further ones: from one address, some 13,000 cars find a local port to each of them quickly',
        ),
    })
    .prefault({}),
  fleetSecret: secret.describe("what cars' passwords are made from"),
  maxCars: z.int().min(1).default(17_000).describe('cars that are connected at once'),
  maxPacketBytes: byteSize.default(64 * kibibyte).describe('a larger MQTT packet ends its connection'),
  maxHeldPerCar: z
    .int()
    .min(1)
    .default(64)
    .describe('messages of one car that are not durable yet; above this nothing more is read from it'),
  tls: z
    .strictObject({
      cert: z.string().describe("file with the edge's certificate chain (PEM)"),
      key: z.string().describe('file with its private key (PEM)'),
    })
    .optional()
    .describe('TLS for cars'),
  uplink: z
    .strictObject({
      bridges: z.array(hostPort).min(1).describe('bridges, or addresses of an MQTT broker, tried in turn'),
      through: z
        .enum(['bridge', 'broker'])
        .default('bridge')
        .describe(
          'broker: they are an MQTT broker of your own with bridges behind it (docs/external-broker.md)',
        ),
      topicPrefix: z
        .string()
        .regex(/^[^+#]*$/, 'expected no + and no #')
        .default('')
        .describe('before every topic at a broker; its bridges need the same'),
      username: z.string().min(1).optional().describe("this edge's account there; its id unless set"),
      password: givenSecret.optional().describe('its password; a broker may need none'),
      window: z.int().min(1).max(1000).default(32).describe('frames in flight'),
      memoryBytes: byteSize
        .default(16 * mebibyte)
        .describe('recent frames kept in memory for sending; what does not fit is read back from disk'),
      keepAlive: duration
        .default(10_000)
        .describe('after one to one and a half times this without an answer, reconnect'),
      flushTimeout: duration
        .default(3000)
        .describe('at the end: how long frames may still go to a connected bridge'),
      tls: z
        .strictObject({ ca: z.string().optional().describe('file with the certificates to trust (PEM)') })
        .optional()
        .describe('TLS to the bridge'),
    })
    .superRefine(({ through, password }, context) => {
      if (through === 'broker' || password !== undefined) return;
      context.addIssue({ code: 'custom', path: ['password'], message: 'a bridge wants one' });
    }),
  dataDir: z.string().min(1).describe('folder of outbox and models; one edge alone may use it'),
  outbox: z
    .strictObject({
      maxBytes: byteSize
        .default(1024 * mebibyte)
        .describe('frames on disk that the bridge has not acknowledged'),
      whenFull: z
        .enum(['push-back', 'drop-oldest'])
        .default('push-back')
        .describe('at maxBytes: cars wait, or the oldest frames are dropped and fleet.ledger is told which'),
      maxWaitingBytes: byteSize
        .default(256 * mebibyte)
        .describe('messages in memory that wait for the disk; at the limit a car that sends is cut off'),
      linger: duration.default(50).describe('how long the first message of a frame waits for more'),
      maxFrameBytes: byteSize.default(mebibyte).describe('a frame is closed at this size'),
      maxFrameEntries: z.int().min(1).default(1000).describe('a frame is closed at this many messages'),
    })
    .prefault({}),
  model: z
    .strictObject({
      publicKey: z
        .string()
        .optional()
        .describe('file with the key that releases are signed with (PEM, Ed25519); without it no model runs'),
      sampleEvery: z
        .int()
        .min(1)
        .default(100)
        .describe('of one in so many messages the scores of all readings are kept, whatever they are'),
      maxBatchReadings: z
        .int()
        .min(1)
        .max(4096)
        .default(512)
        .describe('readings that are scored at once; one message is never divided'),
      maxWait: duration.default(5).describe('how long the first reading of a micro-batch waits for more'),
    })
    .prefault({}),
});

export type EdgeConfig = z.output<typeof edgeConfig>;
