import { z } from 'zod';
import { regions } from '../../testbed/cluster/cost.ts';
import { kafkaForms } from '../../testbed/cluster/size.ts';
import { isCron } from './cron.ts';
import { misfits, mostEdges } from './misfits.ts';

const text = z.string().min(1);
const whole = (least: number, most: number): z.ZodType<number> =>
  z.coerce.number().int().min(least).max(most);
const yesOrNo = z
  .enum(['true', 'false'], { error: 'expected true or false' })
  .transform((word) => word === 'true');
const name = text.regex(/^[a-z][a-z0-9-]{0,30}$/, 'expected small letters, digits and -');
const image = text.regex(
  /^[a-z0-9][a-z0-9./:_-]*@sha256:[0-9a-f]{64}$/,
  'expected an image with its digest, …@sha256:…: a tag may be moved to another image',
);
const secret = text.min(16);

const msByUnit = { ms: 1, s: 1000, m: 60_000, h: 3_600_000, d: 86_400_000 } as const;
const duration = text.transform((given, context) => {
  const [, amount, unit] = /^(\d+(?:\.\d+)?)(ms|s|m|h|d)$/.exec(given) ?? [];
  if (amount !== undefined) return Number(amount) * msByUnit[unit as keyof typeof msByUnit];
  context.addIssue({ code: 'custom', message: 'expected a duration such as 500ms, 10s or 2m' });
  return z.NEVER;
});
const timespan = duration.refine((ms) => ms > 0, { error: 'expected more than 0s', abort: true });

/** Every key that a stack may set, as text: Pulumi stores no other kind. */
const schema = z
  .strictObject({
    'gcp:project': text.regex(/^[a-z][a-z0-9-]{4,28}[a-z0-9]$/, 'expected the id of a Google Cloud project'),
    'gcp:region': z.enum(regions),
    'fleetbed:run': name.default('cluster').describe('the fixed run id of this installation'),
    'fleetbed:cars': whole(1, 10_000_000).describe('most cars that are connected at once'),
    'fleetbed:messageInterval': timespan.describe('wall clock between two messages of one car'),
    'fleetbed:readingsPerMessage': whole(1, 600).default(10).describe('readings of a message'),
    'fleetbed:duration': timespan.default(600_000).describe('how long the simulator drives'),
    'fleetbed:seed': whole(0, 2 ** 31)
      .default(42)
      .describe('same seed, same fleet'),
    'fleetbed:kafka': z
      .enum(kafkaForms)
      .default('strimzi')
      .describe('Kafka in the cluster, or run by Google'),
    'fleetbed:edges': whole(1, mostEdges).optional().describe('edge agents; from cars unless set'),
    'fleetbed:bridges': whole(1, 1000).optional().describe('bridges; from messages unless set'),
    'fleetbed:simulators': whole(1, 10_000).optional().describe('simulator processes; from cars unless set'),
    'fleetbed:brokers': whole(3, 300).optional().describe('Kafka brokers; from messages unless set'),
    'fleetbed:spot': yesOrNo.default(false).describe('every node a spot machine, not the load pool alone'),
    'fleetbed:protect': yesOrNo.default(true).describe('what holds data cannot be deleted'),
    'fleetbed:simulate': yesOrNo
      .default(false)
      .describe('cars drive as soon as the stack is up; else the job is suspended'),
    'fleetbed:trainEvery': text
      .refine(isCron, 'expected a schedule as of cron, such as 0 3 * * *')
      .default('0 3 * * *')
      .describe("the trainer's schedule, as of cron"),
    'fleetbed:image': image.describe("fleetbed's container image"),
    'fleetbed:kafkaImage': image.optional().describe('Kafka with the tiered storage plug-in (strimzi)'),
    'fleetbed:fleetSecret': secret.describe("what cars' passwords are made from"),
    'fleetbed:edgeSecret': secret.describe("what edges' passwords are made from"),
    'fleetbed:signingKey': text
      .startsWith('-----BEGIN PRIVATE KEY-----', 'expected an Ed25519 private key (PEM)')
      .describe('signs releases'),
    'fleetbed:billingAccount': text.regex(/^[0-9A-F]{6}(-[0-9A-F]{6}){2}$/, 'expected 000000-000000-000000'),
    'fleetbed:budget': whole(1, 10_000_000).describe('a month, in the currency of the billing account'),
    'fleetbed:alertEmail': z.email().describe('who is told when the budget is used up'),
  })
  .superRefine((given, context) => {
    for (const { key, reason } of misfits(given))
      context.addIssue({ code: 'custom', path: [key], message: reason });
  });

/** A stack's configuration, checked. Durations are ms. */
export type Settings = z.output<typeof schema>;
export type SettingKey = keyof Settings;
export const settingKeys = Object.keys(schema.shape) as SettingKey[];

/** Keys whose values never leave Pulumi in clear text. */
export const secretKeys = [
  'fleetbed:fleetSecret',
  'fleetbed:edgeSecret',
  'fleetbed:signingKey',
] as const satisfies SettingKey[];

/** What is wrong with a stack's configuration, all of it. */
export class SettingsError extends Error {
  override name = 'SettingsError';
}

/**
 * @param given every key of the stack that begins with gcp: or fleetbed:, as Pulumi stores it
 * @throws SettingsError with each key and the reason, before anything is created
 */
export function settingsOf(given: Readonly<Record<string, string>>, stack: string): Settings {
  const result = schema.safeParse(given);
  if (result.success) return result.data;
  const lines = result.error.issues.flatMap((issue) => problems(issue, given));
  throw new SettingsError(
    `stack ${stack} is not configured right:\n${lines.map((line) => `  ${line}`).join('\n')}`,
  );
}

function problems(issue: z.core.$ZodIssue, given: Readonly<Record<string, string>>): string[] {
  if (issue.code === 'unrecognized_keys') {
    return issue.keys.map((key) => `${key}: no such setting; there are ${settingKeys.join(', ')}`);
  }
  const key = String(issue.path[0]);
  const description = schema.shape[key as SettingKey]?.description;
  if (given[key] === undefined && issue.code !== 'custom') {
    const flag = (secretKeys as readonly string[]).includes(key) ? '--secret ' : '';
    const what = description === undefined ? '' : ` (${description})`;
    return [`${key}: missing${what}: pulumi config set ${flag}${key} …`];
  }
  return [`${key}: ${issue.message}`];
}
