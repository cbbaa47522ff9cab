import { z } from 'zod';
import { failures } from '#contract/failures.ts';
import { isName } from '#contract/identity.ts';
import { detectorKinds } from '#contract/release.ts';
import { signalNames } from '#contract/signals.ts';
import { failureIds } from '#simulator/failures/failures.ts';
import { nearestWord } from '#runtime/nearest-word.ts';
import { profiles } from '#simulator/population/profiles.ts';
import { complaint, oneOf } from './problems.ts';
import { carsOrShare, condition, duration, instant, lookBack, rate } from './values.ts';

/** How a scenario is written: every field, its unit, its limits and its default. scenario.schema.json is drawn from it. */

/** More would not fit into the 64 KiB that an edge takes from a car in one message (80 bytes a reading). */
const maxReadingsPerMessage = 800;

const cars = z.int().min(0).max(1_000_000);
const target = z.string().min(1);

/** Known names only, any of them: zod's type of that has undefined values, which its parse never gives. */
const shares = z.partialRecord(
  z.enum([...profiles.keys()]),
  z.number().positive().max(1),
) as unknown as z.ZodRecord<z.ZodString, z.ZodNumber>;

const failure = z.enum(failureIds, {
  error: ({ input }) => {
    const isKnown = failures.some(({ id }) => id === input);
    const notYet = isKnown ? `: ${String(input)} is not built yet` : '';
    const near = typeof input === 'string' ? nearestWord(input, failureIds) : undefined;
    return complaint(`expected ${oneOf(failureIds)}${notYet}`, near);
  },
});

/** One field each, because each is checked on its own: a mistake in one hides none in another. */
export const sections = {
  name: z
    .string()
    .refine(isName, 'expected a short name of letters, digits, - and _')
    .describe('Short name; the results folder has it too.'),
  description: z.string().optional().describe('One line: what the scenario shows.'),
  seed: z.int().min(0).default(1).describe('Same seed, same fleet: the same cars and the same readings.'),
  fleet: z
    .strictObject({
      profiles: shares
        .default({ petrol: 0.5, turbo: 0.25, diesel: 0.15, hybrid: 0.1 })
        .describe('Share of each kind of car. The shares add up to 1.'),
      interval: duration
        .default(1000)
        .describe("Between two readings, on the car's own clock: 500ms, 1s (which it is unless set)."),
      readingsPerMessage: z
        .int()
        .min(1)
        .max(maxReadingsPerMessage)
        .default(10)
        .describe('Readings that one message carries.'),
      qos: z
        .literal([0, 1], { error: () => 'expected 0 or 1' })
        .default(1)
        .describe(
          'MQTT quality of service: 1 = acknowledged once it is on disk at the edge, 0 = sent and forgotten.',
        ),
      speedup: z
        .number()
        .positive()
        .max(100_000)
        .default(1)
        .describe("How many times faster than the wall clock the cars' clock goes."),
      start: z
        .enum(['mixed', 'parked', 'warm'])
        .default('mixed')
        .describe('How the cars begin: parked and cold, warm in the middle of a trip, or some of both.'),
      simStart: instant
        .default(Date.UTC(2026, 0, 5, 8))
        .describe("The cars' clock when the schedule begins; 2026-01-05T08:00:00Z unless set."),
    })
    .prefault({})
    .describe('The cars and what they send.'),
  connect: z
    .strictObject({
      rate: rate
        .default(1000)
        .describe('New connections a second, the whole fleet together; 1000/s unless set.'),
    })
    .prefault({})
    .describe('How fast the cars of the first stage connect, before the schedule begins.'),
  stages: z
    .array(
      z.strictObject({
        for: duration.describe('How long the stage takes: 30s, 2m.'),
        cars: cars.describe('Cars at its end.'),
      }),
    )
    .min(1)
    .optional()
    .describe(
      'The fleet over time. The first stage is flat, its cars connect beforehand; each later stage goes linearly from the one before.',
    ),
  cars: cars.min(1).optional().describe('Together with duration: short for one flat stage.'),
  duration: duration.optional().describe('Together with cars: short for one flat stage.'),
  edges: z
    .strictObject({ count: z.int().min(1).max(1000).default(1).describe('Edge agents: edge-1, edge-2, …') })
    .prefault({})
    .describe('The edge agents that the cars connect to.'),
  training: z
    .strictObject({
      at: z
        .array(duration)
        .min(1)
        .describe('When a model is learned and rolled out, from the start of the schedule: [45s].'),
      history: z
        .strictObject({
          since: lookBack
            .prefault('start')
            .describe('What it is learned from: all since the start, or the last so much of it: 60s.'),
        })
        .prefault({}),
      detector: z
        .enum(detectorKinds)
        .default('virtual-sensors')
        .describe('What is learned: a virtual sensor beside each of several real ones, or an autoencoder.'),
      falseAlarmsPerVehicleDay: z
        .number()
        .positive()
        .default(8)
        .describe(
          "False alarms in 24 h of a healthy car's own time that thresholds are set to; 8 unless set.",
        ),
    })
    .optional()
    .describe(
      'Models are learned from what Kafka keeps, signed, and taken by every edge. Without it none is.',
    ),
  rollout: z
    .strictObject({
      groups: z
        .array(z.string())
        .refine(
          ([first, ...more]) => first === '100%' && more.length === 0,
          'expected [100%]: all edges at once (one group after the other is not built yet)',
        ),
    })
    .optional()
    .describe('Which edges get a release one after the other: [100%], all at once, which it is unless set.'),
  thresholds: z
    .record(z.string(), condition)
    .default({})
    .describe('Numbers of summary.json and what must hold of them at the end: delivery.lost: "== 0".'),
};

/** What may stand in the timeline, by the word that names it. */
export const actions = {
  cut: z
    .strictObject({
      at: duration.describe('When, from the start of the schedule.'),
      for: duration.describe('How long the link stays cut.'),
      cut: target.describe('The link: edge-1/bridge, cars/edge-2 or bridge/kafka.'),
    })
    .describe('Cuts a link: connections are reset, new ones refused.'),
  kill: z
    .strictObject({
      at: duration.describe('When, from the start of the schedule.'),
      kill: target.describe(
        'The process: bridge, kafka, edge-1, simulator-1, or a share of them: edges/10%.',
      ),
      restart: z
        .enum(['always', 'never'])
        .default('always')
        .describe('A killed process starts again after 2 s, unless never.'),
    })
    .describe('Ends a process at once (kill -9).'),
  fail: z
    .strictObject({
      at: duration.describe('Onset, from the start of the schedule.'),
      fail: failure.describe('What goes wrong with cars, which are chosen by the seed.'),
      cars: carsOrShare.describe("How many: a share of the largest stage's cars such as 2%, or a number."),
      severity: z
        .number()
        .positive()
        .max(1)
        .default(0.7)
        .describe('How far it has gone at the end, up to 1; a stuck sensor is wholly stuck at any.'),
      over: duration
        .refine((ms) => ms > 0, 'expected more than 0s')
        .default(600_000)
        .describe("From the onset to the failure, on the cars' clock; 10m unless set."),
      sensor: z
        .enum(signalNames)
        .default('coolantTemperature')
        .describe('Which sensor is stuck; only with sensor-stuck.'),
    })
    .describe('Lets cars fail, with ground truth: the verdict compares what the edges said of them.'),
};

export type ActionName = keyof typeof actions;

export const scenarioFile = z.strictObject({
  ...sections,
  timeline: z
    .array(z.union([actions.cut, actions.kill, actions.fail]))
    .default([])
    .describe('What goes wrong, and when.'),
});

export const fieldNames: readonly string[] = Object.keys(scenarioFile.shape);

/**
 * What editors check and complete a scenario by; ships as scenarios/scenario.schema.json. After a change here:
 * node -e "import('./testbed/scenario/file.ts').then((file) => console.log(JSON.stringify(file.scenarioJsonSchema(), null, 2)))"
 * into that file, then oxfmt.
 */
export function scenarioJsonSchema(): object {
  const schema = z.toJSONSchema(scenarioFile, { io: 'input', override: withoutDefault });
  return { ...schema, title: 'fleetbed scenario' };
}

/** Defaults stand in the converted form (ms): in the file's own they would be wrong. */
function withoutDefault({ jsonSchema }: { jsonSchema: { default?: unknown; type?: unknown } }): void {
  if (jsonSchema.type === 'string' && typeof jsonSchema.default === 'number') delete jsonSchema.default;
}
