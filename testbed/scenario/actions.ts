import { z } from 'zod';
import { failures } from '#contract/failures.ts';
import { signalNames } from '#contract/signals.ts';
import { failureIds } from '#simulator/failures/failures.ts';
import { nearestWord } from '#runtime/nearest-word.ts';
import { complaint, oneOf } from './problems.ts';
import { byteRate, carsOrShare, duration } from './values.ts';

/** How a fault is written: one word an entry, its target, and what else it takes. */

/** Faster than that, a link would flap more often than anything connects. */
const shortestFlapMs = 100;

const at = duration.describe('When, from the start of the schedule.');
const target = z.string().min(1);
const lasting = duration.refine((ms) => ms > 0, 'expected more than 0s');
const flapping = duration.refine((ms) => ms >= shortestFlapMs, `expected ${shortestFlapMs}ms or more`);

const amongProcesses =
  'bridge, kafka, edge-1, simulator-1; or edges/10%, edges/2, edges/random (simulators/… likewise), drawn by the seed.';
const anyLink = 'The link: edge-1/bridge, cars/edge-2 or bridge/kafka.';

const failure = z.enum(failureIds, {
  error: ({ input }) => {
    const isKnown = failures.some(({ id }) => id === input);
    const notYet = isKnown ? `: ${String(input)} is not built yet` : '';
    const near = typeof input === 'string' ? nearestWord(input, failureIds) : undefined;
    return complaint(`expected ${oneOf(failureIds)}${notYet}`, near);
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
      pause: target.describe(`The process: ${amongProcesses}`),
    })
    .describe('Stops a process and lets it go on (SIGSTOP, SIGCONT): no connection closes, nothing answers.'),
  restart: z
    .strictObject({ at, restart: target.describe(`The process: ${amongProcesses}`) })
    .describe('Ends a process in order (SIGTERM: it drains first) and starts it again.'),
  storm: z
    .strictObject({
      at,
      storm: target.describe('The edge: edge-1; or edges/10%, edges/2, edges/random, drawn by the seed.'),
    })
    .describe('All cars of an edge lose their connection at once and come back.'),
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
      over: lasting
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
