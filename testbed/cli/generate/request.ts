import os from 'node:os';
import path from 'node:path';
import { isName, newRunId } from '#contract/identity.ts';
import { maxReadingsPerBatch } from '#contract/telemetry.ts';
import { nearestWord } from '#runtime/config.ts';
import { failingCars, suitedProfiles } from '#simulator/failures/choice.ts';
import type { Fleet, FleetFailure } from '#simulator/fleet.ts';
import { formats, type Format, type GeneratePlan } from '#simulator/generate/plan.ts';
import type { KafkaConfig } from '#wire/kafka.ts';
import { duration, instant } from '../../scenario/values.ts';
import { plural } from '../../verdict/figures.ts';
import { readArguments, type Given } from '../arguments.ts';
import { kafkaOf } from '../kafka-option.ts';
import { wholeNumber } from '../overrides.ts';
import { readFailures, readProfiles } from './lists.ts';
import { complaint, parsed, wrong } from './wrong.ts';

/** What `fleetbed generate` was asked for. */
export interface Request {
  plan: GeneratePlan;
  workers: number;
  to: { kind: 'files'; dir: string; force: boolean } | { kind: 'kafka'; kafka: KafkaConfig; run: string };
}

const options = {
  cars: 'value',
  hours: 'value',
  seed: 'value',
  workers: 'value',
  format: 'value',
  out: 'value',
  force: 'flag',
  failures: 'values',
  severity: 'value',
  over: 'value',
  profiles: 'value',
  interval: 'value',
  'readings-per-message': 'value',
  start: 'value',
  usage: 'value',
  'sim-start': 'value',
  kafka: 'value',
  'topic-prefix': 'value',
  run: 'value',
} as const;

const starts = ['mixed', 'parked', 'warm'] as const;
const usages = ['continuous', 'daily'] as const;
/** As a simulator's own. */
const usualProfiles = { petrol: 0.5, turbo: 0.25, diesel: 0.15, hybrid: 0.1 };
const usualStart = '2026-01-05T08:00:00Z';
/** Onsets come within this share of a car's hours, so that failures have time to show. */
const onsetsWithin = 0.6;
const hourMs = 3_600_000;
const maxHours = 10 * 366 * 24;

/** @throws UserError 'config' that says which option, what was expected, and the nearest right word */
export function readRequest(argv: readonly string[], env: NodeJS.ProcessEnv): Request {
  const given = readArguments(argv, {
    command: 'generate',
    options,
    positionals: { most: 0, what: 'words beside the options' },
  });
  const format = choiceOf(given, 'format', formats, 'csv');
  const fleet = fleetOf(given);
  const most = 64;
  const workers = given.value('workers');
  return {
    plan: { fleet, format },
    workers:
      workers === undefined
        ? Math.min(most, os.availableParallelism())
        : wholeNumber('--workers', workers, 1, most),
    to: targetOf(given, format, env),
  };
}

function fleetOf(given: Given): Fleet {
  const carsGiven = given.value('cars');
  if (carsGiven === undefined) throw wrong('how many cars? Give --cars N');
  const cars = wholeNumber('--cars', carsGiven, 1, 10_000_000);
  const hoursMs = Math.round(hoursOf(given.value('hours') ?? '1') * hourMs);
  const intervalMs = parsed('--interval', given.value('interval') ?? '1s', duration);
  if (intervalMs < 10 || intervalMs > hourMs) {
    throw wrong(`--interval: expected 10ms to 1h, got ${given.value('interval')}`);
  }
  const readings = given.value('readings-per-message') ?? '10';
  const readingsPerMessage = wholeNumber('--readings-per-message', readings, 1, maxReadingsPerBatch);
  const messages = hoursMs / (intervalMs * readingsPerMessage);
  if (messages < 1) {
    const least = (intervalMs * readingsPerMessage) / hourMs;
    throw wrong(
      `--hours: expected at least ${Number(least.toPrecision(2))}, a message of ${plural(readingsPerMessage, 'reading')}, got ${given.value('hours') ?? 1}`,
    );
  }
  if (messages >= 2 ** 31) throw wrong('--hours: expected fewer than 2,147,483,648 messages a car');
  const fleet: Fleet = {
    seed: wholeNumber('--seed', given.value('seed') ?? '1', 0, Number.MAX_SAFE_INTEGER),
    cars,
    profiles: given.value('profiles') === undefined ? usualProfiles : readProfiles(given.value('profiles')!),
    intervalMs,
    readingsPerMessage,
    speedup: 1,
    start: choiceOf(given, 'start', starts, 'mixed'),
    usage: choiceOf(given, 'usage', usages, 'continuous'),
    simStartMs: parsed('--sim-start', given.value('sim-start') ?? usualStart, instant),
    stages: [{ forMs: hoursMs, cars }],
  };
  if (!given.has('failures')) {
    const needless = (['severity', 'over'] as const).find((option) => given.has(option));
    if (needless !== undefined) throw wrong(`--${needless} says how cars fail; give --failures as well`);
    return fleet;
  }
  const common = {
    atMs: 0,
    withinMs: onsetsWithin * hoursMs,
    severity: severityOf(given.value('severity') ?? '0.7'),
    overMs: positive('--over', given.value('over') ?? '2h'),
  };
  const failures = readFailures(given.values('failures'), cars).map((one) => ({ ...common, ...one }));
  return withEnoughCars({ ...fleet, failures }, failures);
}

/** A car fails in one way only, and only in a way that its kind can. */
function withEnoughCars(fleet: Fleet, failures: readonly FleetFailure[]): Fleet {
  const found = Map.groupBy(failingCars(fleet).values(), (failure) => failure);
  for (const failure of failures) {
    const cars = found.get(failure)?.length ?? 0;
    if (cars >= failure.cars) continue;
    throw wrong(
      `--failures: ${failure.failure}: expected at most ${plural(cars, 'car')}, got ${failure.cars}: ${whyNoMore(fleet, failure, cars)}`,
    );
  }
  return fleet;
}

function whyNoMore(fleet: Fleet, failure: FleetFailure, cars: number): string {
  if (cars === fleet.cars) return 'the fleet has no more';
  const { lacking } = suitedProfiles(failure, Object.keys(fleet.profiles));
  return lacking === undefined ? 'the others fail already' : `the others lack ${lacking}, or fail already`;
}

function targetOf(given: Given, format: Format, env: NodeJS.ProcessEnv): Request['to'] {
  const isKafka = format === 'kafka';
  const foreign = (isKafka ? ['out', 'force'] : ['kafka', 'topic-prefix', 'run']).find((option) =>
    given.has(option),
  );
  if (foreign !== undefined) {
    throw wrong(
      isKafka ? `--format kafka takes no --${foreign}` : `--${foreign} goes with --format kafka alone`,
    );
  }
  if (!isKafka) {
    const dir = given.value('out');
    if (dir === undefined) throw wrong('where do the files go? Give --out DIR');
    return { kind: 'files', dir: path.resolve(dir), force: given.has('force') };
  }
  const run = given.value('run') ?? newRunId();
  if (!isName(run)) throw wrong(`--run: expected letters, digits, - and _, got ${run}`);
  const brokers = { brokers: given.value('kafka'), topicPrefix: given.value('topic-prefix') };
  return { kind: 'kafka', kafka: kafkaOf('generate', brokers, env), run };
}

function hoursOf(text: string): number {
  const hours = Number(text);
  if (/^\d+(\.\d+)?$/.test(text) && hours > 0 && hours <= maxHours) return hours;
  const meant = /^(\d+(?:\.\d+)?)h$/.exec(text)?.[1];
  throw complaint('--hours', `expected a number above 0 and up to ${maxHours}`, text, meant);
}

function severityOf(text: string): number {
  const severity = Number(text);
  if (/^\d*\.?\d+$/.test(text) && severity > 0 && severity <= 1) return severity;
  throw wrong(`--severity: expected a number above 0 and up to 1, got ${text}`);
}

function positive(option: string, text: string): number {
  const ms = parsed(option, text, duration);
  if (ms > 0) return ms;
  throw wrong(`${option}: expected more than 0s, got ${text}`);
}

function choiceOf<T extends string>(given: Given, option: string, words: readonly T[], usual: T): T {
  const text = given.value(option);
  if (text === undefined) return usual;
  const found = words.find((word) => word === text);
  if (found !== undefined) return found;
  throw complaint(
    `--${option}`,
    `expected ${words.slice(0, -1).join(', ')} or ${words.at(-1)}`,
    text,
    nearestWord(text, words),
  );
}
