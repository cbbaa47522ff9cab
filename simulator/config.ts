import { z } from 'zod';
import { isName } from '#contract/identity.ts';
import { spoilKinds } from '#contract/ledger-records.ts';
import { signalNames } from '#contract/signals.ts';
import { maxReadingsPerBatch } from '#contract/telemetry.ts';
import { commonConfig } from '#runtime/component.ts';
import { duration, hostPorts, secret } from '#runtime/config.ts';
import { nearestWord } from '#runtime/nearest-word.ts';
import { kafkaConfig } from '#wire/kafka.ts';
import { suitedProfiles } from './failures/choice.ts';
import { canBeLaidOver, failIds } from './failures/failures.ts';
import type { Fleet } from './fleet.ts';
import { profiles } from './population/profiles.ts';

const simStart = z
  .union([z.number(), z.string()], { error: () => 'expected a date such as 2026-01-05T08:00:00Z' })
  .transform((given, context) => {
    const ms = typeof given === 'number' ? given : Date.parse(given);
    if (Number.isSafeInteger(ms) && ms >= 0) return ms;
    context.addIssue({ code: 'custom', message: 'expected a date such as 2026-01-05T08:00:00Z' });
    return z.NEVER;
  });

const shares = z.record(z.string(), z.number().positive()).superRefine((given, context) => {
  const known = [...profiles.keys()];
  if (Object.keys(given).length === 0) context.addIssue({ code: 'custom', message: 'expected a profile' });
  for (const name of Object.keys(given)) {
    if (profiles.has(name)) continue;
    const near = nearestWord(name, known);
    const hint = near === undefined ? '' : `; did you mean ${near}?`;
    context.addIssue({
      code: 'custom',
      path: [name],
      message: `no such profile: there are ${known.join(', ')}${hint}`,
    });
  }
});

const failure = z.strictObject({
  failure: z.enum(failIds).describe('what goes wrong'),
  at: duration.describe('onset, from the start of the schedule'),
  cars: z.int().min(1).describe('how many cars'),
  severity: z.number().positive().max(1).default(0.7).describe('how far it has gone at the end'),
  over: duration
    .refine((ms) => ms > 0, 'expected more than 0s')
    .default(600_000)
    .describe("from onset to failure, on the cars' clock"),
  sensor: z.enum(signalNames).default('coolantTemperature').describe('which sensor, where one fails'),
  factor: z.number().optional().describe('signal-effect: what the signal is multiplied by at its end'),
  offset: z
    .number()
    .optional()
    .describe("signal-effect: what is added to it at its end, in the signal's unit"),
});

const longestSkewMs = 10 * 365 * 86_400_000;

const spoil = z
  .strictObject({
    kind: z.enum(spoilKinds).describe('what is done to what they send'),
    at: duration.describe('from the start of the schedule'),
    for: duration.refine((ms) => ms > 0, 'expected more than 0s').describe('how long'),
    cars: z.int().min(1).describe('how many cars'),
    every: z.int().min(1).default(10).describe('each so-manieth message'),
    by: z
      .int()
      .min(-longestSkewMs)
      .max(longestSkewMs)
      .default(0)
      .describe("skew: ms that the cars' clocks are ahead, negative behind"),
  })
  .refine(({ kind, by }) => kind !== 'skew' || by !== 0, {
    path: ['by'],
    message: 'expected how many ms the clocks are ahead, negative behind; not 0',
  });

/** Everything that a simulator can be told, checked before anything starts. */
export const simulatorConfig = z
  .strictObject({
    ...commonConfig,
    run: z
      .string()
      .refine(isName, 'expected letters, digits, - and _')
      .describe('id of the run, part of every client id'),
    seed: z.int().default(1).describe('same seed, same fleet: the same bytes'),
    cars: z.int().min(1).max(10_000_000).describe('cars of the whole fleet, over all processes'),
    process: z
      .strictObject({
        index: z.int().min(0).default(0).describe('which process this is, from 0'),
        count: z.int().min(1).default(1).describe('processes that share the fleet'),
      })
      .prefault({}),
    workers: z.int().min(1).max(64).default(1).describe('worker threads that share the cars of this process'),
    fleet: z
      .strictObject({
        profiles: shares
          .default({ petrol: 0.5, turbo: 0.25, diesel: 0.15, hybrid: 0.1 })
          .describe('share of each kind of car'),
        interval: duration
          .refine((ms) => Number.isInteger(ms) && ms >= 10 && ms <= 3_600_000, 'expected 10ms to 1h')
          .default(1000)
          .describe("between two readings, on the car's clock"),
        readingsPerMessage: z
          .int()
          .min(1)
          .max(maxReadingsPerBatch)
          .default(10)
          .describe('readings of a message'),
        qos: z
          .union([z.literal(0), z.literal(1)])
          .default(1)
          .describe('MQTT quality of service'),
        speedup: z.number().positive().max(1e6).default(1).describe('simulated seconds in a second'),
        start: z
          .enum(['mixed', 'parked', 'warm'])
          .default('mixed')
          .describe('how cars begin: cold, warm in the middle of a trip, or some of both'),
        usage: z
          .enum(['continuous', 'daily'])
          .default('continuous')
          .describe('how cars are used: on and on, or a few trips a day and parked between them'),
        recorded: z
          .string()
          .optional()
          .describe('cars drive what was recorded: file of drives that fleetbed replay --write made'),
        simStart: simStart
          .default(Date.UTC(2026, 0, 5, 8))
          .describe("the cars' clock when the schedule begins"),
      })
      .prefault({}),
    connect: z
      .strictObject({
        rate: z.number().positive().default(1000).describe('new connections a second, of the whole fleet'),
      })
      .prefault({}),
    stages: z
      .array(
        z.strictObject({
          for: duration.describe('how long'),
          cars: z.int().min(0).describe('cars at its end'),
        }),
      )
      .min(1)
      .optional()
      .describe(
        'the fleet over time: the first stage is flat, each later one goes on linearly (unless set: all cars for a minute)',
      ),
    failures: z
      .array(failure)
      .default([])
      .describe('what goes wrong with cars, which are chosen by the seed; a car has at most one failure'),
    spoils: z
      .array(spoil)
      .default([])
      .describe('what goes wrong with what cars send, which are chosen by the seed; told to fleet.ledger'),
    edges: z
      .array(hostPorts)
      .min(1)
      .describe(
        'edge agents, host:port, or host:port+port where one has several; each car belongs to one of them',
      ),
    spread: z
      .union([z.enum(['even', 'region']), z.array(z.number().positive())], {
        error: () => 'expected even, region, or a weight above 0 for each edge',
      })
      .default('even')
      .describe('which edge a car belongs to: even (i mod their number), region (by latitude), or weights'),
    sendEvery: duration
      .refine((ms) => ms >= 1 && ms <= 1000, 'expected 1ms to 1s')
      .default(5)
      .describe(
        'what is due is sent so often; longer costs less CPU, and messages leave later by half of it',
      ),
    fleetSecret: secret.describe("what cars' passwords are made from"),
    keepAlive: duration.default(60_000).describe('MQTT keep-alive'),
    inFlightLimit: z
      .int()
      .min(1)
      .max(32)
      .default(16)
      .describe('messages of a car that wait for their acknowledgement'),
    pendingLimit: z
      .int()
      .min(1)
      .max(10_000)
      .default(64)
      .describe('messages of a car that wait to be sent; then the oldest is dropped, and counted'),
    tls: z
      .strictObject({
        ca: z.string().optional().describe("file with the authority's certificate (PEM); else the system's"),
        serverName: z.string().optional().describe("name in the edges' certificates, if not their host"),
      })
      .optional()
      .describe('TLS to the edges'),
    kafka: kafkaConfig.optional().describe('where marks of what was sent go when no testbed asks for them'),
    finishTimeout: duration
      .default(10_000)
      .describe('how long it waits for acknowledgements when the stages are over'),
  })
  .superRefine((config, context) => {
    if (config.process.index >= config.process.count) {
      const message = `expected less than process.count (${config.process.count})`;
      context.addIssue({ code: 'custom', path: ['process', 'index'], message });
    }
    if (Array.isArray(config.spread) && config.spread.length !== config.edges.length) {
      const message = `expected a weight for each edge: ${config.edges.length}, got ${config.spread.length}`;
      context.addIssue({ code: 'custom', path: ['spread'], message });
    }
    for (const [index, failing] of config.failures.entries()) {
      if (config.fleet.recorded !== undefined) {
        if (canBeLaidOver(failing.failure)) continue;
        const message = "expected a sensor's fault or signal-effect: recorded cars have no physics";
        context.addIssue({ code: 'custom', path: ['failures', index, 'failure'], message });
        continue;
      }
      const kinds = Object.keys(config.fleet.profiles);
      const { suited, lacking } = suitedProfiles(failing, kinds);
      if (suited.length > 0 || lacking === undefined) continue;
      const message = `expected a failure that a car of the fleet can have: ${kinds.join(', ')} cars lack ${lacking}`;
      context.addIssue({ code: 'custom', path: ['failures', index, 'failure'], message });
    }
    for (const [index, stage] of (config.stages ?? []).entries()) {
      if (stage.cars <= config.cars) continue;
      const message = `expected at most cars (${config.cars})`;
      context.addIssue({ code: 'custom', path: ['stages', index, 'cars'], message });
    }
  });

export type SimulatorConfig = z.output<typeof simulatorConfig>;

/** The part of the configuration that decides cars' lives. */
export function fleetOf(config: SimulatorConfig): Fleet {
  const {
    profiles: shareOf,
    interval,
    readingsPerMessage,
    speedup,
    start,
    usage,
    recorded,
    simStart: simStartMs,
  } = config.fleet;
  return {
    seed: config.seed,
    cars: config.cars,
    profiles: shareOf,
    intervalMs: interval,
    readingsPerMessage,
    speedup,
    start,
    usage,
    simStartMs,
    ...(recorded !== undefined && { recorded }),
    stages: (config.stages ?? [{ for: 60_000, cars: config.cars }]).map((stage) => ({
      forMs: stage.for,
      cars: stage.cars,
    })),
    failures: config.failures.map(({ at: atMs, over: overMs, ...rest }) => ({ ...rest, atMs, overMs })),
    spoils: config.spoils.map(({ at: atMs, for: forMs, by: byMs, ...rest }) => ({
      ...rest,
      atMs,
      forMs,
      byMs,
    })),
  };
}
