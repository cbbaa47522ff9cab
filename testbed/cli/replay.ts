import path from 'node:path';
import { exitCodes, UserError } from '#runtime/errors.ts';
import type { DrivesRead } from '#simulator/recorded/read-drives.ts';
import type { Drives } from '../run/drives.ts';
import { machineLimits } from '../run/machine-limits.ts';
import { checkScenario } from '../scenario/load.ts';
import { readMapping } from '../scenario/mapping-file.ts';
import { sizingFor } from '../scenario/processes.ts';
import type { Recorded } from '../scenario/scenario.ts';
import { Source } from '../scenario/source.ts';
import { duration, shortDuration } from '../scenario/values.ts';
import { plural } from '../verdict/figures.ts';
import { readArguments, type Given } from './arguments.ts';
import type { Command } from './command.ts';
import { givenKafka } from './kafka-option.ts';
import { overridesFrom } from './overrides.ts';
import { perform } from './perform.ts';
import { planInWords } from './plan-words.ts';
import { readAndSay } from './read-drives.ts';
import { announcement } from './run.ts';

const usage =
  'fleetbed replay <drives> --mapping FILE [--cars N] [--speedup N] [--duration 2m] [--train] [--check] …';

const help = `Usage: ${usage}

Lets cars drive what a logger recorded: a CSV, or a folder of them, becomes a fleet that goes through the whole loop. The
mapping says which column is which signal, in which unit (docs/replay.md); signals that were not recorded stay absent.

  --mapping FILE       the mapping (YAML)
  --check              only read the drives and say what was found
  --cars N             how many cars (default: one for each recorded car, or for each drive)
  --speedup N          how many times faster than recorded (default: 1)
  --duration 2m        how long (default: until the longest drive is over)
  --interval 1s        between two readings of a car; rows are resampled to it (default: 1s)
  --edges N            edge agents (default: 1)
  --seed N             other VINs, and other moments of sending
  --train              learn a model from what was sent, in the middle of the run
  --set path=value     change any field of the scenario that this makes, e.g. --set 'timeline=[{at: 5s, fail: sensor-stuck, cars: 1}]'
  --kafka host:port,…  as in run
  --out DIR            as in run; drives.json there has every finding
  --keep               as in run
  --dry-run            read the drives, and print the scenario instead of running it
  --write FILE         with --check: write the drives as simulators take them (fleetbed simulate --fleet-recorded FILE)

Exit codes: as in run; 104 also where no drive can be used
`;

/** A run that is over at once shows nothing. */
const shortestMs = 10_000;
const readingsPerMessage = 10;

export const replayCommand: Command = {
  name: 'replay',
  summary: 'let cars drive what was recorded: CSVs and a mapping',
  usage,
  help,
  endsProcess: true,
  async run(argv, io) {
    const given = readReplayArguments(argv);
    const place = path.resolve(given.positionals[0] ?? '');
    const mapping = path.resolve(given.value('mapping') ?? '');
    const intervalMs = timeOf(given, 'interval') ?? 1000;
    const recorded: Recorded = { drives: place, file: await readMapping(mapping) };
    const into = given.has('check') ? writeTo(given) : undefined;
    await using drives = await readAndSay(
      { recorded, intervalMs, readingsPerMessage, into },
      { place: given.positionals[0] ?? place, all: given.has('check') },
      io,
    );
    if (given.has('check')) return exitCodes.ok;

    const text = scenarioText(given, { place, mapping, intervalMs, drives });
    if (given.has('dry-run')) {
      io.stdout.write(`\n${text}`);
      return exitCodes.ok;
    }
    const kafka = givenKafka(io.env, given.value('kafka'));
    const { set } = overridesFrom(given);
    const limits = machineLimits();
    const scenario = await checkScenario(new Source('the scenario of fleetbed replay', text), {
      set,
      kafkaGiven: kafka !== undefined,
      limits,
    });
    const sizing = sizingFor(scenario, limits, kafka !== undefined);
    io.stdout.write(`${announcement(scenario)}\n${planInWords(sizing)}`);
    const out = given.value('out');
    return await perform({ scenario, kafka, drives, out, keep: given.has('keep') }, io);
  },
};

function readReplayArguments(argv: string[]): Given {
  const given = readArguments(argv, {
    command: 'replay',
    options: {
      ...{ mapping: 'value', cars: 'value', speedup: 'value', duration: 'value', interval: 'value' },
      ...{ edges: 'value', seed: 'value', set: 'values', kafka: 'value', out: 'value', write: 'value' },
      ...{ train: 'flag', check: 'flag', keep: 'flag', 'dry-run': 'flag' },
    },
    positionals: { most: 1, what: 'one file or folder of drives' },
  });
  const refuse = (words: string): never => {
    throw new UserError('config', `fleetbed replay: ${words} (see fleetbed replay --help)`);
  };
  if (given.positionals.length === 0) refuse('which drives? Give a CSV or a folder of them');
  if (given.value('mapping') === undefined) refuse('which column is which signal? Give --mapping FILE');
  if (given.has('write') && !given.has('check')) refuse('--write goes with --check');
  // What is wrong with these is told before drives are read.
  overridesFrom(given);
  for (const option of ['speedup', 'edges']) numberOf(given, option);
  return given;
}

/** Where --check writes the drives; null: nowhere. */
function writeTo(given: Given): string | null {
  const file = given.value('write');
  return file === undefined ? null : path.resolve(file);
}

/** The scenario that this is, as one could write it. */
function scenarioText(
  given: Given,
  of: { place: string; mapping: string; intervalMs: number; drives: Drives },
): string {
  const { place, mapping, intervalMs } = of;
  const { cars = carsOf(of.drives.read), seed = 1, durationMs } = overridesFrom(given);
  const speedup = numberOf(given, 'speedup') ?? 1;
  const edges = numberOf(given, 'edges') ?? 1;
  const forMs =
    durationMs ?? Math.max(shortestMs, Math.ceil(longestMs(of.drives.read, intervalMs) / speedup));
  // Each on one line: JSON is YAML.
  const fields = {
    name: 'replay',
    description: `${plural(cars, 'car')} from ${plural(of.drives.read.drives.length, 'recorded drive')}`,
    seed,
    fleet: {
      recorded: { drives: place, mapping },
      interval: shortDuration(intervalMs),
      readingsPerMessage,
      speedup,
    },
    stages: [{ for: `${forMs}ms`, cars }],
    edges: { count: edges },
    ...(given.has('train') && { training: { at: [`${Math.round(forMs / 2)}ms`] } }),
    thresholds: { 'delivery.lost': '== 0', 'delivery.duplicated': '== 0', 'delivery.reordered': '== 0' },
  };
  return Object.entries(fields)
    .map(([name, value]) => `${name}: ${JSON.stringify(value)}\n`)
    .join('');
}

/** One for each recorded car, or where none is named for each drive. */
function carsOf({ drives }: DrivesRead): number {
  const driven = drives.filter(({ readings }) => readings >= readingsPerMessage);
  const named = new Set(driven.map(({ car }) => car));
  return Math.max(1, driven.some(({ car }) => car !== null) ? named.size : driven.length);
}

function longestMs({ drives }: DrivesRead, intervalMs: number): number {
  return drives.reduce((longest, { readings }) => Math.max(longest, readings * intervalMs), 0);
}

function numberOf(given: Given, option: string): number | undefined {
  const text = given.value(option);
  if (text === undefined || Number(text) > 0) return text === undefined ? undefined : Number(text);
  throw new UserError('config', `--${option}: expected a number above 0, got ${text}`);
}

function timeOf(given: Given, option: string): number | undefined {
  const text = given.value(option);
  if (text === undefined) return undefined;
  const parsed = duration.safeParse(text);
  if (parsed.success && parsed.data >= 10 && parsed.data <= 3_600_000) return parsed.data;
  throw new UserError(
    'config',
    `--${option}: expected a duration such as 500ms or 1s (10ms to 1h), got ${text}`,
  );
}
