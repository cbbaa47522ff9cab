import { z } from 'zod';
import { byteSize } from '#runtime/config.ts';
import { isName } from '#contract/identity.ts';
import { detectorKinds } from '#contract/release.ts';
import { profiles } from '#simulator/population/profiles.ts';
import { actions } from './actions.ts';
import { condition, duration, instant, lookBack, rate } from './values.ts';

/**
 * How a scenario is written: every field, its unit, its limits and its default; the timeline's
 * are in actions.ts. scenario.schema.json is drawn from both.
 */

/** More would not fit into the 64 KiB that an edge takes from a car in one message (80 bytes a reading). */
const maxReadingsPerMessage = 800;

/** In CONNECT it has 16 bits, for seconds. */
const longestKeepAliveMs = 65_535_000;

const cars = z.int().min(0).max(1_000_000);

/** Known names only, any of them: zod's type of that has undefined values, which its parse never gives. */
const shares = z.partialRecord(
  z.enum([...profiles.keys()]),
  z.number().positive().max(1),
) as unknown as z.ZodRecord<z.ZodString, z.ZodNumber>;

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
      sendEvery: duration
        .default(5)
        .describe(
          'How often simulators send what is due: every 5ms unless set, 1s at most. Longer costs far less CPU in them and at the edges, and messages leave later by half of it.',
        ),
      start: z
        .enum(['mixed', 'parked', 'warm'])
        .default('mixed')
        .describe('How the cars begin: parked and cold, warm in the middle of a trip, or some of both.'),
      usage: z
        .enum(['continuous', 'daily'])
        .default('continuous')
        .describe('How the cars are used: on and on, or a few trips a day and parked between them.'),
      recorded: z
        .strictObject({
          drives: z.string().describe('A CSV, or a folder of them.'),
          mapping: z.string().describe('The mapping file: which column is which signal, in which unit.'),
        })
        .optional()
        .describe('Cars drive what was recorded (docs/replay.md). Paths are relative to the scenario.'),
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
      keepAlive: duration
        .refine((ms) => ms >= 1000 && ms <= longestKeepAliveMs, 'expected 1s to 18h')
        .default(60_000)
        .describe(
          "The MQTT keep-alive of cars: 60s unless set, 1s to 18h. At QoS 0 a PINGREQ within it is a car's only question; a longer one costs less CPU, and a connection that died without a word is noticed later.",
        ),
    })
    .prefault({})
    .describe('How cars connect: those of the first stage do so before the schedule begins.'),
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
    .strictObject({
      count: z
        .union([z.int().min(1).max(1000), z.literal('auto')], {
          error: () => 'expected a whole number from 1 to 1000, or auto',
        })
        .default('auto')
        .describe('Edge agents: edge-1, edge-2, … auto, which it is unless set: as many as the cars need.'),
      spread: z
        .union([z.enum(['even', 'region']), z.array(z.number().positive()).min(1).max(1000)], {
          error: () => 'expected even, region, or a weight above 0 for each edge such as [3, 1]',
        })
        .default('even')
        .describe(
          'Which edge a car belongs to: as many cars to each, by region (bands of latitude from edge-1 in the south), or by weights, one an edge: [3, 1].',
        ),
      outbox: z
        .strictObject({
          maxBytes: byteSize
            .optional()
            .describe(
              'Messages on an edge’s disk that the bridge does not have yet: 64MiB; 1 GiB unless set.',
            ),
          whenFull: z
            .enum(['push-back', 'drop-oldest'])
            .default('push-back')
            .describe('At that limit: cars wait, or the oldest messages are dropped and counted as evicted.'),
          linger: duration
            .optional()
            .describe(
              'How long the first message of a frame waits for more before it is written to disk: 50ms unless set. Longer costs less.',
            ),
        })
        .optional()
        .describe('How much each edge keeps while the bridge is away, and what it does beyond that.'),
    })
    .prefault({})
    .describe('The edge agents that the cars connect to.'),
  bridges: z
    .strictObject({
      count: z
        .int()
        .min(1)
        .max(100)
        .default(1)
        .describe('One is called bridge, several bridge-1, bridge-2, … The edges spread over them.'),
      commitEvery: duration
        .optional()
        .describe(
          'From one Kafka transaction of an edge to its next; 200ms unless set. Longer costs less, and messages wait for it.',
        ),
    })
    .prefault({})
    .describe('What writes to Kafka. An edge whose bridge is gone, or has no Kafka, goes to another one.'),
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

export const scenarioFile = z.strictObject({
  ...sections,
  timeline: z
    .array(z.union(Object.values(actions)))
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
