import { z } from 'zod';
import { isName } from '#contract/identity.ts';
import { detectorKinds } from '#contract/release.ts';
import { commonConfig } from '#runtime/component.ts';
import { duration } from '#runtime/config.ts';
import { kafkaConfig } from '#wire/kafka.ts';
import { tfjsBackends } from './training/tensorflow.ts';

const dayMs = 24 * 60 * 60 * 1000;

/** Everything that a trainer can be told, checked before anything starts. */
export const trainerConfig = z.strictObject({
  ...commonConfig,
  run: z
    .string()
    .refine(isName, 'expected letters, digits, - and _')
    .describe('id of the run: whose history is learnt from, and whose edges get the release'),
  kafka: kafkaConfig,
  kafkaWait: duration.default(20_000).describe('how long a starting trainer waits for Kafka'),
  signingKey: z
    .string()
    .min(1)
    .describe('folder with the release keys (made at first use), or a private Ed25519 key (PEM)'),
  since: z
    .string()
    .transform((text, context) => {
      const at = text === 'start' ? 0 : /^\d+$/.test(text) ? Number(text) : Date.parse(text);
      if (Number.isSafeInteger(at) && at >= 0) return at;
      context.addIssue({ code: 'custom', message: "expected 'start', an ISO time or ms since 1970" });
      return z.NEVER;
    })
    .prefault('start')
    .describe("learn from what Kafka appended since then: 'start', an ISO time or ms since 1970"),
  detector: z.enum(detectorKinds).default('virtual-sensors').describe('what is trained'),
  falseAlarmsPerVehicleDay: z
    .number()
    .positive()
    .default(8)
    .describe('what thresholds are calibrated to: false alarms of one car in 24 h of its own time'),
  expiresAfter: duration.default(30 * dayMs).describe('edges refuse the release after this'),
  seed: z.int().min(0).default(42).describe('the same history and seed give the same release'),
  watch: z.boolean().default(false).describe('stay after the release, and give it to edges that come later'),
  tfjs: z
    .enum(tfjsBackends)
    .default('wasm')
    .describe('TensorFlow.js backend; auto takes node where @tensorflow/tfjs-node is installed'),
});

export type TrainerConfig = z.output<typeof trainerConfig>;
