import { z } from 'zod';
import type { LogHistogram } from '#runtime/histogram.ts';

/**
 * summary.json: what a run was and what came of it. Its fields are read from outside: add, do not rename.
 * null says "not measured" where a number would lie.
 */
const count = z.number().int().min(0);
const seconds = z.number().min(0);

const latency = z.object({
  p50: z.number().nullable(),
  p90: z.number().nullable(),
  p99: z.number().nullable(),
  p999: z.number().nullable(),
  max: z.number().nullable(),
  count,
});

const usage = z.object({
  rssPeakBytes: z.number().min(0),
  cpuSeconds: seconds,
  rssSlopeBytesPerHour: z
    .number()
    .nullable()
    .describe(
      "how fast its memory grew over the schedule's second half, the median of the slopes between any two moments; null for less than five minutes of one life",
    ),
});

export const problemKinds = [
  'lost',
  'duplicated',
  'reordered',
  'unconfirmed',
  'evicted',
  'deadLettered',
  'presumedDeadLettered',
] as const;

const problem = z.object({
  kind: z
    .enum(problemKinds)
    .describe('presumedDeadLettered: as many unreadable dead letters of this car explain what is missing'),
  vin: z.string(),
  session: z.number(),
  fromSeq: count,
  toSeq: count,
  edge: z.string().nullable().describe('the edge that last carried this session, where one is known'),
  at: z
    .number()
    .nullable()
    .describe(
      "seconds since the schedule's zero: when the first of them was due, told by its neighbours; of duplicated and reordered ones, when that was seen; null: unknown",
    ),
  lastAt: z.number().nullable().describe('the same of the last of them'),
  during: z
    .array(z.string())
    .describe(
      'faults of the timeline that lasted then, or had ended less than 10 s before, as kind and target',
    ),
});

export const summarySchema = z.object({
  run: z.object({
    id: z.string(),
    scenario: z.string(),
    description: z.string().nullable(),
    seed: z.number(),
    startedAt: z.iso.datetime().describe("the schedule's zero, UTC"),
    durationSeconds: seconds.describe('from the schedule’s zero until everything was read back'),
    exitCode: z.number().int(),
    valid: z.boolean(),
    invalidReasons: z.array(z.string()).describe('why the generator itself cannot be trusted'),
    warnings: z.array(z.string()),
    failure: z.string().nullable().describe('what failed to start, or died outside the scenario’s faults'),
    version: z.string(),
  }),
  fleet: z.object({
    qos: z.number().int().min(0).max(1),
    intervalMs: z.number().positive(),
    readingsPerMessage: z.number().int().positive(),
    speedup: z.number().positive(),
    edges: count,
    bridges: count,
  }),
  cars: z.object({
    requested: count,
    connectedPeak: count,
    connectSeconds: seconds.nullable().describe('until every car of the first stage was connected'),
    connectPerSecond: z
      .number()
      .min(0)
      .nullable()
      .describe('what came of connect.rate: cars of the first stage, by connectSeconds'),
    reconnects: count,
    refused: count,
    connectFailures: z
      .record(z.string(), count)
      .describe('attempts to connect that ended without a connection, refused ones too, by reason'),
  }),
  delivery: z
    .object({
      sent: count,
      stored: count,
      lost: count,
      duplicated: count,
      reordered: count,
      unconfirmed: count,
      evicted: count,
      deadLettered: count,
      late: count,
      dropped: count,
    })
    .describe('messages; sent = stored + deadLettered + evicted + lost + unconfirmed'),
  deadLetters: z
    .object({
      total: count,
      unidentified: count.describe('whose bytes do not say which message they were'),
      byReason: z.record(z.string(), count),
    })
    .describe('records of fleet.deadletter, whether or not a car of ours sent what they hold'),
  spoiled: z
    .record(z.string(), count)
    .describe('messages that the timeline spoiled on purpose: reorder, corrupt, oversize, wrong-schema'),
  predictions: z
    .object({
      received: count.describe('distinct ones in Kafka'),
      missing: count.describe(
        'numbers below an edge’s highest that are found nowhere and that no eviction explains',
      ),
      duplicated: count,
      evicted: count.describe('dropped by full outboxes, as these said'),
    })
    .describe('of the edges, by the numbers that each gives its own'),
  truth: z
    .object({
      said: count.describe('by the simulators'),
      stored: count.describe('distinct ones in Kafka'),
    })
    .describe('records of injected failures; said = stored'),
  latency: z
    .object({
      scheduleToSendMs: latency,
      carToEdgeMs: latency,
      carToKafkaMs: latency.describe(
        "Kafka's append time - scheduledAt, records that were not stored at an edge",
      ),
      backfillMs: latency.describe('the same of records that an edge stored for more than a second'),
      alarmMs: latency.describe('from when the batch of the reading was due to the alarm at its edge'),
    })
    .describe('milliseconds of wall clock; null where nothing was measured'),
  lag: z
    .object({
      ledger: z
        .object({
          peakRecords: count,
          peakMs: z.number().min(0).describe('how long the oldest unread record had waited, at most'),
          endRecords: count.describe('when the run was summed up'),
        })
        .describe("the testbed's own reader, over all topics that it reads"),
      trainer: z
        .object({ peakRecords: count })
        .nullable()
        .describe('of the history, while it trains; null: no trainer'),
      openTransactions: z
        .object({ peakRecords: count })
        .describe('what open transactions kept from the ledger: high watermark - last stable offset'),
    })
    .describe(
      'how far readers of Kafka were behind the last stable offset; offsets are counted, transaction markers among them',
    ),
  inference: z.object({
    readings: count,
    readingsPerSecond: z.number().min(0),
    scoredOffline: count,
    alarmsRaised: count,
    alarmsCleared: count,
    batchUs: z.object({ p50: z.number().nullable(), p99: z.number().nullable() }),
  }),
  releases: z
    .array(
      z.object({
        id: z.string(),
        counter: count,
        trainedOnReadings: count,
        trainSeconds: seconds.nullable(),
        publishedAt: z.iso.datetime(),
        convergedSeconds: seconds.nullable(),
        edges: count,
        rolledBack: z.boolean(),
        reason: z.string().nullable(),
      }),
    )
    .describe('convergedSeconds: from its publication until the last edge ran it; null: not all did'),
  training: z.object({
    refused: z.array(z.string()).describe('why a training published nothing'),
    releaseRefusals: z.record(z.string(), count).describe('releases that edges would not run, by reason'),
  }),
  detection: z.object({
    recall: z.number().nullable(),
    precision: z.number().nullable(),
    falseAlarms: count.nullable(),
    vehicleDays: z.number().min(0).nullable(),
    falseAlarmsPerVehicleDay: z.number().min(0).nullable(),
    engineFailures: count.describe(
      'that recall is over: onset after their edge had a model, detectable before the end',
    ),
    raises: count.describe(
      'that precision is over; raises within 10 simulated minutes of each other are one',
    ),
    byMode: z.record(
      z.string(),
      z.object({ cars: count, detected: count, medianDelaySeconds: seconds.nullable() }),
    ),
  }),
  faults: z
    .array(
      z.object({
        at: z.number().describe("seconds since the schedule's zero, as it really happened"),
        endedAt: z.number().nullable().describe('when the part took work again; null: not before the end'),
        kind: z.string(),
        target: z.string(),
      }),
    )
    .describe('faults of the timeline, in the order in which they happened'),
  resources: z.object({
    rssPeakBytes: z.number().min(0).describe('all processes together'),
    cpuSeconds: seconds,
    byProcess: z.record(z.string(), usage),
    machine: z.object({
      cores: count,
      memoryBytes: z.number().min(0),
      cpuBusyRatioPeak: z.number().min(0).nullable(),
    }),
  }),
  thresholds: z.array(
    z.object({
      metric: z.string(),
      condition: z.string(),
      actual: z.number().nullable(),
      ok: z.boolean(),
      note: z.string().nullable().describe('why a number is missing or proves too little'),
    }),
  ),
  problems: z.array(problem).describe('which messages; the first of them, as ranges of seq'),
  problemsOmitted: count.describe('ranges beyond those listed'),
});

export type Summary = z.output<typeof summarySchema>;
export type Latency = z.output<typeof latency>;
export type Problem = z.output<typeof problem>;
export type ProblemKind = Problem['kind'];

/** The JSON Schema that ships as docs/summary.schema.json. Readers must not choke on fields of later versions. */
export function summaryJsonSchema(): object {
  return {
    ...z.toJSONSchema(summarySchema, { io: 'input' }),
    title: 'fleetbed summary.json',
  };
}

/** Quantiles of a histogram as they stand in the summary: null while it is empty. */
export function latencyOf(histogram: LogHistogram): Latency {
  if (histogram.count === 0) return unmeasuredLatency;
  const quantile = (q: number): number => rounded(histogram.quantile(q));
  return {
    p50: quantile(0.5),
    p90: quantile(0.9),
    p99: quantile(0.99),
    p999: quantile(0.999),
    max: rounded(histogram.max),
    count: histogram.count,
  };
}

export const unmeasuredLatency: Latency = {
  p50: null,
  p90: null,
  p99: null,
  p999: null,
  max: null,
  count: 0,
};

/** Histogram buckets are 4 % wide: more digits than these would be noise. */
function rounded(ms: number): number {
  return ms >= 100 ? Math.round(ms) : Math.round(ms * 100) / 100;
}
