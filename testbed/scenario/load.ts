import assert from 'node:assert/strict';
import type { z } from 'zod';
import { processNames } from './processes.ts';
import { checkEdges, checkFleet, checkSpread, checkStages } from './fleet.ts';
import { fieldNames, sections } from './file.ts';
import { Problems } from './problems.ts';
import { readRecorded } from './recorded.ts';
import type { Recorded, Scenario, Stage } from './scenario.ts';
import { applySettings } from './settings.ts';
import { readSource, type Source } from './source.ts';
import { largestStageCars, scaleCars, scaleDuration, scheduleMs } from './stages.ts';
import type { Parts } from './targets.ts';
import { edgesFor, simulatorsFor, usualLimits, type Limits } from '../sizing.ts';
import { readThresholds } from './thresholds.ts';
import { readTimeline } from './timeline.ts';
import { readTraining } from './training.ts';
import { shortDuration } from './values.ts';

/** What the command line changes in a scenario. */
export interface Overrides {
  /** Scales all stages so that the largest has this many cars. */
  cars?: number;
  /** Scales all stages so that together they take this long. */
  durationMs?: number;
  seed?: number;
  /** path=value, each */
  set: readonly string[];
  /** A Kafka of the user's own: not ours to break. */
  kafkaGiven: boolean;
  /** What the machine allows a process, where the scenario leaves open how many there are; the usual, unless given. */
  limits?: Limits | undefined;
}

/**
 * Reads and checks a scenario.
 * @throws ScenarioError (exit code 104) that lists every problem as file:line:column: path: expected …, got …
 */
export async function loadScenario(file: string, overrides: Overrides): Promise<Scenario> {
  return checkScenario(await readSource(file), overrides);
}

/** As loadScenario, of one that is read. @throws ScenarioError */
export async function checkScenario(source: Source, overrides: Overrides): Promise<Scenario> {
  const problems = new Problems(source);
  for (const problem of source.problems) problems.addText(problem);
  let scenario: Scenario | undefined;
  if (isGroup(source.content)) {
    for (const problem of applySettings(source, overrides.set)) problems.addText(problem);
    const recorded = await readRecorded(source, problems);
    scenario = check(source.content, source, problems, overrides, recorded);
  } else problems.add([], 'expected a scenario: fields such as name, stages, edges and thresholds');
  problems.throwIfAny();
  assert(scenario, 'a scenario without problems is complete');
  return scenario;
}

/** The scenario, or undefined where one of its parts is wrong; everything that is wrong is in `problems`. */
function check(
  content: Record<string, unknown>,
  source: Source,
  problems: Problems,
  overrides: Overrides,
  recorded: Recorded | undefined,
): Scenario | undefined {
  for (const key of Object.keys(content)) {
    if (!fieldNames.includes(key)) problems.unknownField([key], fieldNames);
  }
  const read = <K extends Section>(key: K): SectionOutput<K> | undefined => {
    const parsed = (sections[key] as unknown as z.ZodType<SectionOutput<K>>).safeParse(content[key]);
    if (!parsed.success) problems.addIssues(parsed.error.issues, [key], content[key], sections[key]);
    return parsed.data;
  };
  const name = read('name');
  const description = read('description');
  const seed = read('seed');
  const fleet = read('fleet');
  const connect = read('connect');
  const writtenEdges = read('edges');
  const bridges = read('bridges');
  const stages = stagesOf(content, read('stages'), read('cars'), read('duration'), problems, overrides);

  if (fleet) checkFleet(fleet, problems);
  const limits = overrides.limits ?? usualLimits;
  const edges = writtenEdges && edgesOf(writtenEdges, stages, limits);
  if (stages && edges) checkEdges(edges, stages, problems, overrides.cars);
  if (edges && recorded) checkSpread(edges, problems);
  const end = {
    problems,
    endMs: stages && scheduleMs(stages),
    endName: `the end of the stages${overrides.durationMs === undefined ? '' : ` (--duration ${shortDuration(overrides.durationMs)})`}`,
  };
  const written = read('training');
  const training = written && readTraining(written, end);
  read('rollout');
  const timeline = readTimeline(content['timeline'] ?? [], {
    ...end,
    lineOf: (path) => source.line(path),
    seed: overrides.seed ?? seed ?? 0,
    parts: edges && bridges && partsOf({ edges, bridges }, stages, limits, content['training'] !== undefined),
    kafkaGiven: overrides.kafkaGiven,
    cars: stages && largestStageCars(stages),
    // Recorded cars are of no kind.
    profiles: recorded ? undefined : fleet?.profiles,
    recorded,
    qos: fleet?.qos,
  });
  const thresholds = readThresholds(content['thresholds'] ?? {}, problems);

  if (name === undefined || seed === undefined || !fleet || !connect || !edges || !bridges || !stages)
    return undefined;
  const { interval: intervalMs, sendEvery: sendEveryMs, simStart: simStartMs, recorded: _, ...rest } = fleet;
  return {
    name,
    description,
    seed: overrides.seed ?? seed,
    fleet: { ...rest, intervalMs, sendEveryMs, simStartMs, ...(recorded && { recorded }) },
    connect: { ratePerSecond: connect.rate, keepAliveMs: connect.keepAlive },
    stages,
    edges,
    simulators: { count: simulatorsFor(largestStageCars(stages), limits) },
    bridges,
    training,
    timeline,
    thresholds,
  };
}

/** How many they are, where the file leaves that open; weights say it. */
function edgesOf(
  { count, ...rest }: SectionOutput<'edges'>,
  stages: Stage[] | undefined,
  limits: Limits,
): Scenario['edges'] {
  if (count !== 'auto') return { ...rest, count };
  return { ...rest, count: edgesFor(largestStageCars(stages ?? []), rest.spread, limits) };
}

function partsOf(
  counts: Pick<Scenario, 'edges' | 'bridges'>,
  stages: Stage[] | undefined,
  limits: Pick<Limits, 'carsPerProcess'>,
  trains: boolean,
): Parts {
  const count = simulatorsFor(largestStageCars(stages ?? []), limits);
  const { edges, bridges, simulators } = processNames({
    ...counts,
    stages: stages ?? [],
    simulators: { count },
  });
  return { edges, bridges, trains, simulators: stages && simulators };
}

type Section = keyof typeof sections;
type SectionOutput<K extends Section> = z.output<(typeof sections)[K]>;

/** The stages, from the short form too, with the command line's changes; undefined where they are wrong. */
function stagesOf(
  content: Record<string, unknown>,
  written: SectionOutput<'stages'>,
  cars: number | undefined,
  durationMs: number | undefined,
  problems: Problems,
  overrides: Overrides,
): Stage[] | undefined {
  const short = 'cars' in content || 'duration' in content;
  if ('stages' in content && short) {
    const extra = 'cars' in content ? 'cars' : 'duration';
    problems.add(
      [extra],
      'expected either stages, or cars and duration (short for one flat stage), got both',
    );
    return undefined;
  }
  if (!('stages' in content) && !('cars' in content && 'duration' in content)) {
    const missing = short ? `${'cars' in content ? 'duration' : 'cars'} is missing` : 'neither';
    const example = 'stages such as [{for: 30s, cars: 1000}], or cars: 1000 and duration: 30s';
    problems.add([], `expected ${example}, got ${missing}`);
    return undefined;
  }
  let stages = written?.map((stage) => ({ forMs: stage.for, cars: stage.cars }));
  if (cars !== undefined && durationMs !== undefined) stages = [{ forMs: durationMs, cars }];
  if (!stages || !checkStages(stages, 'stages' in content, problems)) return undefined;
  if (overrides.cars !== undefined) stages = scaleCars(stages, overrides.cars);
  if (overrides.durationMs !== undefined) stages = scaleDuration(stages, overrides.durationMs);
  return stages;
}

function isGroup(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
