import type { z } from 'zod';
import type { simulatorConfig } from '#simulator/config.ts';
import { carsOfFullestEdge, maxCarsPerProcess } from '../sizing.ts';
import type { sections } from './file.ts';
import type { Problems } from './problems.ts';
import type { Scenario, Stage } from './scenario.ts';
import { largestStageCars, scheduleMs } from './stages.ts';

/** What single fields cannot say: what must hold between the numbers of a fleet. */

/** Simulators' timers turn in steps of 10 ms. */
const shortestMessageIntervalMs = 10;

/** Rounding of shares such as 1/3 that a person writes as 0.333. */
const shareTolerance = 0.005;

export function checkFleet(fleet: z.output<typeof sections.fleet>, problems: Problems): void {
  const shares = Object.entries(fleet.profiles);
  const sum = shares.reduce((total, [, share]) => total + share, 0);
  if (shares.length === 0)
    problems.add(['fleet', 'profiles'], 'expected at least one kind of car such as petrol: 1');
  else if (Math.abs(sum - 1) > shareTolerance) {
    const scaled = shares.map(([name, share]) => `${name}: ${Number((share / sum).toFixed(3))}`).join(', ');
    problems.add(
      ['fleet', 'profiles'],
      `expected shares that add up to 1, got ${Number(sum.toFixed(3))}`,
      `{${scaled}}`,
    );
  }
  if (fleet.interval < 10 || fleet.interval > 3_600_000) {
    problems.add(['fleet', 'interval'], `expected 10ms to 1h, got ${fleet.interval}ms`);
  }
  if (fleet.sendEvery < 1 || fleet.sendEvery > 1000)
    problems.add(['fleet', 'sendEvery'], `expected 1ms to 1s, got ${fleet.sendEvery}ms`);
  const intervalMs = (fleet.interval * fleet.readingsPerMessage) / fleet.speedup;
  if (intervalMs < shortestMessageIntervalMs) {
    problems.add(
      ['fleet', 'speedup'],
      `expected a message of a car every ${shortestMessageIntervalMs}ms or less often (interval x readingsPerMessage / speedup), got every ${Number(intervalMs.toPrecision(2))}ms`,
    );
  }
}

/** @returns whether there are cars and time at all */
export function checkStages(stages: readonly Stage[], asList: boolean, problems: Problems): boolean {
  const hasCars = largestStageCars(stages) > 0;
  const hasTime = scheduleMs(stages) > 0;
  if (!hasCars)
    problems.add([asList ? 'stages' : 'cars'], 'expected a stage with cars, got 0 cars throughout');
  if (!hasTime) problems.add([asList ? 'stages' : 'duration'], 'expected stages that take time, got 0s');
  return hasCars && hasTime;
}

/** @param given --cars, where it stands */
export function checkEdges(
  { count, spread }: Scenario['edges'],
  stages: readonly Stage[],
  problems: Problems,
  given: number | undefined,
): void {
  const cars = largestStageCars(stages);
  const named = `${cars} cars${given === undefined ? '' : ` (--cars ${given})`}`;
  const fewest = Math.ceil(cars / maxCarsPerProcess);
  const fullest = carsOfFullestEdge(cars, count, spread);
  if (Array.isArray(spread) && spread.length !== count) {
    problems.add(
      ['edges', 'spread'],
      `expected a weight for each edge: ${count}, got ${spread.length}`,
      `--set edges.count=${spread.length}`,
    );
    return;
  }
  if (count > cars) {
    problems.add(
      ['edges', 'count'],
      `expected at most one edge a car for ${named}, got ${count}`,
      `count: ${cars}`,
    );
  } else if (count < fewest) {
    problems.add(
      ['edges', 'count'],
      `expected at least ${fewest} for ${named}, because an edge holds at most ${maxCarsPerProcess}, got ${count}`,
      `--set edges.count=${fewest}`,
    );
  } else if (fullest > maxCarsPerProcess) {
    problems.add(
      ['edges', 'spread'],
      `expected at most ${maxCarsPerProcess} cars at each edge for ${named}, got about ${fullest} at one`,
      spread === 'region' ? '--set edges.count=auto' : undefined,
    );
  }
}

/** What was recorded says nothing of where a car lives. */
export function checkSpread({ spread }: Scenario['edges'], problems: Problems): void {
  if (spread !== 'region') return;
  problems.add(['edges', 'spread'], 'expected even or weights: recorded cars have no home', 'even');
}

/** The timeline's failures as a simulator is configured with them; every simulator gets all. */
export function failuresOf({
  timeline,
}: Pick<Scenario, 'timeline'>): z.input<typeof simulatorConfig>['failures'] {
  return timeline.flatMap((entry) => {
    if (entry.action !== 'fail') return [];
    const { failure, atMs: at, cars, severity, overMs: over, sensor, factor, offset } = entry;
    const effect = { ...(factor !== undefined && { factor }), ...(offset !== undefined && { offset }) };
    return [{ failure, at, cars, severity, over, sensor, ...effect }];
  });
}
