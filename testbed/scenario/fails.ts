import type { z } from 'zod';
import { hasSignal, profiles } from '#simulator/population/profiles.ts';
import type { actions } from './actions.ts';
import type { Placed } from './overlaps.ts';
import { oneOf, type Path } from './problems.ts';
import type { Fail } from './scenario.ts';
import type { TimelineContext } from './timeline.ts';

/**
 * @param sensorGiven whether the file names one
 * @returns undefined while the number of cars is itself a problem
 */
export function readFail(
  written: z.output<typeof actions.fail>,
  sensorGiven: boolean,
  path: Path,
  { problems, cars: allCars, profiles: shares }: TimelineContext,
): Omit<Fail, 'line'> | undefined {
  const { at: atMs, fail: failure, severity, over: overMs, sensor } = written;
  if (sensorGiven && failure !== 'sensor-stuck') {
    problems.add(
      [...path, 'sensor'],
      `expected it only with sensor-stuck, got it with ${failure}`,
      undefined,
      'key',
    );
  }
  const kinds = Object.keys(shares ?? {});
  const having = kinds.filter((kind) => hasSignal(profiles.get(kind)!, sensor));
  if (kinds.length > 0 && having.length === 0) {
    problems.add(
      [...path, 'sensor'],
      `expected a sensor that the fleet has, got ${sensor}: ${oneOf(kinds)} cars lack it`,
    );
  }
  if (allCars === undefined) return undefined;
  const { share } = written.cars;
  const cars = share === undefined ? written.cars.cars : Math.max(1, Math.round(share * allCars));
  return { action: 'fail', atMs, failure, cars, share, severity, overMs, sensor };
}

/** A car fails in one way only, so all failures together take no more cars than there are. */
export function checkFails(inOrder: readonly Placed[], { problems, cars: allCars }: TimelineContext): void {
  let left = allCars ?? Number.POSITIVE_INFINITY;
  for (const { entry, path } of inOrder) {
    if (entry.action !== 'fail') continue;
    if (entry.cars > left) {
      const others = left === allCars ? '' : ': the others fail already, and a car fails in one way only';
      problems.add([...path, 'cars'], `expected at most ${left} cars, got ${entry.cars}${others}`);
    }
    left = Math.max(0, left - entry.cars);
  }
}
