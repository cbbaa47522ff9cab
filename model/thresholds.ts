import type { DetectorKind } from '#contract/release.ts';
import { ArtefactError } from './artefact-error.ts';
import { shapesOf } from './shapes.ts';

/**
 * Thresholds by name. Of virtual sensors, for each signal: `{signal}.raise` and `{signal}.clear` of its CUSUM (standard
 * deviations x seconds), `{signal}.stuck` (seconds of driving without any change), `{signal}.erratic` (standard
 * deviations of leaps). Of an autoencoder: `error.raise` and `error.clear`. Calibration (calibration.ts) finds them all.
 */
export function thresholdNames(kind: DetectorKind): string[] {
  if (kind === 'autoencoder') return ['error.raise', 'error.clear'];
  return shapesOf(kind).flatMap(({ name }) => [
    `${name}.raise`,
    `${name}.clear`,
    `${name}.stuck`,
    `${name}.erratic`,
  ]);
}

/** So high that nothing is ever raised: what calibration scores with. */
const outOfReach = 1e6;

export function uncalibratedThresholds(kind: DetectorKind): Record<string, number> {
  return Object.fromEntries(thresholdNames(kind).map((name) => [name, outOfReach]));
}

/** @throws ArtefactError when it is not there */
export function thresholdOf(thresholds: Record<string, number>, name: string): number {
  const value = thresholds[name];
  if (value === undefined || !(value > 0)) throw new ArtefactError(`threshold ${name} is ${value}`);
  return value;
}
