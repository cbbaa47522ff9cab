import type { z } from 'zod';
import { kindOf } from '#contract/failures.ts';
import { suitedCars, suitedProfiles } from '#simulator/failures/choice.ts';
import type { actions } from './actions.ts';
import type { Placed } from './overlaps.ts';
import { oneOf, type Path } from './problems.ts';
import { checkLaidOver } from './recorded.ts';
import type { Fail } from './scenario.ts';
import type { TimelineContext } from './timeline.ts';
import type { carsOrShare } from './values.ts';

const usualSeverity = 0.7;

/**
 * @param sensorGiven whether the file names one
 * @returns undefined while the number of cars is itself a problem
 */
export function readFail(
  written: z.output<typeof actions.fail>,
  sensorGiven: boolean,
  path: Path,
  { problems, cars: allCars, profiles: shares, recorded }: TimelineContext,
): Omit<Fail, 'line'> | undefined {
  const { at: atMs, fail: failure, over: overMs, factor, offset } = written;
  const isEffect = failure === 'signal-effect';
  const sensor = (isEffect ? written.signal : undefined) ?? written.sensor;
  // Of an effect its own numbers say how far it goes.
  const severity = written.severity ?? (isEffect ? 1 : usualSeverity);
  checkLaidOver(written, path, { problems, recorded });
  const isSensorFault = kindOf(failure) === 'sensor';
  if (sensorGiven && !isSensorFault) {
    problems.add(
      [...path, 'sensor'],
      `expected it only with a sensor's fault such as sensor-stuck, got it with ${failure}`,
      undefined,
      'key',
    );
  }
  const kinds = Object.keys(shares ?? {});
  const { suited, lacking } = suitedProfiles({ failure, sensor }, kinds);
  if (kinds.length > 0 && suited.length === 0) {
    const theseLack = `${oneOf(kinds)} cars lack`;
    if (isSensorFault) {
      const expected = `expected a sensor that the fleet has, got ${sensor}`;
      problems.add([...path, 'sensor'], `${expected}: ${theseLack} it`);
    } else {
      const expected = `expected a failure that a car of the fleet can have, got ${failure}`;
      problems.add([...path, 'fail'], `${expected}: ${theseLack} ${lacking}`);
    }
  }
  if (allCars === undefined) return undefined;
  const { share } = written.cars;
  const cars = howMany(written.cars, allCars);
  const effect = isEffect ? { factor, offset } : {};
  return { action: 'fail', atMs, failure, cars, share, severity, overMs, sensor, ...effect };
}

/** Any share of the cars is at least one. */
export function howMany(written: z.output<typeof carsOrShare>, allCars: number): number {
  return written.share === undefined ? written.cars : Math.max(1, Math.round(written.share * allCars));
}

/** A car fails in one way only, and only in a way that its kind can: there have to be so many cars. */
export function checkFails(
  inOrder: readonly Placed[],
  { problems, cars: allCars, profiles: shares }: TimelineContext,
): void {
  let left = allCars ?? Number.POSITIVE_INFINITY;
  for (const { entry, path } of inOrder) {
    if (entry.action !== 'fail') continue;
    const suited = shares && allCars !== undefined ? suitedCars(entry, shares, allCars) : left;
    if (entry.cars > left) {
      const others = left === allCars ? '' : ': the others fail already, and a car fails in one way only';
      problems.add([...path, 'cars'], `expected at most ${left} cars, got ${entry.cars}${others}`);
    } else if (suited > 0 && entry.cars > suited) {
      const { lacking } = suitedProfiles(entry, Object.keys(shares ?? {}));
      const why = `the others of the fleet lack ${lacking}`;
      problems.add([...path, 'cars'], `expected at most ${suited} cars, got ${entry.cars}: ${why}`);
    }
    left = Math.max(0, left - entry.cars);
  }
}
