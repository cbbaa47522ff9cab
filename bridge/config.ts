import { z } from 'zod';
import { isName } from '#contract/identity.ts';
import { commonConfig } from '#runtime/component.ts';
import { byteSize, duration, givenSecret, hostPort, port, secret } from '#runtime/config.ts';
import { kafkaConfig } from '#wire/kafka.ts';

const mebibyte = 1024 * 1024;
const name = z.string().refine(isName, 'expected letters, digits, - and _');

/** Where a bridge with a broker of its own listens. */
export const embeddedListen = z.strictObject({
  host: z.string().default('127.0.0.1').describe('address where edges connect'),
  port: port.default(8884).describe('port where edges connect; 0 takes a free one and logs it'),
});

/** A broker of the user's own, instead. */
const brokerConfig = z.strictObject({
  broker: hostPort.describe(
    'an MQTT 3.1.1 broker of your own between edges and bridges, instead of listening for edges (docs/external-broker.md)',
  ),
  username: z.string().min(1).optional().describe("this bridge's account at the broker"),
  password: givenSecret.optional().describe('its password'),
  tls: z
    .strictObject({ ca: z.string().optional().describe('file with the certificates to trust (PEM)') })
    .optional()
    .describe('TLS to the broker'),
  topicPrefix: z
    .string()
    .regex(/^[^+#]*$/, 'expected no + and no #')
    .default('')
    .describe('before every topic at the broker; edges need the same'),
  owns: z.array(name).default([]).describe('edges whose frames this bridge takes from its start on'),
  standsBy: z.array(name).default([]).describe('edges whose frames it takes while no other bridge does'),
  keepAlive: duration
    .default(5000)
    .describe(
      'the same for all bridges: one that is silent for 1.5 times this is given up by the broker, for three times by those that stand by',
    ),
  wait: duration.default(20_000).describe('how long a starting bridge waits for the broker'),
});

/** Everything that a bridge can be told, checked before anything starts. */
export const bridgeConfig = z
  .strictObject({
    ...commonConfig,
    run: name.describe('id of the run, part of every name'),
    name: name
      .default('bridge')
      .describe("this bridge's own name in logs and metrics, where there are several"),
    listen: embeddedListen.optional(),
    mqtt: brokerConfig.optional(),
    edgeSecret: secret
      .optional()
      .describe("what edges' passwords are made from; needed unless there is an mqtt.broker"),
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
    handOverAfter: duration
      .refine((ms) => ms > 0, 'expected more than 0s')
      .optional()
      .describe(
        'where there are other bridges: after this time without Kafka taking a frame, edges are sent to them; never unless set',
      ),
    maxEdges: z.int().min(1).default(1000).describe('connections'),
    downlink: z.strictObject({
      maxReleaseBytes: byteSize
        .default(256 * mebibyte)
        .describe('releases kept ready for edges; above this the oldest that nobody desires go first'),
    }),
    transaction: z.strictObject({
      maxBytes: byteSize.default(4 * mebibyte).describe('frames that one transaction takes, in bytes'),
      maxFrames: z.int().min(1).default(256).describe('frames that one transaction takes'),
      interval: duration
        .default(200)
        .describe('from the beginning of one transaction of an edge to the next, unless frames pile up'),
      timeout: duration
        .default(10_000)
        .describe('after this Kafka gives up a transaction, whose readers wait for it until then'),
    }),
  })
  .superRefine((config, context) => {
    for (const { path, message } of contradictions(config))
      context.addIssue({ code: 'custom', path, message });
  });

export type BridgeConfig = z.output<typeof bridgeConfig>;
export type BrokerConfig = NonNullable<BridgeConfig['mqtt']>;

/** Edges come in by one way alone. */
function contradictions(config: {
  listen?: unknown;
  tls?: unknown;
  mqtt?: { owns: string[]; standsBy: string[] } | undefined;
  edgeSecret?: unknown;
}): { path: string[]; message: string }[] {
  const { listen, tls, mqtt, edgeSecret } = config;
  if (mqtt === undefined) {
    const message = 'needed where edges connect to this bridge';
    return edgeSecret === undefined ? [{ path: ['edgeSecret'], message }] : [];
  }
  const both = 'edges come through mqtt.broker: leave this out, or leave mqtt out';
  const twice = mqtt.owns.filter((edge) => mqtt.standsBy.includes(edge));
  return [
    ...(listen === undefined ? [] : [{ path: ['listen'], message: both }]),
    ...(tls === undefined ? [] : [{ path: ['tls'], message: both }]),
    ...twice.map((edge) => ({
      path: ['mqtt', 'standsBy'],
      message: `${edge} is in mqtt.owns as well: expected in one of both`,
    })),
    ...(mqtt.owns.length + mqtt.standsBy.length > 0
      ? []
      : [{ path: ['mqtt', 'owns'], message: 'expected at least one edge here or in mqtt.standsBy' }]),
  ];
}
