import { z } from 'zod';
import { signalNames } from '#contract/signals.ts';
import { failIds } from '#simulator/failures/failures.ts';
import { nearestWord } from '#runtime/nearest-word.ts';
import { complaint, oneOf } from './problems.ts';
import { byteRate, carsOrShare, duration, signedDuration } from './values.ts';

/** How a fault is written: one word an entry, its target, and what else it takes. */

/** Faster than that, a link would flap more often than anything connects. */
const shortestFlapMs = 100;

const at = duration.describe('When, from the start of the schedule.');
const target = z.string().min(1);
const lasting = duration.refine((ms) => ms > 0, 'expected more than 0s');
const flapping = duration.refine((ms) => ms >= shortestFlapMs, `expected ${shortestFlapMs}ms or more`);

const amongProcesses =
  'bridge (of several: all; bridge-1: one), kafka, edge-1, simulator-1, and trainer where a model is learned; or edges/10%, edges/2, edges/random (simulators/…, bridges/… likewise), drawn by the seed.';
const anyLink =
  "The link: edge-1/bridge, cars/edge-2 or bridge/kafka. With several bridges these are the links of all of them, each broken alike; edge-1/bridge-2 and bridge-2/kafka are one's.";
const anyEdge = 'The edge: edge-1; or edges/10%, edges/2, edges/random, drawn by the seed.';

/** A clock that is further off than that is no clock. */
const mostSkewMs = 365 * 86_400_000;

const spoilt = carsOrShare.describe(
  "How many cars, chosen by the seed: a share of the largest stage's cars such as 2%, or a number.",
);
const spoiling = lasting.describe('How long, by the time at which messages are due.');
const every = z
  .int()
  .min(1)
  .default(10)
  .describe('One in so many messages of each of these cars; 10 unless set.');

const failure = z.enum(failIds, {
  error: ({ input }) => {
    const near = typeof input === 'string' ? nearestWord(input, failIds) : undefined;
    return complaint(`expected ${oneOf(failIds)}`, near);
  },
});

/** What may stand in the timeline, by the word that names it. */
export const actions = {
  cut: z
    .strictObject({
      at,
      for: duration.describe('How long the link stays cut.'),
      cut: target.describe(anyLink),
    })
    .describe('Cuts a link: connections are reset, new ones refused.'),
  slow: z
    .strictObject({
      at,
      for: lasting.describe('How long the link stays slow.'),
      slow: target.describe(anyLink),
      latency: lasting.describe('How late every byte comes, in each direction: 200ms.'),
      jitter: duration
        .default(0)
        .describe('How much more or less the latency may be, at most the latency itself; 0s unless set.'),
    })
    .describe('Delays a link, both directions.'),
  bandwidth: z
    .strictObject({
      at,
      for: lasting.describe('How long the link stays narrow.'),
      bandwidth: target.describe(anyLink),
      rate: byteRate.describe('Bytes a second in each direction: 64KB/s, 1MB/s.'),
    })
    .describe('Lets a link carry only so many bytes a second.'),
  reset: z
    .strictObject({ at, reset: target.describe(anyLink) })
    .describe('Resets every connection of a link; new ones are taken at once.'),
  flap: z
    .strictObject({
      at,
      for: lasting.describe('How long the link flaps; then it is whole.'),
      flap: target.describe(anyLink),
      down: flapping.describe('How long it is cut each time: 1s.'),
      up: flapping.describe('How long it is whole in between: 2s.'),
    })
    .describe('Cuts and heals a link again and again.'),
  kill: z
    .strictObject({
      at,
      kill: target.describe(`The process: ${amongProcesses}`),
      restart: z
        .enum(['always', 'never'])
        .default('always')
        .describe('A killed process starts again after 2 s, unless never.'),
    })
    .describe('Ends a process at once (kill -9).'),
  pause: z
    .strictObject({
      at,
      for: lasting.describe('How long it stands still.'),
      pause: target.describe(
        `The process: ${amongProcesses} Or ledger: the testbed reads nothing from Kafka, and catches up.`,
      ),
    })
    .describe('Stops a process and lets it go on (SIGSTOP, SIGCONT): no connection closes, nothing answers.'),
  restart: z
    .strictObject({ at, restart: target.describe(`The process: ${amongProcesses}`) })
    .describe('Ends a process in order (SIGTERM: it drains first) and starts it again.'),
  storm: z
    .strictObject({
      at,
      storm: target.describe(anyEdge),
    })
    .describe('All cars of an edge lose their connection at once and come back.'),
  'disk-full': z
    .strictObject({
      at,
      for: lasting.describe('How long the disk stays full.'),
      'disk-full': target.describe(anyEdge),
    })
    .describe(
      "Lets an edge's disk be full: its outbox writes nothing, acknowledges nothing, and makes cars wait.",
    ),
  fail: z
    .strictObject({
      at: duration.describe('Onset, from the start of the schedule.'),
      fail: failure.describe('What goes wrong with cars, which are chosen by the seed.'),
      cars: carsOrShare.describe("How many: a share of the largest stage's cars such as 2%, or a number."),
      severity: z
        .number()
        .positive()
        .max(1)
        .optional()
        .describe(
          'How far it goes, up to 1; 0.7 unless set, of a signal-effect 1. A stuck sensor is wholly stuck at any.',
        ),
      over: lasting
        .default(600_000)
        .describe(
          "From the onset to the failure, or to the end of what only looks like one (hot-day, trailer), on the cars' clock; 10m unless set.",
        ),
      sensor: z
        .enum(signalNames)
        .default('coolantTemperature')
        .describe("Which sensor; only with a sensor's fault (sensor-stuck, sensor-bias and their like)."),
      signal: z
        .enum(signalNames)
        .optional()
        .describe('Which recorded signal changes; only with signal-effect, on a recorded fleet.'),
      factor: z
        .number()
        .optional()
        .describe('signal-effect: what the signal is multiplied by at the end: 0.85.'),
      offset: z
        .number()
        .optional()
        .describe("signal-effect: what is added to it at the end, in the signal's own unit."),
    })
    .describe('Lets cars fail, with ground truth: the verdict compares what the edges said of them.'),
  duplicate: z
    .strictObject({ at, for: spoiling, duplicate: spoilt, every })
    .describe('Lets cars send messages twice, the same bytes: an edge stores one of them.'),
  reorder: z
    .strictObject({
      at,
      for: spoiling,
      reorder: spoilt,
      every: every
        .refine((each) => each >= 2, 'expected 2 or more: a message needs a next one that overtakes it')
        .describe('One in so many messages of each of these cars, 2 or more; 10 unless set.'),
    })
    .describe('Lets cars send a message after its successor: it does not count as reordered.'),
  corrupt: z
    .strictObject({ at, for: spoiling, corrupt: spoilt, every })
    .describe('Damages messages so that nobody can decode them: they end in fleet.deadletter.'),
  oversize: z
    .strictObject({ at, for: spoiling, oversize: spoilt, every })
    .describe(
      'Makes messages larger than the 64 KiB that an edge takes: it closes the connection; they count as unconfirmed.',
    ),
  'wrong-schema': z
    .strictObject({ at, for: spoiling, 'wrong-schema': spoilt, every })
    .describe('Sends valid Avro of another schema: it ends in fleet.deadletter.'),
  skew: z
    .strictObject({
      at,
      for: spoiling,
      skew: spoilt,
      by: signedDuration
        .refine((ms) => ms !== 0, 'expected a clock that is wrong: more or less than 0s')
        .refine((ms) => Math.abs(ms) <= mostSkewMs, 'expected at most 365d either way')
        .describe('How far the clock is ahead (5m), or behind (-5m).'),
    })
    .describe("Sets cars' own clocks wrong; when a message was due, the testbed says."),
  'slow-consumer': z
    .strictObject({ at, for: spoiling, 'slow-consumer': spoilt })
    .describe('Lets cars read nothing: acknowledgements pile up, then cars hold back and drop the oldest.'),
};

export type ActionName = keyof typeof actions;
